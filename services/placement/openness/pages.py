"""The public page of a campaign: rules, results, hashes, and how to compute it again."""

from pathlib import Path

from pydantic import BaseModel

from chassis.act import Act
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.openness import operations
from services.placement.openness.operations import MOST_LINES

TEMPLATES = Path(__file__).parent / "templates"
KNOWN = ("placed", "rank", "leximin", "travel", "lottery")
"""The stages of a campaign that have words on the page."""

routes = Routes("openness", templates=str(TEMPLATES))


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: str


@routes.page("/rules/<campaign_id>", roles=(Role.PUBLIC,))
def campaign(act: Act, path: CampaignPath) -> str:
    """Rules and results of one campaign, for anyone."""
    found = operations.campaign(act, path.campaign_id)
    stages = [one for one in found.frame["stages"] if one in KNOWN]
    return render("openness/campaign.html", one=found, stages=stages, most=MOST_LINES)
