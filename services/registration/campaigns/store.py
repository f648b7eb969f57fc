"""Campaigns in MongoDB."""

from collections.abc import Sequence
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
    indexes=[[("public", 1), ("_id", 1)]],
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


def with_beside(act: Act, id: str, stages: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """One campaign's document within scope, with what the stages bring along."""
    rows = collection(act, campaigns.name).aggregate(
        [{"$match": within(act.scope, {"_id": id})}, *stages], session=act.session
    )
    return next(iter(rows), None)
