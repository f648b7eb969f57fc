"""Who saw or changed whose data, when and why: one chain that nobody can shorten unseen.

Acts are audited from the archive of published events, reads of personal data from rows written
before the answer. One lease-holder chains both: h = SHA-256(previous hash, canonical record).

A chain that is cut off at its end, or computed anew, is whole in itself. So its head is signed
every hour (chassis/heads.py), kept, and told to the log, which leaves the machine.
"""

import hashlib
import time
from collections.abc import Sequence
from typing import Any

import orjson

from chassis import heads
from chassis.act import Act, Documents
from chassis.context import Context
from chassis.facts import fresh_id, stamp
from chassis.leases import Lease, stable_name

LEASE_SECONDS = 15.0
BATCH = 500
FIRST = "0" * 64
HEAD_SECONDS = 3600.0


def read_personal_data(act: Act, what: str, ids: Sequence[str], reason: str) -> None:
    """Put a read of personal data on record. Called before the answer is given."""
    act.database["access"].insert_one(
        {
            "_id": fresh_id(),
            "at": act.now,
            "actor": act.actor,
            "what": what,
            "ids": list(ids),
            "reason": reason,
            "correlation": act.correlation,
            "audited": False,
        },
        session=act.session,
    )


def run(context: Context) -> None:
    """The role `audit`: chain what is new while holding the lease, and sign the head every hour."""
    owner = stable_name(context.settings.replica, "audit")
    lease = Lease(context.database, "audit", owner, LEASE_SECONDS)
    sign_at = time.monotonic()
    while not context.stopping():
        context.beat()
        if not lease.take():
            context.wait(2)
            continue
        if chain(context.database) >= BATCH:
            # There is more, and a head is worth signing where the chain has caught up.
            continue
        if time.monotonic() >= sign_at:
            heads.sign(context)
            sign_at = time.monotonic() + HEAD_SECONDS
        context.wait(2)
    lease.leave()


def chain(database: Documents) -> int:
    """Append what is not chained yet. Returns how many records were added.

    Every source is marked after its record is in the chain, and a record's id is its source's, so
    that a crash between the two adds nothing twice.
    """
    head = database["audit"].find_one(sort=[("number", -1)])
    number, previous = (head["number"], head["hash"]) if head else (0, FIRST)
    fresh = _fresh(database)
    sources = {"_id": {"$in": [record["source"] for _, record in fresh]}}
    there = {row["_id"] for row in database["audit"].find(sources, {"_id": 1})}
    links: list[dict[str, Any]] = []
    for _, record in fresh:
        if record["source"] not in there:
            number += 1
            row = linked(previous, number, record)
            links.append({"_id": record["source"], **row})
            previous = row["hash"]
    if links:
        # In their order: what a crash leaves of them is the beginning, and the chain goes on there.
        database["audit"].insert_many(links, ordered=True)
    for name in ("published", "access"):
        ids = [one["source"].partition("/")[2] for source, one in fresh if source == name]
        if ids:
            database[name].update_many({"_id": {"$in": ids}}, {"$set": {"audited": True}})
    return len(links)


def linked(previous: str, number: int, record: dict[str, Any]) -> dict[str, Any]:
    """The record as a link of the chain."""
    said = orjson.dumps({"number": number, "record": record}, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(previous.encode() + said).hexdigest()
    return {"number": number, "record": record, "previous": previous, "hash": digest}


def _fresh(database: Documents) -> list[tuple[str, dict[str, Any]]]:
    fields = {"at": 1, "actor": 1, "type": 1, "key": 1, "sequence": 1}
    acts = database["published"].find({"audited": False}, fields).limit(BATCH)
    reads = database["access"].find({"audited": False}).limit(BATCH)
    found = [
        (
            "published",
            {
                "source": f"act/{row['_id']}",
                "at": row["at"],
                "actor": row["actor"],
                "what": row["type"],
                "ids": [row["key"]],
            },
        )
        for row in acts
    ]
    found += [
        (
            "access",
            {
                "source": f"read/{row['_id']}",
                "at": stamp(row["at"]),
                "actor": row["actor"],
                "what": row["what"],
                "ids": row["ids"],
                "reason": row["reason"],
            },
        )
        for row in reads
    ]
    return found


def verify(database: Documents) -> str | None:
    """None if the chain is whole, else the sentence that says where it breaks."""
    previous = FIRST
    for number, row in enumerate(database["audit"].find().sort("number", 1), 1):
        expected = linked(previous, number, row["record"])
        if row["number"] != number:
            return f"link {number} is missing"
        if row["previous"] != previous or row["hash"] != expected["hash"]:
            return f"link {number} was changed"
        previous = row["hash"]
    return None
