"""From one service's write to another's effect, on the real broker and database."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any, cast

import orjson
import pytest
from pymongo import UpdateOne

from chassis.act import Act
from chassis.context import Context
from chassis.events import dead_letters, rebuild, recover, relay, roles
from chassis.events.broker import Outgoing, Publisher
from chassis.events.consumer import Follower, Standstill, Twin
from chassis.events.envelope import Received, headers
from chassis.events.handlers import Projections, Reactions, Write
from chassis.events.topics import Admin, scan
from chassis.facts import fresh_id
from chassis.service import Service
from tests.service.chassis.programmes import (
    TOPIC,
    change,
    create,
    producer,
    programmes,
    published,
    relay_all,
)
from tests.support.house import context_of, eventually
from tests.support.stack import Servers


def consumer(handle: Callable[[Received], Sequence[Write]] | None = None) -> Service:
    projections = Projections()
    copies = projections.add("copies", ("copies",), (TOPIC,))

    @copies.on("programme.published")
    def copied(event: Received) -> Sequence[Write]:
        if handle is not None:
            return handle(event)
        return counted(event)

    return Service("placement", Path("catalogue"), projections=projections, indexes={"copies": []})


def counted(event: Received) -> list[Write]:
    """An effect that shows doubles: the number of times that an event took effect."""
    change = {"$set": {"rounds": event.data["rounds"]}, "$inc": {"times": 1}}
    return [("copies", UpdateOne({"_id": event.key}, change, upsert=True))]


@pytest.fixture
def registration(servers: Servers, database: str) -> Context:
    return context_of(producer(), servers, database)


@pytest.fixture
def placement(servers: Servers, database: str) -> Context:
    return context_of(consumer(), servers, database)


def write(context: Context, *rounds: int) -> str:
    """One aggregate with an event for each number of rounds. Returns its id."""
    id = create(context, rounds[0])
    change(context, id, *rounds[1:])
    return id


def running(follower: Follower) -> Thread:
    thread = Thread(target=_quietly(follower), daemon=True)
    thread.start()
    return thread


def _quietly(follower: Follower) -> Callable[[], None]:
    def run() -> None:
        try:
            follower.run()
        except Twin:
            follower.context.stop()

    return run


def send(context: Context, id: str, sequence: int, rounds: int, **over: Any) -> None:
    """Publish a message past the outbox: a duplicate, a gap or a broken one."""
    row = {
        "id": f"{id}:{sequence}",
        "sequence": sequence,
        "topic": TOPIC,
        "type": "programme.published",
        "version": 1,
        "time": "2026-01-01T00:00:00.000Z",
        "actor": "test",
        "correlation": "test",
        "causation": "",
        "traceparent": "",
    }
    value = over.get("value", orjson.dumps(published(rounds).data))
    Publisher(context.settings).publish([Outgoing(TOPIC, id, value, headers(row))])


def copy_of(context: Context, id: str) -> dict[str, Any] | None:
    return context.database["copies"].find_one({"_id": id})


def test_what_is_written_in_one_service_takes_effect_in_another(
    registration: Context, placement: Context
) -> None:
    id = write(registration, 1, 2, 3)
    relay_all(registration)
    running(roles.projector(placement, consumer()))
    found = eventually(
        lambda: (copy_of(placement, id) or {}).get("times") == 3, what="three events"
    )
    placement.stop()
    assert found
    assert (copy_of(placement, id) or {})["rounds"] == 3
    assert not relay.pending(registration.database, [programmes])
    assert registration.database["published"].count_documents({"key": id}) == 3


def test_an_event_published_twice_takes_effect_once(
    registration: Context, placement: Context
) -> None:
    id = write(registration, 1)
    relay_all(registration)
    recover.republish(registration)
    last = write(registration, 9)
    relay_all(registration)
    running(roles.projector(placement, consumer()))
    eventually(lambda: copy_of(placement, last), what="the event behind the duplicate")
    placement.stop()
    assert (copy_of(placement, id) or {})["times"] == 1


def test_a_long_archive_is_republished_without_being_sorted(registration: Context) -> None:
    write(registration, 1)
    relay_all(registration)
    database = registration.database
    others = [{"_id": fresh_id(), "topic": "another", "key": fresh_id()} for _ in range(2000)]
    database["published"].insert_many(others)
    database.command("profile", 2)
    try:
        assert recover.republish(registration, topic=TOPIC)
    finally:
        database.command("profile", 0)
        database["published"].delete_many({"topic": "another"})
    asked = database["system.profile"].find_one({"op": "query", "command.filter.topic": TOPIC})
    assert asked is not None
    assert "hasSortStage" not in asked


def test_an_event_after_a_gap_waits_until_the_gap_is_filled(
    registration: Context, placement: Context
) -> None:
    id = fresh_id()
    send(registration, id, 1, 1)
    send(registration, id, 3, 3)
    running(roles.projector(placement, consumer()))
    eventually(lambda: placement.database["parked"].find_one({"key": id, "why": "gap"}))
    assert (copy_of(placement, id) or {})["rounds"] == 1
    send(registration, id, 2, 2)
    eventually(lambda: (copy_of(placement, id) or {}).get("times") == 3)
    placement.stop()
    assert (copy_of(placement, id) or {})["rounds"] == 3
    assert placement.database["parked"].count_documents({"key": id}) == 0


def test_an_invalid_event_becomes_a_dead_letter_and_others_go_on(
    registration: Context, placement: Context
) -> None:
    bad, good = fresh_id(), fresh_id()
    send(registration, bad, 1, 1, value=b"{not json")
    send(registration, bad, 2, 2)
    send(registration, good, 1, 1)
    follower = roles.projector(placement, consumer())
    running(follower)
    eventually(lambda: copy_of(placement, good), what="the good key")
    rows = [row for row in dead_letters.listed(follower) if row["key"] == bad]
    assert [(row["sequence"], row["waiting_behind"]) for row in rows] == [(1, 1)]
    dead_letters.discard(follower, rows[0]["id"], "broken by the test", "operator")
    placement.stop()
    assert (copy_of(placement, bad) or {})["rounds"] == 2
    assert placement.database["discarded"].count_documents({"key": bad}) == 1


def test_a_replay_with_the_mended_handler_lets_the_followers_run_in_order(
    registration: Context, placement: Context
) -> None:
    id = fresh_id()
    for number in (1, 2, 3):
        send(registration, id, number, number)

    def refuses_one(event: Received) -> Sequence[Write]:
        if event.key == id and event.data["rounds"] == 1:
            raise ValueError("not understood yet")
        return counted(event)

    running(roles.projector(placement, consumer(refuses_one)))
    eventually(lambda: placement.database["parked"].count_documents({"key": id}) == 3)
    placement.stop()
    mended = roles.projector(placement, consumer())
    row = next(row for row in dead_letters.listed(mended) if row["key"] == id)
    assert dead_letters.replay(mended, row["id"])
    assert copy_of(placement, id) == {"_id": id, "rounds": 3, "times": 3}


def test_a_relay_killed_between_acknowledgement_and_removal_doubles_nothing(
    registration: Context, placement: Context
) -> None:
    id = write(registration, 1, 2)
    rows = relay.pending(registration.database, [programmes])
    chosen = [pair for pair in relay.ready(rows) if pair[0]["_id"] == id]
    Publisher(registration.settings).publish(
        [Outgoing(TOPIC, id, bytes(one["data"]), headers(one)) for _, one in chosen]
    )
    relay_all(registration)
    last = write(registration, 9)
    relay_all(registration)
    running(roles.projector(placement, consumer()))
    eventually(lambda: copy_of(placement, last))
    placement.stop()
    assert copy_of(placement, id) == {"_id": id, "rounds": 2, "times": 2}


def test_a_frozen_twin_that_wakes_up_changes_nothing_and_ends(
    registration: Context, placement: Context
) -> None:
    id = write(registration, 1)
    relay_all(registration)
    follower = roles.projector(placement, consumer())
    running(follower)
    eventually(lambda: copy_of(placement, id))
    asleep = roles.projector(replace(placement), consumer())
    asleep._places = dict(follower._places)
    later = write(registration, 2)
    relay_all(registration)
    eventually(lambda: copy_of(placement, later))
    placement.stop()
    records = [one for one in _log(registration) if one.key == later.encode()]
    with pytest.raises(Twin):
        asleep.apply(records)
    assert copy_of(placement, later) == {"_id": later, "rounds": 2, "times": 1}


def _log(context: Context) -> list[Any]:
    admin = Admin(context.settings)
    ends = admin.ends([(TOPIC, 0)])
    admin.close()
    return [one for batch in scan(context.settings, {}, ends) for one in batch]


def test_a_rebuilt_read_model_equals_the_living_one(
    registration: Context, placement: Context
) -> None:
    ids = [write(registration, 1, 2) for _ in range(20)]
    relay_all(registration)
    service = consumer()
    running(roles.projector(placement, service))
    eventually(lambda: (copy_of(placement, ids[-1]) or {}).get("times") == 2)
    done = rebuild.Rebuild(placement, service, service.projections.all["copies"]).run()
    placement.stop()
    assert done["equal"], done


def test_an_operation_that_fails_half_way_in_a_reaction_leaves_nothing_behind(
    registration: Context, placement: Context
) -> None:
    id = write(registration, 1)
    relay_all(registration)
    reactions = Reactions()

    @reactions.on("programme.published")
    def half(act: Act, event: Received) -> None:
        act.database["copies"].insert_one({"_id": event.key}, session=act.session)
        if event.key == id:
            raise ValueError("half-way")

    service = Service("placement", Path("catalogue"), reactions=reactions, indexes={"copies": []})
    running(roles.reactor(placement, service))
    eventually(lambda: placement.database["parked"].find_one({"key": id, "why": "poison"}))
    placement.stop()
    assert copy_of(placement, id) is None


def test_a_client_that_brings_nothing_while_the_log_has_more_ends_its_process(
    registration: Context, placement: Context
) -> None:
    write(registration, 1)
    relay_all(registration)
    follower = roles.projector(placement, consumer())
    follower._prepare()

    class Wedged:
        def poll(self, seconds: float = 0.3) -> list[Any]:
            return []

    with pytest.raises(Standstill):
        follower._refuse_standstill(cast(Any, Wedged()))


def test_a_message_without_key_or_sequence_goes_to_the_dead_letters(
    registration: Context, placement: Context
) -> None:
    Publisher(registration.settings).publish([Outgoing(TOPIC, "", b"{}", [])])
    last = write(registration, 1)
    relay_all(registration)
    follower = roles.projector(placement, consumer())
    running(follower)
    eventually(lambda: copy_of(placement, last))
    placement.stop()
    assert any(row["key"] is None for row in dead_letters.listed(follower))
