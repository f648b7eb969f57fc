"""After a restore, and after a lost topic: bring database and log together again.

A restored database is older than the log. As a consumer it catches up, since its offsets were
restored with it. As a producer it would give old sequence numbers to new events: `recover` reads
the service's own topics and moves each aggregate past the highest published sequence first.
"""

from collections.abc import Sequence
from typing import Any

from pymongo import UpdateOne

from chassis.context import Context
from chassis.contracts import owned_by
from chassis.documents import Aggregates
from chassis.events.broker import Admin, Outgoing, Place, Publisher, Record, scan
from chassis.events.envelope import Malformed, outline
from chassis.logs import logger


def _ends(context: Context) -> dict[Place, int]:
    admin = Admin(context.settings)
    try:
        there = admin.described([topic.name for topic in owned_by(context.settings.service)])
        return admin.ends(
            [(name, part) for name, (_, parts) in there.items() for part in range(parts)]
        )
    finally:
        admin.close()


def archived(context: Context) -> dict[Place, int]:
    """Where our own archive of each partition ends: the offset after the last message in it."""
    rows = context.database["published"].aggregate(
        [
            {
                "$group": {
                    "_id": {"topic": "$topic", "partition": "$partition"},
                    "last": {"$max": "$offset"},
                }
            }
        ]
    )
    return {(row["_id"]["topic"], row["_id"]["partition"]): row["last"] + 1 for row in rows}


def needed(context: Context) -> int:
    """How many messages of our own topics this database knows nothing of.

    Zero in normal life: what was published but not archived still stands in an outbox.
    """
    names = [name for name in context.database.list_collection_names() if "." not in name]
    unknown = 0
    for batch in scan(context.settings, archived(context), _ends(context)):
        for record in batch:
            id = dict(record.headers).get("ce_id", b"").decode(errors="replace")
            known = context.database["published"].count_documents({"_id": id}, limit=1) or any(
                context.database[name].count_documents({"outbox.id": id}, limit=1) for name in names
            )
            unknown += not known
    return unknown


def recover(context: Context, aggregates: Sequence[Aggregates[Any]]) -> dict[str, int]:
    """Move each aggregate to the highest published sequence and archive what was missing."""
    highest: dict[tuple[str, str], int] = {}
    read = 0
    for batch in scan(context.settings, archived(context), _ends(context)):
        archive = [row for record in batch if (row := _archive(record)) is not None]
        if archive:
            context.database["published"].bulk_write(archive, ordered=False)
        for record in batch:
            try:
                found = outline(record.key, record.headers)
            except Malformed:
                continue
            where = (record.topic, found.key)
            highest[where] = max(highest.get(where, 0), found.sequence)
        read += len(batch)
    moved = 0
    for one in aggregates:
        for (topic, key), sequence in highest.items():
            if topic != one.topic:
                continue
            moved += (
                context.database[one.name]
                .update_one(
                    {"_id": key, "sequence": {"$lt": sequence}},
                    {
                        "$set": {"sequence": sequence, "recovered": True, "outbox": []},
                        "$inc": {"version": 1_000_000},
                    },
                )
                .modified_count
            )
    context.database["house"].update_one(
        {"_id": "recover"}, {"$set": {"needed": False}}, upsert=True
    )
    logger().info("recovered", read=read, moved=moved)
    return {"read": read, "moved": moved}


def _archive(record: Record) -> UpdateOne | None:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    if record.key is None or "ce_id" not in headers:
        return None
    kept = {
        "topic": record.topic,
        "key": record.key.decode(errors="replace"),
        "sequence": int(headers["ce_sequence"]),
        "type": headers["ce_type"].rpartition(".v")[0],
        "at": headers["ce_time"],
        "actor": headers.get("ce_actor", ""),
        "value": record.value,
        "headers": [[name, value] for name, value in record.headers],
        "partition": record.partition,
        "offset": record.offset,
    }
    return UpdateOne({"_id": headers["ce_id"]}, {"$setOnInsert": kept}, upsert=True)


def republish(context: Context, topic: str | None = None, key: str | None = None) -> int:
    """Send the archived bytes again with their old sequences. Returns how many.

    In order per key; consumers that have them drop them by the guard.
    """
    wanted = {name: value for name, value in (("topic", topic), ("key", key)) if value}
    rows = context.database["published"].find(wanted).sort([("key", 1), ("sequence", 1)])
    publisher = Publisher(context.settings)
    batch: list[Outgoing] = []
    sent = 0
    for row in rows:
        headers = [(name, bytes(value)) for name, value in row["headers"]]
        batch.append(Outgoing(row["topic"], row["key"], bytes(row["value"]), headers))
        if len(batch) == 1000:
            sent += len(publisher.publish(batch))
            batch = []
    if batch:
        sent += len(publisher.publish(batch))
    return sent
