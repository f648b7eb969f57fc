"""No number twice: what an aggregate publishes never takes a number that the log gave already.

A number can be asked for a second time only after a restore: by an aggregate that is older than
its own events, or by one that the restored database does not know and that is created again under
its derived id. The archive knows every number given, so the newcomer moves behind the last one.
"""

from collections.abc import Sequence
from typing import Any

from chassis.act import Documents
from chassis.contracts import topics
from chassis.errors import Conflict
from chassis.events.envelope import numbered

ATTEMPTS = 8


def taken(database: Documents, entries: Sequence[dict[str, Any]]) -> set[str]:
    """The ids of those outbox entries whose number stands in the archive with other contents."""
    mine = {entry["id"]: entry for entry in entries}
    wanted = {"_id": {"$in": list(mine)}}
    rows = database["published"].find(wanted, {"value": 1, "at": 1, "type": 1})
    return {row["_id"] for row in rows if not _same(row, mine[row["_id"]])}


def _same(row: dict[str, Any], entry: dict[str, Any]) -> bool:
    return (row["type"], row["at"], bytes(row["value"])) == (
        entry["type"],
        entry["time"],
        bytes(entry["data"]),
    )


def settle(database: Documents, name: str, id: str) -> bool:
    """Move one aggregate behind the last number in the archive. True if that changed anything.

    Entries that were published already leave the outbox; others whose number was given to another
    event get the next one. The version moves too, so that a write in progress begins again.
    """
    for _ in range(ATTEMPTS):
        document = database[name].find_one({"_id": id}, {"version": 1, "sequence": 1, "outbox": 1})
        if document is None:
            return False
        change = _settled(database, document)
        if change is None:
            return False
        unchanged = {
            "_id": id,
            "version": document["version"],
            "outbox": {"$size": len(document["outbox"])},
        }
        if database[name].update_one(unchanged, {"$set": change}).matched_count:
            return True
    raise Conflict(id)


def _settled(database: Documents, document: dict[str, Any]) -> dict[str, Any] | None:
    """What has to change in an aggregate; None if nothing has to."""
    outbox, id = document["outbox"], document["_id"]
    last = highest(database, id)
    ids = [entry["id"] for entry in outbox]
    known = {row["_id"]: row for row in database["published"].find({"_id": {"$in": ids}})}
    entries = []
    for entry in outbox:
        row = known.get(entry["id"])
        if row is not None and _same(row, entry):
            continue
        topic = topics()[entry["topic"]]
        number = max(entry["sequence"], last.get(topic.name, 0) + 1)
        last[topic.name] = number
        entries.append({**entry, "sequence": number, "id": numbered(id, number, topic)})
    counted = [number for name, number in last.items() if topics()[name].guard == "log"]
    versions = [number for name, number in last.items() if topics()[name].guard == "state"]
    sequence = max([document["sequence"], *counted])
    version = max([document["version"], *versions])
    if (entries, sequence, version) == (outbox, document["sequence"], document["version"]):
        return None
    return {"outbox": entries, "sequence": sequence, "version": version + 1}


def last_told(database: Documents, topic: str, ids: Sequence[str]) -> dict[str, int]:
    """The last number that a topic gave to each of these aggregates, as far as it is archived."""
    stages: list[dict[str, Any]] = [
        {"$match": {"key": {"$in": list(ids)}, "topic": topic}},
        {"$group": {"_id": "$key", "last": {"$max": "$sequence"}}},
    ]
    return {row["_id"]: row["last"] for row in database["published"].aggregate(stages)}


def highest(database: Documents, id: str) -> dict[str, int]:
    """The last number that each topic has of an aggregate, as far as the archive knows."""
    stages: list[dict[str, Any]] = [
        {"$match": {"key": id}},
        {"$group": {"_id": "$topic", "last": {"$max": "$sequence"}}},
    ]
    return {row["_id"]: row["last"] for row in database["published"].aggregate(stages)}
