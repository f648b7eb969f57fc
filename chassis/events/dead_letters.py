"""Dead letters: what no handler could take, for an operator to look at, replay or discard.

A replay is the consumer's own function with the mended handler; followers of the key that waited
run behind it in order, in the same transaction. A discard moves the guard on and lets them run.
"""

from collections.abc import Sequence
from typing import Any

import pymongo
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.act import TRANSACTION_SECONDS
from chassis.clock import now
from chassis.contracts import topics
from chassis.errors import NotFound
from chassis.events.consumer import Follower
from chassis.events.inbox import Inbox, masked


def listed(follower: Follower) -> list[dict[str, Any]]:
    """What lies dead in this group, oldest place first, with the number that waits behind it."""
    database = follower.context.database
    rows = []
    for row in database["parked"].find({"group": follower.group, "why": "poison"}):
        behind = database["parked"].count_documents(
            {"group": follower.group, "topic": row["topic"], "key": row["key"], "why": "gap"}
        )
        rows.append(_shown(row, behind))
    rows.extend(_shown(row, 0) for row in database["dead_letters"].find({"group": follower.group}))
    return sorted(rows, key=lambda row: (row["topic"], row["partition"], row["offset"]))


def _shown(row: dict[str, Any], behind: int) -> dict[str, Any]:
    return {
        "id": row["_id"],
        "topic": row["topic"],
        "partition": row["partition"],
        "offset": row["offset"],
        "key": row.get("key"),
        "sequence": row.get("sequence"),
        "error": row["error"],
        "waiting_behind": behind,
        "headers": {name: bytes(value).decode(errors="replace") for name, value in row["headers"]},
        "fields": masked(bytes(row["value"])),
        "bytes": len(bytes(row["value"])),
    }


def find(follower: Follower, id: str) -> dict[str, Any]:
    """One dead letter with its original bytes. Raises NotFound."""
    database = follower.context.database
    wanted = {"_id": id, "group": follower.group}
    row = database["parked"].find_one(wanted) or database["dead_letters"].find_one(wanted)
    if row is None:
        raise NotFound()
    return row


def replay(follower: Follower, id: str) -> bool:
    """Try one dead letter again. True if it and what could follow took effect."""

    def work(inbox: Inbox, row: dict[str, Any]) -> bool:
        return inbox.replay(row)

    return _transact(follower, id, work)


def discard(follower: Follower, id: str, reason: str, actor: str) -> bool:
    """Pass over one dead letter for good, with a reason on record."""
    database = follower.context.database

    def work(inbox: Inbox, row: dict[str, Any]) -> bool:
        if "sequence" in row:
            inbox.discard(row)
        database["dead_letters"].delete_one({"_id": id}, session=inbox.session)
        database["discarded"].insert_one(
            {**row, "reason": reason, "actor": actor, "at": now()}, session=inbox.session
        )
        return True

    return _transact(follower, id, work)


def _transact(follower: Follower, id: str, work: Any) -> bool:
    def once(session: ClientSession) -> bool:
        row = find(follower, id)
        inbox = Inbox(
            database=follower.context.database,
            group=follower.group,
            topics=topics(),
            keys=follower.context.keys,
            handle=follower.handle,
            session=session,
            pure=follower.pure,
        )
        done: bool = work(inbox, row)
        inbox.write()
        return done

    with (
        pymongo.timeout(TRANSACTION_SECONDS),
        follower.context.database.client.start_session() as session,
    ):
        return session.with_transaction(
            once, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
        )


def discarded(follower: Follower) -> Sequence[dict[str, Any]]:
    """What was passed over in this group, with who and why."""
    rows = follower.context.database["discarded"].find({"group": follower.group})
    return list(rows.sort("at", 1))
