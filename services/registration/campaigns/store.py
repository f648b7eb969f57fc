"""Campaigns in MongoDB."""

from chassis.act import Act
from chassis.documents import Aggregates, Owners, Page
from services.registration.campaigns.model import Campaign, Status

campaigns: Aggregates[Campaign] = Aggregates(
    "campaigns",
    "registration.campaigns",
    Campaign,
    lambda state: Owners(centre=state.centre, public=state.status is not Status.DRAFT),
    indexes=[[("public", 1), ("_id", 1)]],
)


def page(act: Act, status: Status | None, limit: int, after: str | None) -> Page[Campaign]:
    """A page of the campaigns within scope."""
    wanted = {"state.status": status.value} if status else {}
    return campaigns.find(act, wanted, limit=limit, after=after)
