"""The days of a campaign over HTTP, for choosing among what there is."""

from datetime import date, datetime

from pydantic import BaseModel

from chassis.act import Act
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.openings import operations
from services.registration.views import Id

routes = Routes("openings", "/api/v1/campaigns")


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


class DayView(BaseModel):
    """One day: why it is closed, or how many sessions and seats open on it, by field."""

    date: date
    closed: str | None
    sessions: int
    seats: int
    fields: dict[str, int]


class DaysView(BaseModel):
    """Every day of the window; what hosts offer is known up to `as_of`."""

    items: list[DayView]
    as_of: datetime


@routes.query("/<campaign_id>/days", roles=(Role.SCHOOL, Role.CENTRE, Role.OFFICE), answer=DaysView)
def days(act: Act, path: CampaignPath) -> DaysView:
    """The days on which sessions open."""
    found = operations.days(act, path.campaign_id)
    return DaysView(
        items=[
            DayView(
                date=day.date,
                closed=day.closed,
                sessions=day.sessions,
                seats=day.seats,
                fields=dict(day.fields),
            )
            for day in found
        ],
        as_of=act.now,
    )
