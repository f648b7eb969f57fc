"""How a service stands: what waits, how long, who holds which lease, and what wants a look."""

from typing import Any

from chassis import away, leases, outboxes
from chassis.context import Context
from chassis.events import dead_letters, roles
from chassis.events.broker import Place
from chassis.events.consumer import Follower
from chassis.events.topics import Admin
from chassis.service import Service

Found = dict[str, object]
PARKED_MOST = 50
OLD_SECONDS = 60.0
"""An event that waits longer is not on its way any more: see OutboxStuck in the runbook."""


def status(context: Context, service: Service) -> list[Found]:
    """All of it; the lag needs the broker, and a broker that is away is itself a finding."""
    rows = measured(context, service)
    for one in roles.followers(context, service):
        try:
            rows.append(_row(f"{one.group}: lag", _lag(context, one), False))
        except Exception as error:
            if away.away(error) is None:
                raise
            rows.append(_row(f"{one.group}: lag", "unknown, the broker does not answer", True))
    return rows


def measured(context: Context, service: Service) -> list[Found]:
    """What waits and what wants a look, as far as the database alone can tell."""
    database = context.database
    waiting = outboxes.waiting(database, service.aggregates)
    age = waiting.oldest_seconds
    rows = [
        _row("aggregates with events to publish", waiting.aggregates, False),
        _row("oldest event to publish, seconds", round(age), age > OLD_SECONDS),
        _row("quarantined events", waiting.quarantined, waiting.quarantined > 0),
    ]
    for follower in roles.followers(context, service):
        parked = database["parked"].count_documents({"group": follower.group})
        dead = len(dead_letters.listed(follower))
        rows.append(_row(f"{follower.group}: parked", parked, parked > 0))
        rows.append(_row(f"{follower.group}: dead letters", dead, dead > 0))
    return [*rows, *_leases(context)]


def _row(what: str, value: object, look: bool) -> Found:
    return {"what": what, "value": value, "state": "look" if look else "ok"}


def _leases(context: Context) -> list[Found]:
    """Who does each role. One that crashed is back in seconds, so it wants a look after more."""
    return [
        _row(f"lease {role}", ", ".join(one.owners) or "free", one.free_seconds > OLD_SECONDS)
        for role, one in leases.held(context.database).items()
    ]


def _lag(context: Context, follower: Follower) -> int:
    return sum(behind for _, behind in lags(context, follower).values())


def lags(context: Context, follower: Follower) -> dict[Place, tuple[int, int]]:
    """For each partition that a group follows: its next offset, and how many messages it is behind.

    Asks the broker; its errors are the caller's.
    """
    places = {
        (row["topic"], row["partition"]): row["next"]
        for row in context.database["offsets"].find({"group": follower.group})
    }
    if not places:
        return {}
    admin = Admin(context.settings)
    try:
        ends = admin.ends(list(places))
    finally:
        admin.close()
    return {
        place: (offset, max(0, ends[place] - offset)) for place, offset in sorted(places.items())
    }


def parked(context: Context) -> list[dict[str, Any]]:
    """The keys whose messages wait, with how many there are and the first that does.

    They wait behind a dead letter, or for a message with an earlier number.
    """
    found = context.database["parked"].aggregate(
        [
            {
                "$group": {
                    "_id": {"group": "$group", "topic": "$topic", "key": "$key"},
                    "count": {"$sum": 1},
                    "first": {"$min": "$sequence"},
                    "poison": {"$max": {"$eq": ["$why", "poison"]}},
                }
            },
            {"$sort": {"count": -1, "_id": 1}},
            {"$limit": PARKED_MOST},
        ]
    )
    return [{**row["_id"], **row} for row in found]
