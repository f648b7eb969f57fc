"""Every example of every event type through every consumer that `topics.yaml` declares.

Projections and reactions run as their roles run them: in transactions on the real database, with
guards, parking and offsets. What stands in the good examples has to be understood by all.
"""

import importlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from bson import encode

from chassis.context import Context
from chassis.contracts import CONTRACTS, SERVICES, Topic, faults_for_readers, schema, topic_of
from chassis.errors import Refused
from chassis.events import envelope, rebuild, roles, sealing
from chassis.events.broker import Place, Record
from chassis.events.consumer import Follower
from chassis.facts import derived_id
from chassis.service import Service
from chassis.settings import Settings
from services.placement.bookings.shape import Booking
from services.placement.bookings.store import bookings
from services.registration.campaigns.model import Campaign, Status
from services.registration.campaigns.plan import Window
from services.registration.campaigns.store import campaigns
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database

BOOKKEEPING = {"offsets", "guards", "leases"}


def examples(topic: Topic, sort: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A name, the type and the data of each example of a topic."""
    for kind in topic.types:
        for path in sorted((CONTRACTS / "examples" / f"{kind}.v1").glob(f"{sort}-*.json")):
            yield f"{kind} {path.stem}", kind, orjson.loads(path.read_bytes())


def record(context: Context, topic: Topic, name: str, kind: str, data: Any, offset: int) -> Record:
    """The example as it would lie in the log: first event of an aggregate of its own."""
    key = derived_id("example", name)
    if topic.sealed_for is not None:
        data = sealing.seal(context.keys, topic.sealed_for, data)
    rows = {
        "id": envelope.numbered(key, 1, topic),
        "sequence": 1,
        "topic": topic.name,
        "type": kind,
        "version": 1,
        "time": "2026-01-01T00:00:00.000Z",
        "actor": derived_id("somebody"),
        "correlation": derived_id("correlation", name),
        "causation": "",
        "traceparent": "",
    }
    found = envelope.headers(rows)
    return Record(topic.name, 0, offset, key.encode(), orjson.dumps(data), found)


def own_aggregates(context: Context, name: str) -> None:
    """What the service itself had written before it hears of its own events about it."""
    if name == "registration":
        _, _, admitted = next(examples(topic_of("survey.admitted"), "good"))
        campaigns.create(context.act(), admitted["campaign"], a_campaign(admitted["centre"]))
    if name == "placement":
        for example, _, facts in examples(topic_of("booking.asked"), "good"):
            made = Booking.model_validate({"smallest": 1, **facts})
            bookings.create(context.act(), derived_id("example", example), made)
        asked = facts
        for _, _, placement in examples(topic_of("placement.planned"), "good"):
            for stop in (one for part in placement["parts"] for one in part["stops"]):
                with suppress(Refused):
                    made = Booking.model_validate({"smallest": 1, **asked, "status": "asked"})
                    bookings.create(context.act(), stop["booking"], made)


def a_campaign(centre: str) -> Campaign:
    """A campaign that is over."""
    moment = datetime(2024, 9, 1, tzinfo=UTC)
    return Campaign(
        programme=derived_id("programme"),
        fields=("drones",),
        name="가을 사업",
        opens_at=moment,
        deadline=moment + timedelta(days=9),
        hosts_reply_by=moment + timedelta(days=20),
        schools_confirm_by=moment + timedelta(days=30),
        window=Window(first=date(2024, 10, 7), last=date(2024, 11, 29)),
        centre=centre,
        status=Status.CLOSED,
        manifest={},
    )


@pytest.fixture(scope="module", params=SERVICES)
def consumer(request: pytest.FixtureRequest, servers: Servers) -> Iterator[tuple[Context, Service]]:
    service: Service = importlib.import_module(f"services.{request.param}.app").service
    with fresh_database(servers) as database:
        yield context_of(service, servers, database), service


ROLES = {"project": roles.projector, "react": roles.reactor}


@pytest.fixture
def fresh(consumer: tuple[Context, Service]) -> tuple[Context, Service]:
    """The service with nothing but its own aggregates in its database."""
    context, service = consumer
    for name in context.database.list_collection_names():
        context.database[name].delete_many({})
    own_aggregates(context, service.name)
    return context, service


def beginning(role: str, context: Context, service: Service) -> Follower:
    """A role of the service at the beginning of every topic."""
    made = ROLES[role](replace(context), service)
    made._prepare()
    made._places = {(name, 0): 0 for name in made.topics}
    return made


@pytest.fixture(params=ROLES)
def follower(request: pytest.FixtureRequest, fresh: tuple[Context, Service]) -> Follower:
    """Each role in its turn."""
    return beginning(request.param, *fresh)


def fed(follower: Follower) -> list[tuple[str, Record]]:
    """Every good example of the role's topics, brought to effect one after the other."""
    found: list[tuple[str, Record]] = []
    for topic in follower.topics.values():
        for offset, (name, kind, data) in enumerate(examples(topic, "good")):
            found.append((name, record(follower.context, topic, name, kind, data, offset)))
            follower.apply([found[-1][1]])
    return found


def state(context: Context) -> dict[str, list[bytes]]:
    """Everything the service knows, without where it stands in the log."""
    names = sorted(set(context.database.list_collection_names()) - BOOKKEEPING)
    return {name: sorted(encode(row) for row in context.database[name].find()) for name in names}


def dead(follower: Follower) -> dict[bytes | None, str]:
    """Why the examples lie dead, by key."""
    rows = follower.context.database["parked"].find({"group": follower.group})
    return {row["key"].encode(): row["error"] for row in rows}


def test_every_good_example_takes_effect_and_fed_twice_takes_it_once(follower: Follower) -> None:
    known = fed(follower)
    lying = dead(follower)
    refused = {name: why for name, one in known if (why := lying.get(one.key))}
    assert not refused, "\n".join(f"{name}: {why}" for name, why in refused.items())
    before = state(follower.context)
    for number, (_, one) in enumerate(known):
        follower.apply([replace(one, offset=len(known) + number)])
    assert state(follower.context) == before


def test_a_rebuild_makes_the_same_again_and_sends_nothing(
    fresh: tuple[Context, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, service = fresh
    log = [one for _, one in fed(beginning("project", context, service))]
    fed(beginning("react", context, service))
    before = state(context)

    def scan(_: Settings, start: dict[Place, int], ends: dict[Place, int]) -> list[list[Record]]:
        read = {where: range(start.get(where, 0), end) for where, end in ends.items()}
        return [[one for one in log if one.offset in read.get(place(one), ())]]

    monkeypatch.setattr(rebuild, "scan", scan)
    for projection in service.projections.all.values():
        done = rebuild.Rebuild(context, service, projection).run()
        assert done["equal"], projection.name
    assert state(context) == before


def place(one: Record) -> Place:
    return one.topic, one.partition


def test_a_broken_example_lies_dead_by_its_schema_and_changes_nothing(follower: Follower) -> None:
    context, offset = follower.context, 0
    before = state(context)
    for topic in follower.topics.values():
        found = set()
        for name, kind, data in examples(topic, "broken"):
            if not faults_for_readers(kind, data):
                # Broken for producers only: it says more than the schema knows.
                continue
            one = record(context, topic, name, kind, data, offset)
            offset += 1
            follower.apply([one])
            assert kind in dead(follower)[one.key], name
            found.add(kind)
        breakable = {kind for kind in topic.types if schema(kind)["required"]}
        assert found == breakable, "no example that readers refuse"
    after = {name: rows for name, rows in state(context).items() if name != "parked"}
    assert after == {name: rows for name, rows in before.items() if name != "parked"}
