"""Pages of a school after the release, and of those to whom it sends a link to one visit."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from flask import Response, current_app, make_response, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.context import Context
from chassis.errors import FieldError, Invalid, NotFound, Refused
from chassis.http.calendars import Entry, calendar
from chassis.http.mends import Mends, mends
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.links import LONGEST, Purpose
from chassis.roles import Role
from services.placement.moves import operations as moves
from services.placement.placements import operations as placements
from services.placement.visits import operations, sharing
from services.placement.visits.operations import Visit

TEMPLATES = Path(__file__).parent / "templates"
SCHOOL = (Role.SCHOOL,)
ANYONE = (Role.PUBLIC,)
LINK = "visit_link"
REASONS = ("school_event", "date_conflict", "transport", "people_missing", "other")
MOST_WORDS = 500

routes = Routes("visits", templates=str(TEMPLATES))


class VisitPath(BaseModel):
    """Which placement."""

    placement_id: str


class LinkPath(BaseModel):
    """The link that an escort or a reader was given."""

    link: str = Field(max_length=LONGEST)


class AlsoQuery(BaseModel):
    """A further day on which the group could come, and whether the change is the question."""

    also: date | None = None


@routes.page("/placements", roles=SCHOOL)
def results(act: Act) -> str:
    """Every group of the school with its visit, or with the reason why there is none."""
    return render("visits/results.html", campaigns=operations.results(act))


@routes.page("/placements/<placement_id>", roles=SCHOOL)
def one(act: Act, path: VisitPath, query: AlsoQuery) -> Response:
    """One group's visit, and what can be done about it."""
    return _one(act, path.placement_id, query.also)


@routes.page("/placements/<placement_id>/withdraw", roles=SCHOOL)
def withdrawing(act: Act, path: VisitPath) -> str:
    """What withdrawing does, before it is done."""
    found = operations.visit(act, path.placement_id)
    return render("visits/withdraw.html", visit=found, reasons=REASONS)


@routes.form("/placements/<placement_id>/withdraw", roles=SCHOOL)
def withdraw(act: Act, path: VisitPath) -> Response:
    """Give the seats, or the place in the line, back."""
    chosen = _field("reason_code")
    reason = chosen if chosen in REASONS else "other"
    placements.withdraw(act, path.placement_id, reason, _field("reason"))
    return _to(path.placement_id)


@routes.form("/placements/<placement_id>/confirm", roles=SCHOOL)
def confirm(act: Act, path: VisitPath) -> Response:
    """Say yes, with date and number of the school's own approval if it wants them on record."""
    return _done(act, path.placement_id, lambda: _confirmed(act, path.placement_id))


@routes.form("/placements/<placement_id>/condition", roles=SCHOOL)
def condition(act: Act, path: VisitPath) -> Response:
    """Take what a host would accept instead, or leave it."""

    def work() -> None:
        takes = {"take": True, "leave": False}.get(_field("do"))
        if takes is None:
            raise Invalid([_fault("do", "missing")])
        operations.decide(act, path.placement_id, _field("booking"), takes)

    return _done(act, path.placement_id, work)


@routes.form("/placements/<placement_id>/people", roles=SCHOOL)
def people(act: Act, path: VisitPath) -> Response:
    """Come with fewer people."""

    def work() -> None:
        operations.change_people(act, path.placement_id, _number("people"))

    return _done(act, path.placement_id, work)


@routes.form("/placements/<placement_id>/attendance", roles=SCHOOL)
def attendance(act: Act, path: VisitPath) -> Response:
    """All came but so many."""

    def work() -> None:
        found = operations.visit(act, path.placement_id)
        operations.attend(act, found, _number("absent"))

    return _done(act, path.placement_id, work)


@routes.form("/placements/<placement_id>/hold", roles=SCHOOL)
def hold(act: Act, path: VisitPath) -> Response:
    """Keep free seats for half an hour."""
    return _done(act, path.placement_id, lambda: moves.hold(act, path.placement_id, _sessions()))


@routes.form("/placements/<placement_id>/take", roles=SCHOOL)
def take(act: Act, path: VisitPath) -> Response:
    """Say yes to the seats that are kept."""

    def work() -> None:
        approved = _day("approved_on")
        moves.take(act, path.placement_id, approved, _field("document_number") or None)

    return _done(act, path.placement_id, work)


@routes.form("/placements/<placement_id>/leave", roles=SCHOOL)
def leave(act: Act, path: VisitPath) -> Response:
    """Let go of the seats that are kept."""
    return _done(act, path.placement_id, lambda: moves.leave(act, path.placement_id))


@routes.form("/placements/<placement_id>/exchange", roles=SCHOOL)
def exchange(act: Act, path: VisitPath) -> Response:
    """Take other seats instead."""
    return _done(
        act, path.placement_id, lambda: moves.exchange(act, path.placement_id, _sessions())
    )


@routes.form("/placements/<placement_id>/ask", roles=SCHOOL)
def ask_for(act: Act, path: VisitPath) -> Response:
    """Ask the centre for seats that others would have to make free."""
    return _done(act, path.placement_id, lambda: moves.ask_for(act, path.placement_id, _sessions()))


@routes.form("/placements/<placement_id>/link", roles=SCHOOL, keyed=False)
def link(act: Act, path: VisitPath) -> Response:
    """Make a link to send on: for the escort, or for whoever is to see the visit."""
    purpose = Purpose.ESCORT if _field("for") == "escort" else Purpose.VISIT
    text = sharing.shown_by(act, path.placement_id, purpose)
    address = f"{_held().settings.public_address}{url_for('visits.enter', link=text)}"
    return _one(act, path.placement_id, link=(purpose.name.lower(), address))


@routes.page("/placements/<placement_id>/visit.ics", roles=SCHOOL)
def entry(act: Act, path: VisitPath) -> Response:
    """The visit for a calendar, one entry for each stop."""
    found = operations.visit(act, path.placement_id)
    return _calendar(found)


@routes.page("/v/<link>", roles=ANYONE)
def enter(act: Act, path: LinkPath) -> Response:
    """Open a link to one visit; it goes on in a cookie, so that the address stays clean."""
    if sharing.linked(act, path.link) is None:
        raise NotFound()
    response: Response = redirect(url_for("visits.day"), 303)  # type: ignore[assignment]
    held = _held()
    response.set_cookie(
        LINK,
        path.link,
        path=f"{held.settings.mount}/day",
        secure=held.settings.secure,
        httponly=True,
        samesite="Lax",
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.page("/day", roles=ANYONE)
def day(act: Act) -> Response:
    """The day's sheet for whom the link was made; an escort records who is missing."""
    return _sheet(act, [], 200)


@routes.form("/day/attendance", roles=ANYONE)
def escort(act: Act) -> Response:
    """The escort says who is missing."""
    found = sharing.linked(act, request.cookies.get(LINK, ""))
    if found is None:
        raise NotFound()
    try:
        sharing.attend_by_link(act, found, _number("absent"))
    except (Invalid, Refused) as refused:
        return _sheet(act, mends(refused), refused.status)
    return redirect(url_for("visits.day"), 303)  # type: ignore[return-value]


def _sheet(act: Act, found: Mends, status: int) -> Response:
    link = sharing.linked(act, request.cookies.get(LINK, ""))
    if link is None:
        raise NotFound()
    visit = sharing.of_link(act, link)
    escorted = link.purpose is Purpose.ESCORT and sharing.is_today(visit)
    return _page(
        "day",
        status,
        visit=visit,
        escorted=escorted,
        found=found,
        errors=dict(found),
        typed=_field("absent"),
    )


def _one(
    act: Act,
    id: str,
    also: date | None = None,
    found: Mends | None = None,
    status: int = 200,
    link: tuple[str, str] | None = None,
) -> Response:
    visit = operations.visit(act, id)
    asks = visit.state.status == "waitlisted" or visit.ahead
    days = moves.days(act, id) if asks and visit.state.group else []
    choices = moves.choices(act, id, {also}) if also is not None and also in days else None
    nobody_free = also is not None and choices == []
    return _page(
        "one",
        status,
        visit=visit,
        days=days,
        also=also if also in days else None,
        choices=choices,
        elsewhere=moves.if_others_move(act, id, {also}) if nobody_free and also else None,
        asked_for=asks and moves.is_asked_for(act, id),
        titles=operations.titles(act, choices or ()),
        link=link,
        found=found or [],
        errors=dict(found or []),
        said={
            name: _field(name) for name in ("approved_on", "document_number", "people", "absent")
        },
    )


def _done(act: Act, id: str, work: Callable[[], object]) -> Response:
    """Do it and go back to the page; what is refused stands on the page, all typed kept."""
    try:
        work()
    except (Invalid, Refused) as refused:
        return _one(act, id, _also(), mends(refused), refused.status)
    return _to(id)


def _confirmed(act: Act, id: str) -> None:
    placements.confirm(act, id, _day("approved_on"), _field("document_number") or None)


def _calendar(found: Visit) -> Response:
    entries = [
        Entry(
            id=halt.stop.booking,
            start=halt.stop.start,
            end=halt.stop.end,
            title=halt.offer.content.title if halt.offer else found.campaign or "",
            place=halt.offer.content.place if halt.offer else "",
            words=halt.offer.content.meeting_point if halt.offer else "",
            sequence=found.version,
        )
        for _, halts in found.parts
        for halt in halts
    ]
    response = make_response(calendar(entries, found.now))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return response


def _page(name: str, status: int, **data: object) -> Response:
    response = make_response(render(f"visits/{name}.html", **data), status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _field(name: str) -> str:
    return request.form.get(name, "").strip()[:MOST_WORDS]


def _number(name: str) -> int:
    text = _field(name)
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise Invalid([_fault(name, "not_a_number")])
    return int(text)


def _day(name: str) -> str | None:
    text = _field(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Invalid([_fault(name, "not_a_day")]) from None


def _fault(name: str, code: str) -> FieldError:
    return FieldError(f"/{name}", code)


def _also() -> date | None:
    try:
        return date.fromisoformat(_field("also"))
    except ValueError:
        return None


def _sessions() -> list[str]:
    return [one for one in _field("sessions").split(",") if one]


def _to(id: str) -> Response:
    return redirect(url_for("visits.one", placement_id=id), 303)  # type: ignore[return-value]


def _held() -> Context:
    held: Context = current_app.extensions["ieum"]
    return held
