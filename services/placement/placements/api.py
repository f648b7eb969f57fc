"""JSON endpoints of placements: schools confirm and withdraw, the centre mends and corrects."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import FieldError, Invalid
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from chassis.scope import Centre, Party
from services.placement.placements import operations
from services.placement.placements.shape import Placement, Status

routes = Routes("placements", "/api/v1/placements")
EVERYONE = (Role.SCHOOL, Role.HOST, Role.CENTRE, Role.OFFICE)
CODE = r"^[a-z][a-z0-9_]{1,60}$"


class PlacementPath(BaseModel):
    """Which placement."""

    placement_id: str


class ConfirmBody(Body):
    """The school's yes, with its own decision (내부결재) if it wants it on record."""

    approved_on: date | None = None
    document_number: str | None = Field(default=None, max_length=60)


class ConfirmManyBody(ConfirmBody):
    """The school's yes to many placements under one decision."""

    placements: list[str] = Field(min_length=1, max_length=100)


class ReasonBody(Body):
    """Why, as a code and in words; the words stay in this service."""

    reason_code: str = Field(pattern=CODE)
    reason: str = Field(default="", max_length=500)


class AttendanceBody(Body):
    """How many came."""

    attended: int = Field(ge=0, le=10_000)


class CorrectionBody(Body):
    """What was wrong, for those concerned, in one correction notice."""

    placements: list[str] = Field(min_length=1, max_length=100)
    what_code: str = Field(pattern=CODE)
    text: str = Field(min_length=1, max_length=1000)


class OneCorrectionBody(Body):
    """What was wrong with one placement's notice."""

    what_code: str = Field(pattern=CODE)
    text: str = Field(min_length=1, max_length=1000)


class StopView(BaseModel):
    """One stop of the visit."""

    booking: str
    session: str
    offer: str
    host: str
    team: str | None
    start: datetime
    end: datetime
    accepted: bool
    safe: bool
    lost: bool


class PartView(BaseModel):
    """People who go together, with their stops."""

    people: int
    stops: list[StopView]


class ChangeView(BaseModel):
    """One line of the history."""

    what: str
    by: str
    at: datetime
    why: str


class CorrectionView(BaseModel):
    """A correction notice."""

    correction: str
    what_code: str
    text: str
    at: datetime


class PlacementView(BaseModel):
    """A placement; a host sees only its own stops, and history is for school and centre."""

    id: str
    version: int
    status: Status
    campaign: str
    run: str
    school: str
    group: str | None
    applicant: str | None
    people: int
    parts: list[PartView]
    released: bool
    confirm_by: datetime | None
    approved: bool
    approved_on: str | None
    document_number: str | None
    wish_rank: int | None
    position: int | None
    reserve_rank: int | None
    reason_code: str | None
    facts: dict[str, int]
    reason: str
    offered: int | None
    confirmed: int | None
    attended: int | None
    corrections: list[CorrectionView]
    history: list[ChangeView]


class PlacementsQuery(BaseModel):
    """Which placements, and where the page begins."""

    campaign: str | None = None
    status: Status | None = None
    school: str | None = None
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = None
    after: str | None = None


class PlacementsView(BaseModel):
    """A page of placements."""

    items: list[PlacementView]
    next: str | None


def view(act: Act, stored: Stored[Placement]) -> PlacementView:
    """The placement as its reader may see it."""
    placement = stored.state
    host = act.scope.id if isinstance(act.scope, Party) else None
    if host == placement.school:
        host = None
    own = host is None
    parts = [
        PartView(
            people=part.people,
            stops=[
                StopView.model_validate(stop.model_dump())
                for stop in part.stops
                if own or stop.host == host
            ],
        )
        for part in placement.parts
    ]
    approval = placement.approval
    return PlacementView(
        id=stored.id,
        version=stored.version,
        parts=[part for part in parts if part.stops],
        approved=approval is not None,
        approved_on=approval.approved_on if own and approval else None,
        document_number=approval.document_number if own and approval else None,
        reason=placement.reason if own else "",
        corrections=[
            CorrectionView.model_validate(one.model_dump()) for one in placement.corrections
        ],
        history=[ChangeView.model_validate(one.model_dump()) for one in placement.history]
        if isinstance(act.scope, Centre) or (own and placement.released)
        else [],
        **placement.model_dump(
            include={
                "status",
                "campaign",
                "run",
                "school",
                "group",
                "applicant",
                "people",
                "released",
                "confirm_by",
                "wish_rank",
                "position",
                "reserve_rank",
                "reason_code",
                "facts",
                "offered",
                "confirmed",
                "attended",
            }
        ),
    )


@routes.query("", roles=EVERYONE, answer=PlacementsView)
def index(act: Act, query: PlacementsQuery) -> PlacementsView:
    """The placements of the reader: a school's after the release, a centre's all."""
    status = None if query.status is None else [query.status]
    page = operations.page(act, query.campaign, status, query.school, query.limit, query.cursor)
    return PlacementsView(items=[view(act, row) for row in page.items], next=page.next)


@routes.query("/<placement_id>", roles=EVERYONE, answer=PlacementView)
def show(act: Act, path: PlacementPath) -> PlacementView:
    """One placement."""
    return view(act, operations.show(act, path.placement_id))


@routes.command("POST", "/<placement_id>/confirm", roles=(Role.SCHOOL,))
def confirm(act: Act, path: PlacementPath, body: ConfirmBody) -> Receipt:
    """The school says yes, before the date it was given."""
    day = None if body.approved_on is None else body.approved_on.isoformat()
    return operations.confirm(act, path.placement_id, day, body.document_number)


@routes.command("POST", "/confirmations", roles=(Role.SCHOOL,))
def confirm_many(act: Act, body: ConfirmManyBody) -> Receipt:
    """The school says yes to many at once; what cannot be confirmed is named with its code."""
    day = None if body.approved_on is None else body.approved_on.isoformat()
    return operations.confirm_many(act, body.placements, day, body.document_number)


@routes.command("POST", "/<placement_id>/withdraw", roles=(Role.SCHOOL,))
def withdraw(act: Act, path: PlacementPath, body: ReasonBody) -> Receipt:
    """The school gives its seats back; the waitlist moves up."""
    return operations.withdraw(act, path.placement_id, body.reason_code, body.reason)


@routes.command("POST", "/<placement_id>/cancel", roles=(Role.CENTRE,))
def cancel(act: Act, path: PlacementPath, body: ReasonBody) -> Receipt:
    """The visit does not take place."""
    return operations.cancel(act, path.placement_id, body.reason_code, body.reason)


@routes.command("POST", "/<placement_id>/postpone", roles=(Role.CENTRE,))
def postpone(act: Act, path: PlacementPath, body: ReasonBody) -> Receipt:
    """The visit takes place another time, which is offered again."""
    return operations.postpone(act, path.placement_id, body.reason_code, body.reason)


@routes.command("POST", "/<placement_id>/attendance", roles=(Role.SCHOOL, Role.HOST, Role.CENTRE))
def attendance(act: Act, path: PlacementPath, body: AttendanceBody) -> Receipt:
    """Record how many came; offered and confirmed numbers stay."""
    return operations.attend(act, path.placement_id, body.attended)


@routes.command("POST", "/<placement_id>/correct", roles=(Role.CENTRE,))
def correct_one(act: Act, path: PlacementPath, body: OneCorrectionBody) -> Receipt:
    """One correction notice (정정) about one placement."""
    operations.show(act, path.placement_id)
    return operations.correct(act, [path.placement_id], body.what_code, body.text)


@routes.command("POST", "/corrections", roles=(Role.CENTRE,))
def correct(act: Act, body: CorrectionBody) -> Receipt:
    """One correction notice (정정) for all concerned."""
    if len(set(body.placements)) < len(body.placements):
        raise Invalid([FieldError("/placements", "placement_twice")])
    return operations.correct(act, body.placements, body.what_code, body.text)
