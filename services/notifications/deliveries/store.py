"""Deliveries and the ledger of attempts in MongoDB."""

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import IndexModel, InsertOne, UpdateMany

from chassis.act import Act, collection
from chassis.clock import database_now
from chassis.documents import Aggregates, Owners, Stored
from chassis.scope import within
from services.notifications.deliveries.model import LEASE, Delivery

DELIVERIES: Aggregates[Delivery] = Aggregates(
    "deliveries",
    "notifications.deliveries",
    Delivery,
    lambda state: Owners(centre=state.centre, parties=(state.organisation,)),
    indexes=[
        IndexModel(
            [("state.message", 1), ("state.recipient", 1), ("state.channel", 1)], unique=True
        ),
        IndexModel(
            [("state.due_at", 1)],
            name="queued",
            partialFilterExpression={"state.status": "queued"},
        ),
        IndexModel([("lease.by", 1)], sparse=True),
        IndexModel([("centre", 1), ("state.urgency", 1), ("_id", 1)]),
        IndexModel([("centre", 1), ("state.channel", 1), ("state.status", 1), ("_id", 1)]),
    ],
)

INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    "attempts": [[("message", 1), ("began", 1)], [("delivery", 1)]]
}
"""The ledger: a row for every attempt, written before it and completed after it."""


def lease(act: Act, by: str, limit: int) -> tuple[list[Stored[Delivery]], list[str]]:
    """Take queued deliveries whose time has come, for one sender alone.

    The clock is the database's. What another sender holds is left to it until its lease ends; a
    sender that died thereby gives its deliveries back. Those that were leased before are named
    besides: of them alone an attempt may still be open.
    """
    deliveries = collection(act, "deliveries")
    milliseconds = int(LEASE.total_seconds() * 1000)
    free = {
        "state.status": "queued",
        "$expr": {
            "$and": [
                {"$lte": ["$state.due_at", database_now()]},
                # A missing lease is null, and null comes before every date.
                {"$lt": [{"$ifNull": ["$lease.until", None]}, "$$NOW"]},
            ]
        },
    }
    wanted = within(act.scope, {**free, "state.due_at": {"$lte": act.now}})
    rows = list(deliveries.find(wanted, {"lease": 1}).sort("state.due_at", 1).limit(limit))
    ids = [row["_id"] for row in rows]
    if not ids:
        return [], []
    deliveries.update_many(
        within(act.scope, {"_id": {"$in": ids}, **free}),
        [{"$set": {"lease": {"by": by, "until": {"$add": ["$$NOW", milliseconds]}}}}],
    )
    held = deliveries.find(within(act.scope, {"lease.by": by, "state.status": "queued"}))
    stored = [DELIVERIES.stored(row) for row in held.sort([("state.due_at", 1), ("_id", 1)])]
    before = {row["_id"] for row in rows if "lease" in row}
    return stored, [one.id for one in stored if one.id in before]


def release(act: Act, by: str, ids: Sequence[str]) -> None:
    """Give back what was taken and not tried."""
    collection(act, "deliveries").update_many(
        within(act.scope, {"_id": {"$in": list(ids)}, "lease.by": by}), {"$unset": {"lease": ""}}
    )


def begin_attempts(act: Act, rows: Iterable[dict[str, Any]]) -> None:
    """Write into the ledger that attempts begin."""
    operations = [InsertOne(row) for row in rows]
    if operations:
        collection(act, "attempts").bulk_write(operations, ordered=False, session=act.session)


def end_attempts(act: Act, ended: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Complete attempts in the ledger. Those of one outcome are completed by one write."""
    alike: dict[tuple[str, str | None], list[str]] = {}
    for id, row in ended:
        alike.setdefault((row["outcome"], row["code"]), []).append(id)
    operations = [
        UpdateMany(
            within(act.scope, {"_id": {"$in": ids}}),
            {"$set": {"outcome": outcome, "code": code, "ended": act.now}},
        )
        for (outcome, code), ids in alike.items()
    ]
    if operations:
        collection(act, "attempts").bulk_write(operations, ordered=False, session=act.session)


def abandon_attempts(act: Act, deliveries: Sequence[str]) -> None:
    """Attempts that a former sender began and never completed: their outcome is unknown."""
    if not deliveries:
        return
    collection(act, "attempts").bulk_write(
        [
            UpdateMany(
                within(act.scope, {"delivery": {"$in": list(deliveries)}, "outcome": "begun"}),
                {"$set": {"outcome": "unknown", "ended": act.now}},
            )
        ],
        session=act.session,
    )


def attempts(act: Act, message: str) -> list[dict[str, Any]]:
    """The ledger of one message, oldest first."""
    wanted = within(act.scope, {"message": message})
    return list(collection(act, "attempts").find(wanted, session=act.session).sort("began", 1))


def of_message(act: Act, message: str) -> list[Stored[Delivery]]:
    """Every delivery of a message."""
    return list(DELIVERIES.each(act, {"state.message": message}))


def worst(act: Act, messages: Sequence[str]) -> dict[str, str]:
    """By message the status of the delivery that an operator has to see first."""
    rows = collection(act, "deliveries").find(
        within(act.scope, {"state.message": {"$in": list(messages)}}),
        {"state.message": 1, "state.status": 1, "state.urgency": 1},
        session=act.session,
    )
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row["state"]["urgency"], reverse=True):
        found[row["state"]["message"]] = row["state"]["status"]
    return found


def page(
    act: Act, wanted: dict[str, Any], limit: int, after: str | None
) -> tuple[list[Stored[Delivery]], str | None]:
    """Deliveries, what went wrong first, and where the next page begins."""
    filter = dict(wanted)
    if after is not None:
        urgency, _, id = after.partition("_")
        place = int(urgency)
        filter["$or"] = [
            {"state.urgency": {"$gt": place}},
            {"state.urgency": place, "_id": {"$gt": id}},
        ]
    rows = list(
        collection(act, "deliveries")
        .find(within(act.scope, filter), session=act.session)
        .sort([("state.urgency", 1), ("_id", 1)])
        .limit(limit + 1)
    )
    items = [DELIVERIES.stored(row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return items, f"{last.state.urgency}_{last.id}" if last else None
