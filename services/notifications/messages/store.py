"""Notices and messages in MongoDB."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo import IndexModel, UpdateOne

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Stored
from chassis.scope import within
from services.notifications.messages.model import Called, Message, Notice

BUNDLED_MOST = 5000
"""Notices that are gathered at one time at the most; the rest make the next digests."""

NOTICES: Aggregates[Notice] = Aggregates(
    "notices",
    None,
    Notice,
    lambda state: Owners(
        centre=state.centre, parties=(state.organisation,) if state.organisation else ()
    ),
    indexes=[
        IndexModel(
            [("state.due_at", 1)],
            name="waiting",
            partialFilterExpression={"state.status": "waiting"},
        ),
        IndexModel(
            [("state.bundle", 1)],
            name="waiting_bundle",
            partialFilterExpression={"state.status": "waiting"},
        ),
    ],
)

MESSAGES: Aggregates[Message] = Aggregates(
    "messages",
    None,
    Message,
    lambda state: Owners(centre=state.centre, parties=(state.organisation,)),
    indexes=[
        IndexModel([("state.organisation", 1), ("created", -1), ("_id", -1)]),
        # A search reads the names from the index alone.
        IndexModel(
            [
                ("centre", 1),
                ("created", -1),
                ("_id", -1),
                ("state.common.organisation", 1),
                ("state.common.campaign", 1),
                ("state.intent", 1),
            ],
            name="called",
        ),
    ],
)


def present(act: Act, aggregates: Aggregates[Any], ids: Iterable[str]) -> set[str]:
    """Which of these ids exist."""
    wanted = within(act.scope, {"_id": {"$in": list(ids)}})
    rows = collection(act, aggregates.name).find(wanted, {"_id": 1}, session=act.session)
    return {row["_id"] for row in rows}


def due(act: Act, limit: int) -> list[Stored[Notice]]:
    """Waiting notices whose time has come, those to expand first, oldest first."""
    wanted = within(act.scope, {"state.status": "waiting", "state.due_at": {"$lte": act.now}})
    rows = collection(act, "notices").find(wanted, session=act.session)
    return [NOTICES.stored(row) for row in rows.sort("state.due_at", 1).limit(limit)]


def bundled(act: Act, bundles: Sequence[str]) -> list[Stored[Notice]]:
    """The waiting notices of these bundles, due or not, in the order of their making."""
    wanted = {"state.status": "waiting", "state.bundle": {"$in": list(bundles)}}
    rows = collection(act, "notices").find(within(act.scope, wanted), session=act.session)
    rows = rows.sort([("state.created_at", 1), ("_id", 1)]).limit(BUNDLED_MOST)
    return [NOTICES.stored(row) for row in rows]


def put_off(act: Act, later: Iterable[tuple[str, datetime]]) -> None:
    """Look at these notices again later."""
    operations = [
        UpdateOne(
            within(act.scope, {"_id": id, "state.status": "waiting"}),
            {"$set": {"state.due_at": at}, "$inc": {"state.looks": 1}},
        )
        for id, at in later
    ]
    if operations:
        collection(act, "notices").bulk_write(operations, ordered=False, session=act.session)


def settle(act: Act, settled: Iterable[tuple[str, str, str | None]]) -> int:
    """Mark notices as planned or dropped, with their message. Returns how many were waiting."""
    operations = [
        UpdateOne(
            within(act.scope, {"_id": id, "state.status": "waiting"}),
            {"$set": {"state.status": status, "state.message": message, "changed": act.now}},
        )
        for id, status, message in settled
    ]
    if not operations:
        return 0
    done = collection(act, "notices").bulk_write(operations, ordered=False, session=act.session)
    return done.matched_count


def by_id(act: Act, ids: Iterable[str]) -> dict[str, Stored[Message]]:
    """Messages by id."""
    wanted = within(act.scope, {"_id": {"$in": sorted(set(ids))}})
    rows = collection(act, "messages").find(wanted, session=act.session)
    return {row["_id"]: MESSAGES.stored(row) for row in rows}


def inbox(
    act: Act, organisation: str, limit: int, after: str | None
) -> tuple[list[Stored[Message]], str | None]:
    """The organisation's messages, newest first, and where the next page begins."""
    wanted: dict[str, Any] = {"state.organisation": organisation, "state.in_inbox": True}
    if after is not None:
        stamp, _, id = after.partition("_")
        at = datetime.fromisoformat(stamp)
        wanted["$or"] = [{"created": {"$lt": at}}, {"created": at, "_id": {"$lt": id}}]
    rows = list(
        collection(act, "messages")
        .find(within(act.scope, wanted), session=act.session)
        .sort([("created", -1), ("_id", -1)])
        .limit(limit + 1)
    )
    items = [MESSAGES.stored(row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return items, f"{last.created.isoformat()}_{last.id}" if last else None


def called(act: Act, pattern: str, intents: Sequence[str], most: int) -> list[Called]:
    """Messages by whom they went to, by their campaign's name, or of these kinds; newest first."""
    fits = {"$regex": pattern, "$options": "i"}
    wanted = {
        "$or": [
            {"state.common.organisation": fits},
            {"state.common.campaign": fits},
            {"state.intent": {"$in": list(intents)}},
        ]
    }
    shown = {"created": 1, "state.intent": 1}
    rows = (
        collection(act, "messages")
        .find(
            within(act.scope, wanted),
            {**shown, "state.common.organisation": 1, "state.common.campaign": 1},
            session=act.session,
        )
        .sort([("created", -1), ("_id", -1)])
        .limit(most)
    )
    return [
        Called(
            row["_id"],
            row["state"]["intent"],
            row["state"]["common"].get("organisation"),
            row["state"]["common"].get("campaign"),
            row["created"],
        )
        for row in rows
    ]
