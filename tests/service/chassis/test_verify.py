"""`verify` is silent about a sound service, and names each thing that was made unsound."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from pymongo import UpdateOne

from chassis import audit, verify
from chassis.cli import group
from chassis.context import Context
from chassis.events import dead_letters, rebuild, roles
from chassis.events.consumer import Twin
from chassis.events.envelope import Received
from chassis.events.handlers import Projections, Write
from chassis.service import Service
from tests.service.chassis.programmes import TOPIC, change, create, programmes, relay_all
from tests.support.house import context_of, eventually
from tests.support.stack import Servers, fresh_database


def service() -> Service:
    """One that writes the topic and follows it too: half of the world in one database."""
    projections = Projections()
    copies = projections.add("copies", ("copies",), (TOPIC,))

    @copies.on("programme.published")
    def copied(event: Received) -> Sequence[Write]:
        if event.data["rounds"] == 13:
            raise ValueError("thirteen")
        change = {"$set": {"rounds": event.data["rounds"]}, "$inc": {"times": 1}}
        return [("copies", UpdateOne({"_id": event.key}, change, upsert=True))]

    return Service(
        "registration",
        Path("catalogue"),
        aggregates=[programmes],
        projections=projections,
        indexes={"copies": []},
    )


def projecting(context: Context) -> None:
    """The projector, started again like by its parent when a rebuild held it."""
    while not context.stopping():
        with suppress(Twin):
            roles.projector(context, service()).run()


@pytest.fixture(scope="module")
def living(servers: Servers) -> Iterator[Context]:
    """A service whose projector runs on all that lies in the shared broker's log."""
    with fresh_database(servers) as database:
        context = context_of(service(), servers, database)
        thread = Thread(target=projecting, args=(context,), daemon=True)
        thread.start()
        yield context
        context.stop()
        thread.join(30)


def settled(context: Context, id: str, times: int) -> None:
    """Publish, and wait until the copy has had so many events; then chain what was done."""
    relay_all(context)

    def seen() -> bool:
        copy = context.database["copies"].find_one({"_id": id})
        return copy is not None and copy["times"] == times

    eventually(seen, seconds=90, what="the copy")
    while audit.chain(context.database):
        pass


def without_read_models() -> Service:
    """The same service, for faults that no read model shows."""
    bare = service()
    bare.projections.all.clear()
    return bare


@contextmanager
def corrupted(context: Context, name: str, id: str, change: dict[str, Any]) -> Iterator[None]:
    """One document made wrong behind the service's back, and mended again."""
    before = context.database[name].find_one({"_id": id})
    assert before is not None
    context.database[name].update_one({"_id": id}, change)
    yield
    context.database[name].replace_one({"_id": id}, before, upsert=True)


def test_a_sound_service_has_no_faults(living: Context) -> None:
    id = create(living, 1)
    change(living, id, 4)
    settled(living, id, 2)
    assert verify.faults(living, service()) == []


def test_a_changed_read_model_is_found(living: Context) -> None:
    id = create(living, 1)
    settled(living, id, 1)
    with corrupted(living, "copies", id, {"$set": {"rounds": 99}}):
        found = verify.faults(living, service())
    assert [fault for fault in found if fault.startswith("read model copies: differs")] == found
    assert found


def test_a_hole_in_the_archive_is_found(living: Context) -> None:
    id = create(living, 1)
    change(living, id, 2)
    settled(living, id, 2)
    row = living.database["published"].find_one_and_delete({"_id": f"{id}:1"})
    assert row is not None
    found = verify.faults(living, without_read_models())
    living.database["published"].insert_one(row)
    assert [id in fault and "numbered 2 to 2" in fault for fault in found] == [True]


def test_an_aggregate_that_counts_more_than_was_published_is_found(living: Context) -> None:
    id = create(living, 1)
    settled(living, id, 1)
    with corrupted(living, "programmes", id, {"$set": {"sequence": 5}}):
        found = verify.faults(living, without_read_models())
    assert [id in fault and "counts 5" in fault for fault in found] == [True]


def test_an_event_that_waits_too_long_is_found(living: Context) -> None:
    id = create(living, 1)
    assert verify.faults(living, without_read_models()) == []
    found = verify.faults(living, without_read_models(), age=-5)
    assert [id in fault and "waits since" in fault for fault in found] == [True]
    settled(living, id, 1)


def test_a_changed_record_of_the_audit_is_found(living: Context) -> None:
    id = create(living, 1)
    settled(living, id, 1)
    with corrupted(living, "audit", f"act/{id}:1", {"$set": {"record.actor": "nobody"}}):
        found = verify.faults(living, without_read_models())
    assert [fault.startswith("audit chain: link") for fault in found] == [True]


def test_the_command_ends_with_one_for_a_fault_and_with_zero_without(
    living: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = living.settings
    for name in ("mongo_uri", "database", "kafka_bootstrap", "secrets", "replica"):
        monkeypatch.setenv(f"IEUM_{name.upper()}", str(getattr(settings, name)))
    commands = group(without_read_models())
    id = create(living, 1)
    settled(living, id, 1)
    assert CliRunner().invoke(commands, ["verify", "--json"]).exit_code == 0
    with corrupted(living, "programmes", id, {"$set": {"sequence": 5}}):
        done = CliRunner().invoke(commands, ["verify", "--json"])
    assert done.exit_code == 1
    assert id in json.loads(done.output)[0]["fault"]


def test_a_discarded_message_has_no_effect_in_a_rebuilt_model_and_its_followers_have(
    living: Context,
) -> None:
    id = create(living, 1)
    change(living, id, 13, 3)
    relay_all(living)
    parked = living.database["parked"]
    eventually(lambda: parked.count_documents({"key": id}) == 2, seconds=90)
    before = rebuild.Rebuild(living, service(), service().projections.all["copies"]).run()
    assert before["equal"]
    follower = roles.projector(living, service())
    row = next(row for row in dead_letters.listed(follower) if row["key"] == id)
    dead_letters.discard(follower, row["id"], "thirteen", "operator")
    after = rebuild.Rebuild(living, service(), service().projections.all["copies"]).run()
    assert after["equal"]
    copy = living.database["copies"].find_one({"_id": id})
    assert copy == {"_id": id, "rounds": 3, "times": 2}
