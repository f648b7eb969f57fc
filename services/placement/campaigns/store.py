"""The read models of programmes and campaigns, and every query on them.

An announced campaign is public: its window, deadlines and rules are what schools decide by.
"""

from typing import Any

from pymongo import UpdateOne

from chassis.act import Act, collection
from chassis.events.envelope import Received
from chassis.events.handlers import Write
from chassis.scope import within

CAMPAIGNS = "campaigns"
PROGRAMMES = "programmes"

INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    CAMPAIGNS: [[("centre", 1), ("deadline", 1)]],
    PROGRAMMES: [[("centre", 1)]],
}


def programme_written(event: Received) -> list[Write]:
    """A programme as it was published."""
    row = {**event.data, "parties": [], "public": True}
    return [(PROGRAMMES, UpdateOne({"_id": event.key}, {"$set": row}, upsert=True))]


def campaign_written(event: Received) -> list[Write]:
    """A campaign in full; from its closing on with the manifest."""
    row = {**event.data, "parties": [], "public": True, **_as_of(event)}
    return [(CAMPAIGNS, UpdateOne({"_id": event.key}, {"$set": row}, upsert=True))]


def manifest_amended(event: Received) -> list[Write]:
    """A new manifest after a survey was admitted late."""
    row = {"manifest": event.data["manifest"], **_as_of(event)}
    return [(CAMPAIGNS, UpdateOne({"_id": event.key}, {"$set": row}, upsert=True))]


def campaign(act: Act, id: str) -> dict[str, Any] | None:
    """A campaign within scope."""
    return collection(act, CAMPAIGNS).find_one(within(act.scope, {"_id": id}), session=act.session)


def of_centre(act: Act) -> list[dict[str, Any]]:
    """Every campaign within scope, the latest deadline first."""
    found = collection(act, CAMPAIGNS).find(within(act.scope, {}), session=act.session)
    return list(found.sort([("deadline", -1), ("_id", 1)]))


def programme(act: Act, id: str) -> dict[str, Any] | None:
    """A programme within scope."""
    return collection(act, PROGRAMMES).find_one(within(act.scope, {"_id": id}), session=act.session)


def _as_of(event: Received) -> dict[str, Any]:
    return {"sequence": event.sequence, "as_of": event.time}
