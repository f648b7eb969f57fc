"""Rows: relay beside bare produce, consumer beside bare transactions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pymongo
from kafka import KafkaProducer
from pymongo import UpdateOne
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.context import Context
from chassis.documents import New
from chassis.events import relay, roles
from chassis.events.broker import Publisher, Record
from chassis.events.envelope import headers
from chassis.events.topics import Admin, scan
from chassis.facts import fresh_id
from tests.service.chassis import victim
from tests.service.chassis.programmes import TOPIC, Programme, producer, programmes, published
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database

BATCH = 500


def measure(servers: Servers, events: int) -> list[dict[str, Any]]:
    """Publish so many events, and bring them to effect; each beside its peer."""
    with fresh_database(servers) as name:
        writer = context_of(producer(), servers, name)
        reader = context_of(victim.service(), servers, name)
        sent = _bare_produce(writer, events // 2)
        relayed, records = _relay(writer, events)
        sent = (sent + _bare_produce(writer, events - events // 2)) / 2
        bare = _bare_transactions(reader, records[: events // 2], "before")
        followed = _follow(reader, records)
        bare = (bare + _bare_transactions(reader, records[events // 2 :], "after")) / 2
    return [
        _row("relay / kafka-python's bare acks=all", events, relayed, sent),
        _row("consumer / bare batched transactions with the same writes", events, followed, bare),
    ]


def _row(title: str, events: int, ours: float, peer: float) -> dict[str, Any]:
    return {
        "row": title,
        "events": events,
        "ours_per_second": round(ours),
        "peer_per_second": round(peer),
        "ratio": round(ours / peer, 2),
        "bar": 0.5,
    }


def _entries(context: Context, events: int) -> list[tuple[str, dict[str, Any]]]:
    """Outbox entries of so many new aggregates, one each, written as the product writes them."""
    act = context.act()
    for start in range(0, events, 1000):
        rows = [
            New(fresh_id(), Programme(), [published(1)]) for _ in range(min(1000, events - start))
        ]
        programmes.create_many(act, rows)
    found = context.database["programmes"].find({"outbox.id": {"$exists": True}}, {"outbox": 1})
    return [(row["_id"], row["outbox"][0]) for row in found]


def _bare_produce(context: Context, events: int) -> float:
    """Messages a second of the client alone: same bytes, same acknowledgements, nothing kept."""
    client = KafkaProducer(
        bootstrap_servers=context.settings.kafka_bootstrap,
        acks="all",
        enable_idempotence=False,
        max_in_flight_requests_per_connection=1,
        linger_ms=5,
        batch_size=128 * 1024,
    )
    entries = _entries(context, events)
    context.database["programmes"].delete_many({})
    ready = [(id.encode(), bytes(entry["data"]), headers(entry)) for id, entry in entries]
    began = time.perf_counter()
    futures = [client.send(TOPIC, key=key, value=value, headers=said) for key, value, said in ready]
    for future in futures:
        future.get(60)
    spent = time.perf_counter() - began
    client.close()
    return events / spent


def _relay(context: Context, events: int) -> tuple[float, list[Record]]:
    """Events a second from outbox to log and archive, and what the log then holds of them."""
    admin = Admin(context.settings)
    _, parts = admin.described([TOPIC])[TOPIC]
    places = [(TOPIC, part) for part in range(parts)]
    starts = admin.ends(places)
    _entries(context, events)
    publisher = Publisher(context.settings)
    began = time.perf_counter()
    while rows := relay.pending(context.database, [programmes]):
        relay.publish(context.database, publisher, rows)
    spent = time.perf_counter() - began
    ends = admin.ends(places)
    admin.close()
    records = [one for batch in scan(context.settings, starts, ends) for one in batch]
    return events / spent, records


def _follow(context: Context, records: Sequence[Record]) -> float:
    """Messages a second through guard, schema, handler, offset and transaction."""
    follower = roles.projector(context, victim.service())
    follower._prepare()
    first = {(one.topic, one.partition): one.offset for one in reversed(records)}
    for (topic, part), offset in first.items():
        wanted = {"group": follower.group, "topic": topic, "partition": part}
        context.database["offsets"].update_one(wanted, {"$set": {"next": offset}})
    follower._places = first
    began = time.perf_counter()
    for start in range(0, len(records), BATCH):
        follower.apply(records[start : start + BATCH])
    return len(records) / (time.perf_counter() - began)


def _bare_transactions(context: Context, records: Sequence[Record], name: str) -> float:
    """Messages a second for the same writes alone: guard, effect and offset, by batch."""
    database = context.database
    for one in ("effects", "marks"):
        database.create_collection(f"bare_{one}_{name}")
    began = time.perf_counter()
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]

        def once(session: Any, batch: Sequence[Record] = batch) -> None:
            effects = [
                UpdateOne({"_id": one.key}, {"$set": {"rounds": 1}, "$inc": {"times": 1}}, True)
                for one in batch
            ]
            guards = [
                UpdateOne({"_id": one.key}, {"$set": {"sequence": 1, "parked": 0}}, True)
                for one in batch
            ]
            database[f"bare_effects_{name}"].bulk_write(effects, session=session)
            database[f"bare_marks_{name}"].bulk_write(guards, ordered=False, session=session)

        with pymongo.timeout(30), database.client.start_session() as session:
            session.with_transaction(
                once, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            )
    return len(records) / (time.perf_counter() - began)
