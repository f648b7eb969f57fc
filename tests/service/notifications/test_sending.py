"""Sending through a real mail server that refuses, goes away, or outlives its sender."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from services.notifications.deliveries import sending
from services.notifications.deliveries.post import Away
from services.notifications.deliveries.sending import send_due
from tests.service.notifications.world import (
    HOST,
    NUMBER,
    SCHOOL,
    TEACHER,
    TEAM,
    World,
    an_id,
)
from tests.support.house import eventually

ROOT = Path(__file__).parents[3]


def outcomes(world: World) -> list[str]:
    """The outcomes in the ledger, in the order of the attempts."""
    rows = world.context.database["attempts"].find().sort([("began", 1), ("_id", 1)])
    return [row["outcome"] for row in rows]


def free_leases(world: World) -> None:
    """Let the leases of senders that died run out."""
    world.context.database["deliveries"].update_many(
        {"lease": {"$exists": True}},
        [{"$set": {"lease.until": {"$subtract": ["$lease.until", 120_000]}}}],
    )


def test_what_was_sent_is_told_and_stands_in_the_ledger(world: World) -> None:
    world.surveyed("survey.submitted", correlation="a-correlation-id")
    world.send()
    row = world.deliveries(status="sent")[0]
    assert world.told(row["_id"]) == ["delivery.sent"]
    assert row["outbox"][0]["correlation"] == "a-correlation-id"
    assert outcomes(world) == ["accepted"]
    mail = world.office.mails(TEACHER)[0]
    assert mail["Message-ID"] == f"<{row['_id']}@ieum.example>"


def test_while_nobody_listens_everything_waits_and_nothing_is_lost(world: World) -> None:
    world.office.close()
    world.surveyed("survey.submitted")
    world.plan()
    with pytest.raises(Away):
        send_due(world.act(), world.sender())
    assert [one["state"]["tries"] for one in world.deliveries(status="queued")] == [0]
    world.office.open()
    world.send()
    assert len(world.office.mails(TEACHER)) == 1
    assert outcomes(world) == ["accepted"]


def test_a_server_that_goes_away_in_the_middle_leaves_the_rest_free_at_once(world: World) -> None:
    for number in range(5):
        world.surveyed("survey.amended", school=SCHOOL, late=bool(number % 2))
    world.plan()
    sender = world.sender()
    taken: list[int] = []

    def hang_up() -> None:
        taken.append(1)
        if len(taken) == 2:
            world.office.hang_up = True

    world.office.on_taken = hang_up
    with pytest.raises(Away):
        send_due(world.act(), sender)
    world.office.on_taken, world.office.hang_up = None, False
    assert {one["state"]["tries"] for one in world.deliveries(status="queued")} == {0}
    world.send()
    assert world.deliveries(status="queued") == []
    ids = [mail["Message-ID"] for mail in world.office.mails(TEACHER)]
    assert len(set(ids)) == 5
    assert len(ids) <= 6


def test_a_refusal_that_may_pass_is_tried_again_later(world: World) -> None:
    world.office.refusals[TEACHER] = "451 try again later"
    world.surveyed("survey.submitted")
    world.send()
    waiting = world.deliveries(status="queued")[0]
    assert (waiting["state"]["tries"], waiting["state"]["code"]) == (1, "smtp_451")
    world.office.refusals.clear()
    assert world.send() == 0
    world.passes(minutes=5)
    world.send()
    assert len(world.office.mails(TEACHER)) == 1
    assert outcomes(world) == ["deferred", "accepted"]


def test_a_message_refused_for_good_has_failed_and_is_told(world: World) -> None:
    world.office.refuse_data = "554 no"
    world.surveyed("survey.submitted")
    world.send()
    failed = world.deliveries(status="failed")[0]
    assert failed["state"]["code"] == "smtp_554"
    assert world.told(failed["_id"]) == ["delivery.failed"]


def test_an_address_that_nobody_reads_gives_a_call_and_the_next_message_another_way(
    world: World,
) -> None:
    world.contact("c3", HOST, "도시디자인담당관", "host", email=TEAM, telephone=NUMBER)
    world.office.refusals[TEAM] = "550 5.1.1 no such user"
    world.surveyed("survey.submitted")
    world.booked("booking.asked")
    world.send()
    bounced = world.deliveries(status="bounced")
    assert [world.told(one["_id"]) for one in bounced] == [["delivery.bounced"]]
    tasks = world.deliveries(channel="telephone", status="open")
    assert [one["state"]["message"] for one in tasks] == [bounced[0]["state"]["message"]]
    world.booked("booking.confirmed")
    world.send()
    confirmed = world.deliveries(intent="booking_confirmed")
    assert [one["state"]["channel"] for one in confirmed] == ["telephone"]
    world.contact("c3", HOST, "도시디자인담당관", "host", email="new@city.example")
    world.booked("booking.cancelled", by="school")
    world.send()
    assert len(world.office.mails("new@city.example")) == 1


def test_two_senders_at_once_send_each_message_once(world: World) -> None:
    for _ in range(30):
        world.surveyed("survey.amended")
    world.plan()
    threads = [
        Thread(target=lambda name=name: send_due(world.act(), world.sender(name)))
        for name in ("one", "two")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.send()
    ids = [mail["Message-ID"] for mail in world.office.mails(TEACHER)]
    assert len(ids) == len(set(ids)) == 30


def test_two_planners_at_once_make_each_message_once(world: World) -> None:
    for _ in range(20):
        world.surveyed("survey.amended")
    threads = [Thread(target=world.plan) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.plan()
    assert world.context.database["messages"].count_documents({}) == 20
    assert len(world.deliveries(channel="email")) == 20


def test_a_sender_killed_before_its_ledger_sends_the_same_message_id_again(world: World) -> None:
    """The mail server takes the e-mail; the sender dies before it can write that down."""
    world.surveyed("survey.submitted")
    world.plan()
    settings = world.context.settings
    environment = {
        **os.environ,
        "IEUM_MONGO_URI": settings.mongo_uri,
        "IEUM_DATABASE": settings.database,
        "IEUM_SECRETS": str(settings.secrets),
        "IEUM_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "IEUM_SMTP_PORT": str(world.office.port),
        "IEUM_SMTP_FROM": "ieum@ieum.example",
        "IEUM_REPLICA": "doomed",
    }
    killed: list[int] = []

    def kill() -> None:
        if not killed:
            killed.append(child.pid)
            os.kill(child.pid, signal.SIGKILL)

    world.office.on_taken = kill
    child = subprocess.Popen(
        [sys.executable, "-m", "services.notifications", "send"], env=environment, cwd=ROOT
    )
    try:
        eventually(lambda: child.poll() is not None, 60, "the sender's death")
    finally:
        child.kill()
        child.wait()
    assert killed
    row = world.deliveries(channel="email")[0]
    assert row["state"]["status"] == "queued"
    assert world.send() == 0
    free_leases(world)
    world.send()
    ids = [mail["Message-ID"] for mail in world.office.mails(TEACHER)]
    assert ids == [f"<{row['_id']}@ieum.example>"] * 2
    assert outcomes(world) == ["unknown", "accepted"]
    assert world.told(row["_id"]) == ["delivery.sent"]


def test_a_contact_removed_before_the_sending_gets_nothing(world: World) -> None:
    world.surveyed("survey.submitted")
    world.plan()
    world.happens("contact.removed", an_id("c1"))
    world.send()
    assert world.office.received == []
    assert [one["state"]["code"] for one in world.deliveries(status="failed")] == ["no_address"]


def planned(world: World, monkeypatch: pytest.MonkeyPatch, messages: int, batch: int) -> None:
    """So many messages to one contact, of which a lease takes a batch in chunks of two."""
    monkeypatch.setattr(sending, "BATCH", batch)
    monkeypatch.setattr(sending, "CHUNK", 2)
    for _ in range(messages):
        world.surveyed("survey.amended")
    world.plan()


def test_one_round_goes_from_batch_to_batch_and_sends_each_message_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(world, monkeypatch, messages=13, batch=5)
    assert send_due(world.act(), world.sender()) == 13
    ids = [mail["Message-ID"] for mail in world.office.mails(TEACHER)]
    assert len(ids) == len(set(ids)) == 13
    assert outcomes(world) == ["accepted"] * 13
    assert world.deliveries(status="queued") == []


def test_a_server_that_goes_away_between_batches_leaves_what_was_leased_free(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(world, monkeypatch, messages=10, batch=4)
    taken: list[int] = []

    def hang_up() -> None:
        taken.append(1)
        world.office.hang_up = len(taken) == 3

    world.office.on_taken = hang_up
    with pytest.raises(Away):
        send_due(world.act(), world.sender())
    world.office.on_taken, world.office.hang_up = None, False
    assert "begun" not in outcomes(world)
    assert [
        one for one in world.deliveries() if "lease" in one and one["state"]["tries"] == 0
    ] == []
    assert world.send() == 7
    assert len({mail["Message-ID"] for mail in world.office.mails(TEACHER)}) == 10


def test_an_address_that_the_mail_server_cannot_say_fails_alone(world: World) -> None:
    world.contact("c1", SCHOOL, "두물중학교", "school", email="교사@school.example")
    world.contact("c9", SCHOOL, "두물중학교", "school", email="second@school.example")
    world.surveyed("survey.submitted")
    world.send()
    assert [one["state"]["code"] for one in world.deliveries(status="failed")] == ["not_supported"]
    assert len(world.office.mails("second@school.example")) == 1
