"""The releases of each campaign in MongoDB: one document a campaign."""

from chassis.documents import Aggregates, Owners
from chassis.facts import derived_id
from services.placement.releases.model import Releases

releases = Aggregates(
    "releases",
    "placement.runs",
    Releases,
    lambda state: Owners(centre=state.centre),
)


def id_of(campaign: str) -> str:
    """The id of a campaign's releases."""
    return derived_id("releases", campaign)
