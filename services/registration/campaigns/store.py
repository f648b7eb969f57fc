"""Campaigns in MongoDB."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page
from chassis.scope import within
from services.registration.campaigns.model import Campaign, Status

campaigns: Aggregates[Campaign] = Aggregates(
    "campaigns",
    "registration.campaigns",
    Campaign,
    lambda state: Owners(centre=state.centre, public=state.status is not Status.DRAFT),
    indexes=[
        [("public", 1), ("_id", 1)],
        # Titles come from the index alone: a closed campaign carries its manifest with it.
        [("centre", 1), ("state.deadline", -1), ("state.name", 1), ("_id", 1)],
    ],
)


def page(
    act: Act,
    centres: Sequence[str] | None,
    status: Status | None,
    limit: int,
    after: str | None,
) -> Page[Campaign]:
    """A page of the campaigns within scope, of certain centres if any are named."""
    wanted: dict[str, Any] = {}
    if centres is not None:
        wanted["state.centre"] = {"$in": list(centres)}
    if status is not None:
        wanted["state.status"] = status.value
    return campaigns.find(act, wanted, limit=limit, after=after)


BENEATH = "beneath"
"""Where a centre's document brings its campaigns along."""
PROGRAMMES = f"{BENEATH}.programme"
"""Where it then names their programmes."""


def beneath(act: Act) -> dict[str, Any]:
    """The stage by which a centre brings the versions of its campaigns within scope along, and
    which programme each is of."""
    return {
        "$lookup": {
            "from": campaigns.name,
            "localField": "_id",
            "foreignField": "centre",
            "pipeline": [
                {"$match": within(act.scope, {})},
                {"$project": {"version": 1, "changed": 1, "programme": "$state.programme"}},
            ],
            "as": BENEATH,
        }
    }


def titles(act: Act, most: int) -> list[tuple[str, str, datetime]]:
    """Id, name and deadline of the campaigns within scope, those that close last first."""
    rows = (
        collection(act, campaigns.name)
        .find(within(act.scope, {}), {"state.deadline": 1, "state.name": 1}, session=act.session)
        .sort("state.deadline", -1)
        .limit(most)
    )
    return [(row["_id"], row["state"]["name"], row["state"]["deadline"]) for row in rows]
