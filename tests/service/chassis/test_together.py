"""Operations that may share a transaction: as much done, and as little, as each alone would."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from pymongo.client_session import ClientSession
from pymongo.errors import ExecutionTimeout

from chassis.act import Act
from chassis.context import Context
from chassis.errors import Conflict
from chassis.events import consumer, roles
from chassis.events.broker import Record
from chassis.events.consumer import Follower
from chassis.events.envelope import Received
from chassis.events.handlers import Reactions
from chassis.facts import fresh_id
from chassis.service import Service
from tests.service.chassis.programmes import TOPIC, published
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database


@pytest.fixture(scope="module")
def placement(servers: Servers) -> Iterator[Context]:
    with fresh_database(servers) as database:
        service = Service("placement", Path("catalogue"), indexes={"copies": []})
        yield context_of(service, servers, database)


def reacting(placement: Context, work: Callable[[Act, Received], None]) -> Follower:
    """A reactor that notes each event, with whatever else the test does, at the topic's begin."""
    for name in ("copies", "guards", "parked", "offsets"):
        placement.database[name].delete_many({})
    reactions = Reactions()

    @reactions.on("programme.published", together=True)
    def noted(act: Act, event: Received) -> None:
        act.database["copies"].insert_one({"_id": event.key}, session=act.session)
        work(act, event)

    service = Service("placement", Path("catalogue"), reactions=reactions, indexes={"copies": []})
    follower = roles.reactor(placement, service)
    follower._prepare()
    follower._places = {(TOPIC, 0): 0}
    return follower


def messages(many: int) -> list[Record]:
    """So many first events of as many aggregates."""
    return [
        Record(
            TOPIC,
            0,
            offset,
            fresh_id().encode(),
            orjson.dumps(published(1).data),
            [
                ("ce_id", f"{offset}".encode()),
                ("ce_type", b"programme.published.v1"),
                ("ce_sequence", b"1"),
                ("ce_time", b"2026-01-01T00:00:00.000Z"),
            ],
        )
        for offset in range(many)
    ]


def keys(records: list[Record]) -> set[str]:
    return {record.key.decode() for record in records if record.key is not None}


def noted(placement: Context) -> set[str]:
    return {row["_id"] for row in placement.database["copies"].find()}


@contextmanager
def transactions(follower: Follower) -> Iterator[list[int]]:
    """How many messages each transaction that was begun had."""
    sizes, batch = list[int](), follower._batch

    def counted(
        session: ClientSession, records: list[Record], refused: dict[tuple[str, str, int], str]
    ) -> object:
        sizes.append(len(records))
        return batch(session, records, refused)

    follower._batch = counted  # type: ignore[method-assign,assignment]
    yield sizes


def test_what_may_be_done_together_waits_for_the_disk_once(placement: Context) -> None:
    follower, said = reacting(placement, lambda act, event: None), messages(120)
    with transactions(follower) as sizes:
        for chunk in follower._chunks(said):
            follower.apply(chunk)
    assert sizes == [consumer.MOST_TOGETHER, consumer.MOST_TOGETHER, 20]
    assert noted(placement) == keys(said)


def test_one_that_fails_half_way_leaves_nothing_and_keeps_nobody_back(placement: Context) -> None:
    said = messages(20)
    bad = said[7].key

    def half(act: Act, event: Received) -> None:
        if event.key.encode() == bad:
            raise ValueError("half-way")

    follower = reacting(placement, half)
    follower.apply(said)
    assert noted(placement) == keys(said) - keys([said[7]])
    parked = placement.database["parked"].find_one({"why": "poison"})
    assert parked is not None and parked["key"].encode() == bad


@pytest.mark.parametrize("trouble", [Conflict("x"), ExecutionTimeout("slow", 50)])
def test_many_that_were_slow_or_met_another_are_done_in_halves_and_none_is_blamed(
    placement: Context, trouble: Exception
) -> None:
    said, tries = messages(8), Counter[str]()
    met = said[5].key

    def meets(act: Act, event: Received) -> None:
        tries[event.key] += 1
        if event.key.encode() == met and tries[event.key] < 3:
            raise trouble

    follower = reacting(placement, meets)
    with transactions(follower) as sizes:
        follower.apply(said)
    assert sizes == [8, 4, 4, 2, 2]
    assert noted(placement) == keys(said)
    assert placement.database["parked"].count_documents({}) == 0


def test_done_twice_is_done_once(placement: Context) -> None:
    follower, said = reacting(placement, lambda act, event: None), messages(5)
    follower.apply(said)
    follower.apply(said)
    assert noted(placement) == keys(said)
