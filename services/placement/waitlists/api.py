"""JSON endpoints of waitlists: who waits in which order, and a seat offered by hand."""

from dataclasses import asdict

from pydantic import AwareDatetime, BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.placement.waitlists import operations

routes = Routes("waitlists", "/api/v1/waitlists")


class WaitingPath(BaseModel):
    """Which placement waits."""

    placement_id: str


class WaitlistQuery(BaseModel):
    """Of which campaign."""

    campaign: str


class WaitingView(BaseModel):
    """One who waits. `place` counts today's line, `position` is the number that was told."""

    placement: str
    place: int
    position: int | None
    school: str
    group: str | None
    applicant: str | None
    people: int
    reason_code: str | None


class LastTimeView(BaseModel):
    """How far the list of the campaign before moved: of `waited`, `seated` got a seat in the end,
    and `furthest` was the last position reached."""

    campaign: str
    waited: int
    seated: int
    furthest: int


class WaitlistView(BaseModel):
    """The line, first place first."""

    items: list[WaitingView]
    last_time: LastTimeView | None


class OfferBody(Body):
    """Which sessions, in the order of the visit, and until when school and hosts answer."""

    sessions: list[str] = Field(min_length=1, max_length=10)
    confirm_by: AwareDatetime | None = None
    reply_by: AwareDatetime | None = None


@routes.query("", roles=(Role.CENTRE, Role.SCHOOL), answer=WaitlistView)
def index(act: Act, query: WaitlistQuery) -> WaitlistView:
    """The waitlist of a campaign; a school sees its own groups in it."""
    rows = [
        WaitingView(
            placement=found.id,
            place=place,
            position=found.state.position,
            school=found.state.school,
            group=found.state.group,
            applicant=found.state.applicant,
            people=found.state.people,
            reason_code=found.state.reason_code,
        )
        for place, found in operations.positions(operations.show(act, query.campaign))
    ]
    before = operations.last_time(act, query.campaign)
    last = None if before is None else LastTimeView(**asdict(before))
    return WaitlistView(items=rows, last_time=last)


@routes.command("POST", "/<placement_id>/offer", roles=(Role.CENTRE,))
def offer(act: Act, path: WaitingPath, body: OfferBody) -> Receipt:
    """Offer seats to a group that waits or was postponed; the last seat goes once."""
    return operations.offer(act, path.placement_id, body.sessions, body.confirm_by, body.reply_by)
