"""What `status` tells an operator, and what `offsets rewind` does and does not do."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chassis import clock, standing
from chassis.cli import group
from chassis.clock import now
from chassis.context import Context
from chassis.events import roles
from chassis.events.broker import BrokerAway
from chassis.events.consumer import Follower
from chassis.facts import stamp
from chassis.service import Service
from tests.service.chassis.programmes import TOPIC, create, log, producer, relay_all
from tests.service.chassis.test_delivery import consumer, copy_of
from tests.support.house import context_of
from tests.support.stack import Servers

AGE = "oldest event to publish, seconds"
Call = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """An operator's command against the database of a context."""

    def called(context: Context, service: Service, *words: str) -> Result:
        for name in ("mongo_uri", "database", "kafka_bootstrap", "secrets", "replica"):
            monkeypatch.setenv(f"IEUM_{name.upper()}", str(getattr(context.settings, name)))
        return CliRunner().invoke(group(service), [*words, "--json"])

    return called


def row_of(done: Result, what: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return next(row for row in rows if row["what"] == what)


def test_an_event_that_waits_too_long_wants_a_look_until_it_is_published(
    context: Context, call: Call
) -> None:
    id = create(context, 1)
    since = stamp(now() - timedelta(minutes=10))
    context.database["programmes"].update_one({"_id": id}, {"$set": {"outbox.0.time": since}})
    done = call(context, producer(), "status")
    assert done.exit_code == 1
    row = row_of(done, AGE)
    assert row["state"] == "look"
    assert row["value"] >= 600
    relay_all(context)
    assert row_of(call(context, producer(), "status"), AGE) == {
        "what": AGE,
        "value": 0,
        "state": "ok",
    }


def test_a_role_that_nobody_does_wants_a_look_and_one_that_ended_just_now_does_not(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A rehearsal in its own time: leases stay on the database's clock.
    monkeypatch.setattr(clock, "shift", lambda: timedelta(days=40))

    def looks() -> dict[str, tuple[object, object]]:
        rows = standing.measured(context, producer())
        found = {row["what"]: (row["value"], row["state"]) for row in rows}
        return {role: found[f"lease {role}"] for role in ("crashed", "dead", "left", "copied")}

    present = datetime.now(UTC)
    held, a_while_ago = present + timedelta(minutes=1), present - timedelta(minutes=5)
    context.database["leases"].insert_many(
        [
            {"_id": "crashed", "owner": "a", "expires": present - timedelta(seconds=5)},
            {"_id": "dead", "owner": "a", "expires": a_while_ago},
            {"_id": "left", "owner": "a", "expires": None},
            {"_id": "copied-0", "owner": "a", "expires": a_while_ago},
            {"_id": "copied-1", "owner": "b", "expires": held},
        ]
    )
    assert looks() == {
        "crashed": ("free", "ok"),
        "dead": ("free", "look"),
        "left": ("free", "look"),
        "copied": ("b", "ok"),
    }


def test_a_broker_that_is_away_is_a_finding_and_hides_nothing_else(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> int:
        raise BrokerAway("TimeoutError")

    monkeypatch.setattr(standing, "_lag", gone)
    rows = {str(row["what"]): row for row in standing.status(context, producer())}
    assert rows["registration-project: lag"]["state"] == "look"
    assert AGE in rows


def started(context: Context) -> Follower:
    """A consumer that has its partition and knows its place there."""
    follower = roles.projector(context, consumer())
    follower._prepare()
    rows = context.database["offsets"].find({"group": follower.group})
    follower._places = {(row["topic"], row["partition"]): row["next"] for row in rows}
    return follower


def place(context: Context) -> int:
    row = context.database["offsets"].find_one({"topic": TOPIC, "partition": 0})
    assert row is not None
    return int(row["next"])


def test_a_rewound_topic_is_read_again_and_what_was_done_is_not_done_twice(
    context: Context, servers: Servers, database: str, call: Call
) -> None:
    id = create(context, 3)
    relay_all(context)
    (record,) = [one for one in log(context) if one.key == id.encode()]
    reader = context_of(consumer(), servers, database)
    started(reader).apply([record])
    behind = place(reader)
    assert behind == record.offset + 1
    done = call(reader, consumer(), "offsets", "rewind", TOPIC)
    assert json.loads(done.stdout)["partitions"] > 0
    assert place(reader) == 0
    # What the reader lost in the meantime comes back; what it has is left as it is.
    again = started(reader)
    again._places[TOPIC, 0] = 0
    again.apply([record])
    assert place(reader) == behind
    assert (copy_of(reader, id) or {})["times"] == 1


def test_a_topic_that_nobody_has_is_refused_with_its_name(context: Context, call: Call) -> None:
    done = call(context, consumer(), "offsets", "rewind", "registration.nothing")
    assert done.exit_code == 2
    assert "registration.nothing" in done.stderr
