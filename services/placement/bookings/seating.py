"""Asking hosts: a request and the seats it holds are made together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.documents import New
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


def ask(act: Act, id: str, seat: Seat, booking: Booking) -> Booking:
    """Hold the seats and create the request, in the act's transaction. Raises Refused."""
    store.prepare_seats(act, [seat])
    store.hold(act, seat, id, booking.people)
    row = asked(act, id, booking)
    store.bookings.create(without_command(act), row.id, row.state, row.events, row.due)
    return row.state


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
