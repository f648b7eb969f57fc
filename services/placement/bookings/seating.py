"""Asking hosts: a request and the seats it holds are made together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.documents import New, Stored
from chassis.errors import Refused
from chassis.facts import Due
from services.placement.bookings import model, store
from services.placement.bookings.operations import noted, without_command
from services.placement.bookings.shape import Booking, Seat


def request(
    seat: Seat,
    *,
    campaign: str,
    run: str,
    placement: str | None,
    school: str | None,
    group: str | None,
    people: int,
    smallest: int,
    grade: int | None,
    reply_by: datetime,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> Booking:
    """The state of a new request for a session, before it is put to the host."""
    return Booking(
        status="asked",
        centre=seat.centre,
        campaign=campaign,
        run=run,
        placement=placement,
        school=school,
        group=group,
        host=seat.host,
        offer=seat.offer,
        offer_version=seat.offer_version,
        team=seat.team,
        session=seat.session,
        people=people,
        smallest=min(smallest, people),
        start=seat.start,
        end=seat.end,
        not_before=not_before,
        not_after=not_after,
        reply_by=reply_by,
        preaccepted=seat.preaccepts(people, grade),
        hazards=seat.hazards,
    )


def asked(act: Act, id: str, booking: Booking) -> New[Booking]:
    """The row that creates a request: asked, or accepted at once by the host's own terms."""
    state, events = model.ask(booking)
    due = [] if state.status != "asked" else [Due(state.reply_by, "expire")]
    return New(id, noted(act, state, "asked"), events, due)


def ask(act: Act, id: str, seat: Seat, booking: Booking) -> tuple[str, Booking]:
    """Hold the seats and create the request, in the act's transaction. Raises Refused.

    A single person joins the roster that her session has already. Returns the booking that serves,
    with its id.
    """
    store.prepare_seats(act, [seat])
    if booking.placement is None and (roster := store.roster(act, seat.session)) is not None:
        return roster.id, _join(act, roster, seat, booking.people)
    store.hold(act, seat, id, booking.people)
    row = asked(act, id, booking)
    store.bookings.create(without_command(act), row.id, row.state, row.events, row.due)
    return row.id, row.state


def _join(act: Act, roster: Stored[Booking], seat: Seat, people: int) -> Booking:
    """More people on a roster: within the session's seats, and within what the host agreed to."""
    booking, total = roster.state, roster.state.people + people
    beyond_terms = booking.accepted_by == "terms" and not seat.preaccepts(total, None)
    if booking.status == "conditioned" or beyond_terms:
        raise Refused("session_full", session=seat.session)
    store.grow(act, seat.session, roster.id, people)
    state, events = model.change_people(booking, total)
    noted_state = noted(act, state, "people_changed")
    store.bookings.save(without_command(act), roster, noted_state, events)
    return state


def hold_many(act: Act, wanted: Sequence[tuple[Seat, str, int]]) -> dict[str, str]:
    """Hold seats for many (seat, booking, people). Returns booking → why it could not be held."""
    store.prepare_seats(act, {seat.session: seat for seat, _, _ in wanted}.values())
    refused = {}
    for seat, booking, people in wanted:
        try:
            store.hold(act, seat, booking, people)
        except Refused as why:
            refused[booking] = why.code
    return refused


def keep(act: Act, wanted: Iterable[Seat], holder: str, people: int) -> None:
    """Hold seats before anybody is asked for them. Raises Refused."""
    seats = list(wanted)
    store.prepare_seats(act, seats)
    for seat in seats:
        store.hold(act, seat, holder, people)


def let_go(act: Act, holder: str) -> None:
    """Give back what `keep` held for this holder."""
    store.let_go_all(act, holder)


def create_many(act: Act, rows: Iterable[New[Booking]]) -> None:
    """Create requests in bulk; those that exist are left alone."""
    store.bookings.create_many(act, rows)


def free_seats(act: Act, seats: Iterable[Seat]) -> dict[str, int]:
    """How many seats of each session are free now."""
    wanted = {seat.session: seat for seat in seats}
    found = store.seats(act, wanted)
    return {
        session: seat.maximum - (found[session]["taken"] if session in found else 0)
        for session, seat in wanted.items()
    }


def holds(act: Act, sessions: Iterable[str]) -> dict[str, dict[str, int]]:
    """Who holds how many seats of each session: booking → seats."""
    return {session: dict(row["holds"]) for session, row in store.seats(act, sessions).items()}


def taken(act: Act, sessions: Iterable[str]) -> dict[str, int]:
    """How many seats of each session are held now."""
    return {session: row["taken"] for session, row in store.seats(act, sessions).items()}


def busy_teams(act: Act, teams: Iterable[str]) -> Mapping[str, list[dict[str, Any]]]:
    """When each team is busy, over all campaigns and centres."""
    return store.busy(act, teams)
