"""JSON endpoint for who has answered a campaign and who has not."""

from pydantic import BaseModel

from chassis.act import Act
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.closing import operations
from services.registration.views import Id

routes = Routes("answers", "/api/v1/campaigns")


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


class AnswerView(BaseModel):
    """A school and the status of its survey; null: nothing was begun."""

    school: str
    name: str
    status: str | None


class AnswersView(BaseModel):
    """Who has answered and who has not; those who have not come first."""

    items: list[AnswerView]
    answered: int
    missing: int


@routes.query("/<campaign_id>/answers", roles=(Role.CENTRE,), answer=AnswersView)
def answers(act: Act, path: CampaignPath) -> AnswersView:
    """Who has answered, of the schools that the centre serves."""
    rows = operations.answers(act, path.campaign_id)
    done = sum(1 for row in rows if row.status in ("submitted", "amended"))
    return AnswersView(
        items=[AnswerView(school=row.school, name=row.name, status=row.status) for row in rows],
        answered=done,
        missing=len(rows) - done,
    )
