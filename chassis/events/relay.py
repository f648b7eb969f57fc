"""From the outboxes to the log: what is pending, in order per key, each at least once.

The acknowledgement comes first, then the archive of the exact bytes, then the removal of the
entry. A crash between any two of them publishes again; the consumers' guard drops the second.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import InsertOne
from pymongo.errors import BulkWriteError

from chassis import metrics
from chassis.act import Documents
from chassis.clock import now
from chassis.context import Context
from chassis.documents import Aggregates
from chassis.events import numbers, probe, recover
from chassis.events.broker import Outgoing, Publisher, Sent
from chassis.events.envelope import headers
from chassis.events.topics import present
from chassis.leases import Lease, stable_name
from chassis.logs import logger, trace

LEASE_SECONDS = 5.0
BATCH = 1000
MOST_EVENTS = 2000
BUSY_SECONDS = 0.02
IDLE_SECONDS = 0.25
GATHERED = 0.01
LONGEST_GATHER = 0.1
"""Seconds of rest for each aggregate of a turn, and at the most. Above a hundred acts a second
many share a turn's questions and waits for the disk, and those of each consumer behind it.
"""
DUPLICATE = 11000
NOT_RECOVERED = "the log knows more than this database: run `recover`"


def pending(
    database: Documents, aggregates: Sequence[Aggregates[Any]], most: int = BATCH
) -> list[dict[str, Any]]:
    """Aggregates with something to publish: `{from, _id, outbox}`, at most `most`.

    An aggregate whose first entry is quarantined waits as a whole.
    """
    names = [one.name for one in aggregates]
    if not names:
        return []

    def stage(name: str) -> list[dict[str, Any]]:
        return [
            {"$match": {"outbox.id": {"$exists": True}, "outbox.0.quarantined": {"$ne": True}}},
            {"$limit": most},
            {"$project": {"outbox": 1, "from": name}},
        ]

    unions = [{"$unionWith": {"coll": name, "pipeline": stage(name)}} for name in names[1:]]
    found = database[names[0]].aggregate([*stage(names[0]), *unions, {"$limit": most}])
    return list(found)


def ready(rows: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(aggregate row, entry) to publish now, in order; stops before a quarantined entry."""
    chosen: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for row in rows:
        for entry in row["outbox"]:
            if entry.get("quarantined") or len(chosen) >= MOST_EVENTS:
                break
            chosen.append((row, entry))
    return chosen


def publish(database: Documents, publisher: Publisher, rows: Sequence[dict[str, Any]]) -> int:
    """Publish, archive and remove what is ready of these rows. Returns how many went out."""
    chosen = ready(rows)
    taken = numbers.taken(database, [entry for _, entry in chosen])
    if taken:
        chosen = _without_taken(database, chosen, taken)
    outgoing = [
        Outgoing(
            topic=entry["topic"],
            key=row["_id"],
            value=bytes(entry["data"]),
            headers=headers(entry),
        )
        for row, entry in chosen
    ]
    sent = publisher.publish(outgoing)
    archive: list[dict[str, Any]] = []
    done: dict[str, dict[str, set[Any]]] = defaultdict(lambda: {"rows": set(), "entries": set()})
    for (row, entry), message, outcome in zip(chosen, outgoing, sent, strict=True):
        if outcome.refused is not None:
            _quarantine(database, row, entry, outcome)
            continue
        if outcome.held:
            continue
        archive.append(_archived(entry, message, outcome))
        done[row["from"]]["rows"].add(row["_id"])
        done[row["from"]]["entries"].add(entry["id"])
    if archive:
        _keep(database, archive)
    for name, gone in done.items():
        # Ids of entries are never given twice, so that one write does for all aggregates.
        database[name].update_many(
            {"_id": {"$in": list(gone["rows"])}},
            {"$pull": {"outbox": {"id": {"$in": list(gone["entries"])}}}},
        )
    for topic, number in Counter(row["topic"] for row in archive).items():
        metrics.PUBLISHED.labels(database.name, topic).inc(number)
    acts = (entry["correlation"] for (_, entry), one in zip(chosen, sent, strict=True) if one.sent)
    trace("published", acts, events=len(archive))
    return len(archive)


def _without_taken(
    database: Documents, chosen: Sequence[tuple[dict[str, Any], dict[str, Any]]], taken: set[str]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Give aggregates that ask for a number for the second time the next one; they wait a turn."""
    wrong = {(row["from"], row["_id"]) for row, entry in chosen if entry["id"] in taken}
    for name, id in wrong:
        logger().warning("number_taken", collection=name, aggregate=id)
        numbers.settle(database, name, id)
    return [pair for pair in chosen if (pair[0]["from"], pair[0]["_id"]) not in wrong]


def _archived(entry: dict[str, Any], message: Outgoing, outcome: Sent) -> dict[str, Any]:
    return {
        "_id": entry["id"],
        "topic": entry["topic"],
        "key": message.key,
        "sequence": entry["sequence"],
        "type": entry["type"],
        "at": entry["time"],
        "actor": entry["actor"],
        "value": message.value,
        "headers": [[name, value] for name, value in message.headers],
        "partition": outcome.partition,
        "offset": outcome.offset,
        "audited": False,
    }


def _keep(database: Documents, archive: Sequence[dict[str, Any]]) -> None:
    """Archive what went out; what an earlier relay archived before it died stays as it is."""
    try:
        database["published"].bulk_write([InsertOne(row) for row in archive], ordered=False)
    except BulkWriteError as error:
        faults = (error.details or {}).get("writeErrors", [])
        concern = (error.details or {}).get("writeConcernErrors")
        if concern or any(one["code"] != DUPLICATE for one in faults):
            raise


def _quarantine(
    database: Documents, row: dict[str, Any], entry: dict[str, Any], outcome: Sent
) -> None:
    """Set an entry aside that the broker refuses for good; an operator amends or skips it."""
    logger().error(
        "event_quarantined", entry=entry["id"], topic=entry["topic"], why=outcome.refused
    )
    database[row["from"]].update_one(
        {"_id": row["_id"]},
        {"$set": {"outbox.$[one].quarantined": True, "outbox.$[one].why": outcome.refused}},
        array_filters=[{"one.id": entry["id"]}],
    )


def gathering(turn: int) -> float:
    """Seconds to rest after a turn of so many aggregates; none while there is more than one takes.

    A lone act is followed at once, so that what one act leads to is not held up.
    """
    return 0.0 if turn >= BATCH else min(GATHERED * turn, LONGEST_GATHER)


def run(context: Context, aggregates: Sequence[Aggregates[Any]]) -> None:
    """The role `relay`: publish while holding the service's lease.

    Raises RecoverFirst if the log knows more than the database: it was restored from a backup, and
    MissingTopics if the broker has not been prepared.
    """
    owned = [one for one in aggregates if one.topic is not None]
    database, settings = context.database, context.settings
    if recover.flagged(context):
        # Before the lease, which `recover` itself holds while it works.
        raise recover.RecoverFirst(NOT_RECOVERED)
    probe.awaited(context)
    lease = Lease(database, "relay", stable_name(settings.replica, "relay"), LEASE_SECONDS)
    publisher: Publisher | None = None
    rest = BUSY_SECONDS
    while not context.stopping():
        context.beat()
        if not lease.take():
            context.wait(0.3)
            continue
        if publisher is None:
            present(settings, sorted({one.topic for one in owned if one.topic is not None}))
            _refuse_restored(context, owned, lease)
            publisher = Publisher(settings)
        rows = pending(database, owned)
        _measure(database, rows)
        if rows and publish(database, publisher, rows):
            rest = BUSY_SECONDS
            context.wait(gathering(len(rows)))
            continue
        context.wait(rest)
        rest = min(rest * 1.3, IDLE_SECONDS)
    lease.leave()
    if publisher is not None:
        # Closing the client can leave its thread behind; everything sent is acknowledged.
        os._exit(0)


def _refuse_restored(context: Context, owned: Sequence[Aggregates[Any]], lease: Lease) -> None:
    """Look once, before anything is published. What it finds, only `recover` lifts."""
    if context.settings.recover_check and recover.needed(context, owned):
        lease.leave()
        raise recover.RecoverFirst(NOT_RECOVERED)


def _measure(database: Documents, rows: Sequence[dict[str, Any]]) -> None:
    times = [row["outbox"][0]["time"] for row in rows if row["outbox"]]
    oldest = min(times, default=None)
    age = 0.0
    if oldest is not None:
        age = max(0.0, (now() - datetime.fromisoformat(oldest)).total_seconds())
    metrics.OUTBOX_OLDEST.labels(database.name).set(age)
