"""JSON endpoints of bookings: hosts answer, the centre records what was said on the telephone."""

from datetime import date, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from chassis.scope import Centre, Party
from services.placement.bookings import operations
from services.placement.bookings.shape import Booking, Condition, Status, Telephoned

routes = Routes("bookings", "/api/v1/bookings")


class BookingPath(BaseModel):
    """Which booking."""

    booking_id: str


class ByTelephone(Body):
    """Who said it on the telephone, and when (대리 입력)."""

    spoken_with: str = Field(min_length=1, max_length=80)
    at: AwareDatetime


class AnswerBody(Body):
    """An answer; the centre names whom it spoke to."""

    by_telephone: ByTelephone | None = None


class AcceptManyBody(AnswerBody):
    """An acceptance of many requests at once."""

    bookings: list[str] = Field(min_length=1, max_length=100)


class DeclineBody(AnswerBody):
    """A refusal with its reason."""

    reason_code: str = Field(max_length=60)
    reason: str = Field(default="", max_length=500)


class ConditionBody(AnswerBody):
    """What the host would accept instead: fewer people, another hour of the same day."""

    people: int | None = Field(default=None, ge=1, le=10_000)
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class RefuseBody(Body):
    """Why the condition is not taken."""

    reason: str = Field(default="", max_length=500)


class CancelBody(Body):
    """Why a booking is taken back."""

    reason_code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")
    reason: str = Field(default="", max_length=500)


class SafetyBody(Body):
    """The safety check of a hazardous visit."""

    check_code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")
    date: date
    note: str = Field(default="", max_length=1000)


class EmptyBody(Body):
    """Nothing to say beside the act itself."""


class ChangeView(BaseModel):
    """One line of the history."""

    what: str
    by: str
    at: datetime
    why: str


class ConditionView(BaseModel):
    """What the host would accept instead."""

    people: int | None
    start: datetime | None
    end: datetime | None


class BookingView(BaseModel):
    """A booking; who was spoken to and why is for the centre and the host itself."""

    id: str
    version: int
    status: Status
    campaign: str
    run: str
    placement: str | None
    school: str | None
    group: str | None
    host: str
    offer: str
    offer_version: int
    team: str | None
    session: str
    people: int
    start: datetime
    end: datetime
    reply_by: datetime
    preaccepted: bool
    hazards: list[str]
    safe: bool
    condition: ConditionView | None
    decide_by: datetime | None
    accepted_by: str | None
    spoken_with: str | None
    school_confirmed: bool
    reason_code: str | None
    reason: str
    history: list[ChangeView]


class BookingsQuery(BaseModel):
    """Which bookings, and where the page begins."""

    campaign: str | None = None
    status: Status | None = None
    host: str | None = None
    offer: str | None = None
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = None
    after: str | None = None


class BookingsView(BaseModel):
    """A page of bookings."""

    items: list[BookingView]
    next: str | None


def view(act: Act, stored: Stored[Booking], spoken_with: str | None = None) -> BookingView:
    """The booking as its reader may see it; a name on the telephone is for the centre and host."""
    booking = stored.state
    inside = not isinstance(act.scope, Party) or act.scope.id == booking.host
    state: dict[str, Any] = booking.model_dump(exclude={"history", "hazards", "safety", "spoken"})
    return BookingView.model_validate(
        {
            **state,
            "id": stored.id,
            "version": stored.version,
            "hazards": list(booking.hazards),
            "safe": booking.safe,
            "spoken_with": spoken_with if inside else None,
            "reason": booking.reason if inside else "",
            "history": [line.model_dump() for line in booking.history]
            if isinstance(act.scope, Centre)
            else [],
        }
    )


def _told(body: AnswerBody) -> Telephoned | None:
    said = body.by_telephone
    return None if said is None else Telephoned(spoken_with=said.spoken_with, at=said.at)


@routes.query("", roles=(Role.HOST, Role.CENTRE, Role.SCHOOL, Role.OFFICE), answer=BookingsView)
def index(act: Act, query: BookingsQuery) -> BookingsView:
    """The bookings of the reader: a host's requests, a centre's all."""
    status = None if query.status is None else [query.status]
    page = operations.page(
        act, query.campaign, status, query.host, query.offer, query.limit, query.cursor
    )
    return BookingsView(items=[view(act, row) for row in page.items], next=page.next)


@routes.query(
    "/<booking_id>", roles=(Role.HOST, Role.CENTRE, Role.SCHOOL, Role.OFFICE), answer=BookingView
)
def show(act: Act, path: BookingPath) -> BookingView:
    """One booking."""
    stored = operations.show(act, path.booking_id)
    return view(act, stored, operations.spoken_with(act, stored))


@routes.command("POST", "/<booking_id>/accept", roles=(Role.HOST, Role.CENTRE))
def accept(act: Act, path: BookingPath, body: AnswerBody) -> Receipt:
    """The host accepts."""
    return operations.accept(act, path.booking_id, _told(body))


@routes.command("POST", "/acceptances", roles=(Role.HOST, Role.CENTRE))
def accept_many(act: Act, body: AcceptManyBody) -> Receipt:
    """The host accepts many at once; what cannot be accepted is named with its code."""
    return operations.accept_many(act, body.bookings, _told(body))


@routes.command("POST", "/<booking_id>/decline", roles=(Role.HOST, Role.CENTRE))
def decline(act: Act, path: BookingPath, body: DeclineBody) -> Receipt:
    """The host declines, with a reason; a repair is queued."""
    return operations.decline(act, path.booking_id, body.reason_code, body.reason, _told(body))


@routes.command("POST", "/<booking_id>/condition", roles=(Role.HOST, Role.CENTRE))
def condition(act: Act, path: BookingPath, body: ConditionBody) -> Receipt:
    """The host would accept fewer people or another hour."""
    wanted = Condition(people=body.people, start=body.start, end=body.end)
    return operations.attach_condition(act, path.booking_id, wanted, _told(body))


@routes.command("POST", "/<booking_id>/agree", roles=(Role.SCHOOL, Role.CENTRE))
def agree(act: Act, path: BookingPath, body: EmptyBody) -> Receipt:
    """The school or the centre takes the host's condition."""
    return operations.agree(act, path.booking_id)


@routes.command("POST", "/<booking_id>/refuse", roles=(Role.SCHOOL, Role.CENTRE))
def refuse(act: Act, path: BookingPath, body: RefuseBody) -> Receipt:
    """The school or the centre does not take the host's condition; a repair is queued."""
    return operations.refuse_condition(act, path.booking_id, body.reason)


@routes.command("POST", "/<booking_id>/safety", roles=(Role.CENTRE,))
def safety(act: Act, path: BookingPath, body: SafetyBody) -> Receipt:
    """Record the safety check without which a hazardous visit cannot be confirmed."""
    return operations.check_safety(act, path.booking_id, body.check_code, body.date, body.note)


@routes.command("POST", "/<booking_id>/cancel", roles=(Role.HOST, Role.CENTRE))
def cancel(act: Act, path: BookingPath, body: CancelBody) -> Receipt:
    """Take a booking back, with a reason; a repair is queued."""
    return operations.cancel(act, path.booking_id, body.reason_code, body.reason)
