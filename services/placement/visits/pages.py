"""Pages of a school after the release: its groups' visits, and what can be done about each."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from flask import Response, make_response, redirect, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.errors import Invalid, Refused
from chassis.http.app import held
from chassis.http.calendars import Entry, calendar
from chassis.http.mends import Mends, mends
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.links import Purpose
from chassis.roles import Role
from services.placement.moves import operations as moves
from services.placement.placements import operations as placements
from services.placement.visits import linked, operations, sharing
from services.placement.visits.operations import Visit
from services.placement.visits.typed import day, fault, field, number, page

TEMPLATES = Path(__file__).parent / "templates"
SCHOOL = (Role.SCHOOL,)
REASONS = ("school_event", "date_conflict", "transport", "people_missing", "other")

routes = Routes("visits", templates=str(TEMPLATES))
linked.add(routes)


class VisitPath(BaseModel):
    """Which placement."""

    placement_id: str


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
    chosen = field("reason_code")
    reason = chosen if chosen in REASONS else "other"
    placements.withdraw(act, path.placement_id, reason, field("reason"))
    return _to(path.placement_id)


@routes.form("/placements/<placement_id>/confirm", roles=SCHOOL)
def confirm(act: Act, path: VisitPath) -> Response:
    """Say yes, with date and number of the school's own approval if it wants them on record."""
    return _done(act, path.placement_id, lambda: _confirmed(act, path.placement_id))


@routes.form("/placements/<placement_id>/condition", roles=SCHOOL)
def condition(act: Act, path: VisitPath) -> Response:
    """Take what a host would accept instead, or leave it."""

    def work() -> None:
        takes = {"take": True, "leave": False}.get(field("do"))
        if takes is None:
            raise Invalid([fault("do", "missing")])
        operations.decide(act, path.placement_id, field("booking"), takes)

    return _done(act, path.placement_id, work)


@routes.form("/placements/<placement_id>/people", roles=SCHOOL)
def people(act: Act, path: VisitPath) -> Response:
    """Come with fewer people."""

    def work() -> None:
        operations.change_people(act, path.placement_id, number("people"))

    return _done(act, path.placement_id, work)


@routes.form("/placements/<placement_id>/attendance", roles=SCHOOL)
def attendance(act: Act, path: VisitPath) -> Response:
    """All came but so many."""

    def work() -> None:
        found = operations.visit(act, path.placement_id)
        operations.attend(act, found, number("absent"))

    return _done(act, path.placement_id, work)


@routes.form("/placements/<placement_id>/hold", roles=SCHOOL)
def hold(act: Act, path: VisitPath) -> Response:
    """Keep free seats for half an hour."""
    return _done(act, path.placement_id, lambda: moves.hold(act, path.placement_id, _sessions()))


@routes.form("/placements/<placement_id>/take", roles=SCHOOL)
def take(act: Act, path: VisitPath) -> Response:
    """Say yes to the seats that are kept."""

    def work() -> None:
        approved = day("approved_on")
        moves.take(act, path.placement_id, approved, field("document_number") or None)

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
    purpose = Purpose.ESCORT if field("for") == "escort" else Purpose.VISIT
    text = sharing.shown_by(act, path.placement_id, purpose)
    address = f"{held().settings.public_address}{url_for('visits.enter', link=text)}"
    return _one(act, path.placement_id, link=(purpose.name.lower(), address))


@routes.page("/placements/<placement_id>/visit.ics", roles=SCHOOL)
def entry(act: Act, path: VisitPath) -> Response:
    """The visit for a calendar, one entry for each stop."""
    found = operations.visit(act, path.placement_id)
    return _calendar(found)


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
    return page(
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
        said={name: field(name) for name in ("approved_on", "document_number", "people", "absent")},
    )


def _done(act: Act, id: str, work: Callable[[], object]) -> Response:
    """Do it and go back to the page; what is refused stands on the page, all typed kept."""
    try:
        work()
    except (Invalid, Refused) as refused:
        return _one(act, id, _also(), mends(refused), refused.status)
    return _to(id)


def _confirmed(act: Act, id: str) -> None:
    placements.confirm(act, id, day("approved_on"), field("document_number") or None)


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


def _also() -> date | None:
    try:
        return date.fromisoformat(field("also"))
    except ValueError:
        return None


def _sessions() -> list[str]:
    return [one for one in field("sessions").split(",") if one]


def _to(id: str) -> Response:
    return redirect(url_for("visits.one", placement_id=id), 303)  # type: ignore[return-value]
