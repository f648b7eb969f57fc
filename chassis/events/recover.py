"""After a restore, and after a lost topic: bring database and log together again.

A restored database is older than the log. As a consumer it catches up, since its offsets were
restored with it. As a producer it would give old numbers to new events: `recover` first reads what
the service's own topics have and its archive has not, archives it, and moves each aggregate behind
its last published number. States stay as they were restored: an event does not carry all of one.
"""

import time
from collections.abc import Sequence
from typing import Any

import pymongo
from pymongo import UpdateOne

from chassis.context import Context
from chassis.contracts import owned_by
from chassis.documents import Aggregates
from chassis.events import numbers
from chassis.events.broker import Outgoing, Place, Publisher, Record
from chassis.events.envelope import Malformed, outline
from chassis.events.topics import Admin, scan
from chassis.leases import Lease, stable_name
from chassis.logs import logger

RESTORE_STEP = 1_000_000
"""How far a restore moves every version: an If-Match from before it can then never hold."""
LEASE_SECONDS = 60.0
PATIENCE_SECONDS = 15.0
SLICE = 500


class RecoverFirst(Exception):
    """The log knows more than this database: `recover` has to run before anything is published."""


def _ends(context: Context) -> dict[Place, int]:
    admin = Admin(context.settings)
    try:
        there = admin.described([topic.name for topic in owned_by(context.settings.service)])
        return admin.ends(
            [(name, part) for name, (_, parts) in there.items() for part in range(parts)]
        )
    finally:
        admin.close()


def _archived(context: Context, places: Sequence[Place]) -> dict[Place, int]:
    """Up to where each partition of our own is known: by the archive, or by the last check."""
    house = context.database["house"].find_one({"_id": "recover"}) or {}
    found = {}
    for topic, partition in places:
        last = context.database["published"].find_one(
            {"topic": topic, "partition": partition}, {"offset": 1}, sort=[("offset", -1)]
        )
        checked = house.get("checked", {}).get(_written((topic, partition)), 0)
        found[topic, partition] = max(checked, last["offset"] + 1 if last else 0)
    return found


def _written(place: Place) -> str:
    # A full stop in the name of a field would be a path for the database.
    return f"{place[0]}/{place[1]}".replace(".", ":")


def _id(record: Record) -> str | None:
    """The event's id, or None for bytes that are none of our messages and take no number."""
    try:
        outline(record.key, record.headers)
    except Malformed:
        return None
    return dict(record.headers).get("ce_id", b"").decode(errors="replace") or None


def _type(record: Record) -> str:
    return dict(record.headers).get("ce_type", b"").decode(errors="replace").rpartition(".v")[0]


def flagged(context: Context) -> bool:
    """Whether a check found that `recover` is needed and it has not run to its end since."""
    row = context.database["house"].find_one({"_id": "recover"})
    return bool(row and row.get("needed"))


def needed(context: Context, aggregates: Sequence[Aggregates[Any]]) -> int:
    """How many messages of our own topics this database knows nothing of; flags it if any.

    Zero in normal life: what was published but not archived still stands in an outbox. Reads what
    was published since the last archived message only, and remembers how far it looked.
    """
    ends = _ends(context)
    unknown = 0
    for batch in scan(context.settings, _archived(context, list(ends)), ends):
        unknown += len(_unknown(context, aggregates, batch))
    house = context.database["house"]
    if unknown:
        logger().error("recover_needed", messages=unknown)
        house.update_one({"_id": "recover"}, {"$set": {"needed": True}}, upsert=True)
    elif not flagged(context):
        checked = {f"checked.{_written(place)}": end for place, end in ends.items()}
        if checked:
            house.update_one({"_id": "recover"}, {"$max": checked}, upsert=True)
    return unknown


def _unknown(
    context: Context, aggregates: Sequence[Aggregates[Any]], records: Sequence[Record]
) -> list[Record]:
    """Those of these messages that stand neither in the archive nor in an outbox."""
    database = context.database
    left = {id: record for record in records if (id := _id(record)) is not None}

    def drop_archived() -> None:
        for row in database["published"].find({"_id": {"$in": list(left)}}, {"_id": 1}):
            del left[row["_id"]]

    drop_archived()
    for one in aggregates:
        wanted = {"outbox.id": {"$in": list(left)}}
        for row in database[one.name].find(wanted, {"outbox": 1}) if left else ():
            for entry in row["outbox"]:
                # A request accepted since the restore has the number, but it is another event.
                if entry["id"] in left and _said_by(left[entry["id"]], entry):
                    del left[entry["id"]]
    if left:
        # A relay that was just ending may have moved them from outbox to archive meanwhile.
        drop_archived()
    return list(left.values())


def _said_by(record: Record, entry: dict[str, Any]) -> bool:
    told = dict(record.headers).get("ce_time", b"").decode(errors="replace")
    return record.value == bytes(entry["data"]) and told == entry["time"]


def recover(context: Context, aggregates: Sequence[Aggregates[Any]]) -> dict[str, Any]:
    """Archive what is missing and move each aggregate behind its last published number.

    Answers how many messages were `read`, how many of them were `unknown`, how many aggregates
    `moved`, the `lost` ones (created after the backup, known to the log alone), and what is
    `undone`: per aggregate that is older here than what the log says of it, the types of what was
    told since the backup, for a person to do again. Safe to repeat after a crash. Raises
    RecoverFirst while the relay still runs.
    """
    owner = stable_name(context.settings.replica, "recover")
    lease = Lease(context.database, "relay", owner, LEASE_SECONDS)
    end = time.monotonic() + PATIENCE_SECONDS
    while not lease.take():
        if time.monotonic() > end:
            raise RecoverFirst("the relay still runs: stop web and worker first")
        context.wait(0.5)
    try:
        return _recover(context, aggregates, lease)
    finally:
        lease.leave()


def _recover(
    context: Context, aggregates: Sequence[Aggregates[Any]], lease: Lease
) -> dict[str, Any]:
    house = context.database["house"]
    ends = _ends(context)
    begun = (house.find_one({"_id": "recover"}) or {}).get("since")
    if begun is None:
        # Kept until the end, so that a recovery that was cut short reads the same again.
        since = _archived(context, list(ends))
        begun = {_written(place): offset for place, offset in since.items()}
        house.update_one({"_id": "recover"}, {"$set": {"needed": True, "since": begun}}, True)
        resumed = False
    else:
        since = {place: begun.get(_written(place), 0) for place in ends}
        resumed = True
    keys: dict[str, int] = {}
    told: dict[str, list[str]] = {}
    read = unknown = 0
    for batch in scan(context.settings, since, ends):
        lease.take()
        unheard = _unknown(context, aggregates, batch)
        unknown += len(unheard)
        for record in batch if resumed else unheard:
            if _id(record) is not None:
                key = outline(record.key, record.headers).key
                told.setdefault(key, []).append(_type(record))
        rows = [_archive(record) for record in batch if _id(record) is not None]
        if rows:
            context.database["published"].bulk_write(rows, ordered=False)
        for record in batch:
            if _id(record) is not None:
                found = outline(record.key, record.headers)
                keys[found.key] = max(keys.get(found.key, 0), found.sequence)
        read += len(batch)
    moved = 0
    lost = set(keys)
    if unknown or resumed:
        for one in aggregates:
            with pymongo.timeout(600):
                context.database[one.name].update_many({}, {"$inc": {"version": RESTORE_STEP}})
            for id in _there(context, one.name, sorted(keys)):
                moved += numbers.settle(context.database, one.name, id)
                lost.discard(id)
            lease.take()
    else:
        lost = set()
    checked = {f"checked.{_written(place)}": end for place, end in ends.items()}
    house.update_one(
        {"_id": "recover"},
        {"$set": {"needed": False, **checked}, "$unset": {"since": ""}},
    )
    logger().info("recovered", read=read, unknown=unknown, moved=moved, lost=len(lost))
    undone = [f"{key}: {', '.join(told[key])}" for key in sorted(set(told) - lost)]
    return {
        "read": read,
        "unknown": unknown,
        "moved": moved,
        "lost": sorted(lost),
        "undone": undone,
    }


def _there(context: Context, name: str, ids: Sequence[str]) -> list[str]:
    found = []
    for start in range(0, len(ids), SLICE):
        wanted = {"_id": {"$in": ids[start : start + SLICE]}}
        found += [str(row["_id"]) for row in context.database[name].find(wanted, {"_id": 1})]
    return found


def _archive(record: Record) -> UpdateOne:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    kept = {
        "topic": record.topic,
        "key": (record.key or b"").decode(errors="replace"),
        "sequence": int(headers["ce_sequence"]),
        "type": headers.get("ce_type", "").rpartition(".v")[0],
        "at": headers.get("ce_time", ""),
        "actor": headers.get("ce_actor", ""),
        "value": record.value,
        "headers": [[name, value] for name, value in record.headers],
        "partition": record.partition,
        "offset": record.offset,
        "audited": False,
    }
    return UpdateOne({"_id": headers["ce_id"]}, {"$setOnInsert": kept}, upsert=True)


def republish(context: Context, topic: str | None = None, key: str | None = None) -> int:
    """Send the archived bytes again with their old sequences. Returns how many.

    In order per key; consumers that have them drop them by the guard. An archive is read by the
    index of that order, however long it is: to sort a million rows takes longer than a plain
    question may.
    """
    wanted = {name: value for name, value in (("topic", topic), ("key", key)) if value}
    order = [("key", 1), ("sequence", 1)]
    publisher = Publisher(context.settings)
    batch: list[Outgoing] = []
    sent = 0
    with pymongo.timeout(None):
        for row in context.database["published"].find(wanted).sort(order).hint(order):
            headers = [(name, bytes(value)) for name, value in row["headers"]]
            batch.append(Outgoing(row["topic"], row["key"], bytes(row["value"]), headers))
            if len(batch) == 1000:
                sent += len(publisher.publish(batch))
                batch = []
    if batch:
        sent += len(publisher.publish(batch))
    return sent
