"""Use cases of repairs: queue, preview, apply, dismiss. One of a campaign in work at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from chassis.act import Act
from chassis.documents import Page, Receipt, Stored
from chassis.errors import Refused
from chassis.events.envelope import Received
from chassis.facts import derived_id, moment
from chassis.scope import Centre
from services.placement.bookings import following, seating
from services.placement.bookings import operations as bookings
from services.placement.bookings.shape import HOLDING, Booking, Seat
from services.placement.campaigns import operations as campaigns
from services.placement.placements import heard
from services.placement.placements import operations as placements
from services.placement.placements.shape import Part, Placement, Stop
from services.placement.repairs import model, store
from services.placement.repairs.model import Cause, Change, Repair, Row, version_of
from services.placement.runs import inputs
from services.placement.runs import operations as runs
from services.placement.runs.model import answer_time
from services.placement.runs.releasing import group_parts, stop_of

HOST_DAYS = 3
SCHOOL_DAYS = 5
CAUSES: dict[str, Cause] = {
    "booking.declined": "declined",
    "booking.expired": "expired",
    "booking.cancelled": "cancelled",
}


def show(act: Act, id: str) -> Stored[Repair]:
    """One repair within scope."""
    return store.repairs.get(act, id)


def page(
    act: Act, campaign: str | None, status: str | None, limit: int, after: str | None
) -> Page[Repair]:
    """A page of the repairs within scope."""
    return store.page(act, campaign, status, limit, after)


def booking_ended(act: Act, event: Received) -> None:
    """A booking ended: its seats are free, and whoever lost a stop by it is repaired."""
    following.free(act, event)
    lost = heard.stop_lost(act, event)
    if not lost:
        return
    others = {stop.booking for found in placements.many(act, lost) for stop in found.state.stops}
    bookings.take_back(act, others - {event.key})
    repair = Repair(
        status="queued",
        centre=event.data["centre"],
        campaign=event.data["campaign"],
        run=event.data["run"],
        cause=CAUSES[event.type],
        booking=event.key,
        session=event.data["session"],
        placements=tuple(lost),
    )
    store.repairs.create(act, derived_id("repair", event.id), noted(act, repair, "queued"))


def reopen(act: Act, booking: str) -> Receipt:
    """The host takes its answer back, while the group has not gone elsewhere.

    The open repair ends in the same transaction, so that nobody can apply it meanwhile.
    """

    def write(act: Act) -> Receipt:
        receipt = bookings.reopen(act, booking)
        state = bookings.show(act, booking).state
        centre = replace(act, scope=Centre(state.centre), command=None)
        if not placements.served_by(centre, booking):
            raise Refused("visit_went_elsewhere")
        _let_be(centre, state.campaign, booking)
        return receipt

    return act.together(write)


def host_thinks_again(act: Act, event: Received) -> None:
    """Seats are held again, the visit waits for its host, and nothing is repaired any more."""
    if following.hold_again(act, event):
        heard.host_thinks_again(act, event.key)
        _let_be(act, event.data["campaign"], event.key)


def _let_be(act: Act, campaign: str, booking: str) -> None:
    """End the open repairs of a booking without moving anybody."""
    for stored in store.open_of(act, campaign, booking):
        state = noted(act, model.dismiss(stored.state), "host_thinks_again")
        store.end_turn(act, campaign, stored.id)
        store.repairs.save(act, stored, state)


def apply(act: Act, id: str) -> Receipt:
    """Do what the preview showed. If the market changed under it, it is computed anew."""
    try:
        return act.together(lambda inner: _apply(inner, id))
    except Refused as why:
        if why.code in ("market_changed", "session_full", "team_taken"):
            _again(replace(act, command=None), id)
            raise Refused("market_changed") from None
        raise


def _apply(act: Act, id: str) -> Receipt:
    stored = store.repairs.load(act, id)
    repair = stored.state
    state = model.apply(repair, market_version(act, repair.rows))
    inner = replace(act, command=None)
    seated = {
        found.id: found for found in placements.many(inner, [r.placement for r in repair.rows])
    }
    for row in repair.rows:
        _leave(inner, row, seated[row.placement].state)
    seats = inputs.seats(inner, repair.campaign)
    for row in repair.rows:
        _arrive(inner, id, repair, row, seated[row.placement], seats)
    store.end_turn(inner, repair.campaign, id)
    return store.repairs.save(
        act,
        stored,
        noted(act, state, "applied"),
        extra={"moved": state.moved_people or 0, "waitlisted": state.waitlisted or 0},
    )


def _again(act: Act, id: str) -> None:
    stored = store.repairs.get(act, id)
    if stored.state.status == "previewed":
        store.repairs.save(act, stored, noted(act, model.again(stored.state), "market_changed"))


def _leave(act: Act, row: Row, placement: Placement) -> None:
    """Give back the seats that the placement does not keep."""
    kept = {session for part in row.after for session in part.sessions}
    for part in placement.parts:
        for stop in part.stops:
            if row.kind == "person":
                if not stop.lost:
                    bookings.leave(act, stop.booking, part.people, "repair", "repair")
            elif stop.session not in kept or not _same_size(row, stop.session, part.people):
                bookings.end(act, [stop.booking], "repair", "repair")


def _same_size(row: Row, session: str, people: int) -> bool:
    return any(session in part.sessions and part.people == people for part in row.after)


def _arrive(
    act: Act,
    id: str,
    repair: Repair,
    row: Row,
    stored: Stored[Placement],
    seats: Mapping[str, Seat],
) -> None:
    """Take the new seats and ask their hosts, or join the waitlist."""
    placement = stored.state
    if not row.after:
        position = max(
            placements.next_position(act, repair.campaign), runs.last_position(act, repair.run) + 1
        )
        placements.lose_seats(act, stored, position, "repair_no_seat", {"people": row.people})
        return
    campaign = campaigns.show(act, repair.campaign)
    start = min(seats[session].start for part in row.after for session in part.sessions)
    reply_by = answer_time(act.now, moment(campaign["hosts_reply_by"]), start, HOST_DAYS)
    confirm_by = answer_time(act.now, moment(campaign["schools_confirm_by"]), start, SCHOOL_DAYS)
    parts = _parts(act, id, repair, row, stored, seats, reply_by)
    released = runs.show(act, repair.run).state.schools is not None
    if placement.status == "waitlisted" or (placement.status == "planned" and released):
        placements.give_seats(act, stored, parts, confirm_by, row.wish_rank, "moved")
    else:
        placements.move(
            act, stored, parts, confirm_by if placement.released else None, row.wish_rank
        )


def _parts(
    act: Act,
    id: str,
    repair: Repair,
    row: Row,
    stored: Stored[Placement],
    seats: Mapping[str, Seat],
    reply_by: datetime,
) -> tuple[Part, ...]:
    """The new parts: stops that stay keep their booking and its answer, new ones are asked."""
    applicant = runs.rows_for(act, repair.run, [row.applicant])[row.applicant]
    plans = [{"people": part.people, "sessions": part.sessions} for part in row.after]
    parts, asked = group_parts(
        repair.run, repair.campaign, stored.id, applicant, plans, seats, reply_by, id
    )
    kept: dict[tuple[str, int], Stop] = {}
    if row.kind == "group":
        kept = {
            (stop.session, part.people): stop
            for part in stored.state.parts
            for stop in part.stops
            if not stop.lost
        }
    wanted: list[Part] = []
    for part in parts:
        stops = [
            kept.get((stop.session, part.people)) or _asked(act, asked, stop) for stop in part.stops
        ]
        wanted.append(Part(people=part.people, stops=tuple(stops)))
    return tuple(wanted)


def _asked(act: Act, asked: Mapping[str, tuple[Seat, Booking]], stop: Stop) -> Stop:
    seat, booking = asked[stop.booking]
    return stop_of(*seating.ask(act, stop.booking, seat, booking))


def dismiss(act: Act, id: str, reason: str) -> Receipt:
    """Move nobody: those who lost a stop join the waitlist."""

    def write(act: Act) -> Receipt:
        stored = store.repairs.load(act, id)
        repair = stored.state
        state = model.dismiss(repair)
        inner = replace(act, command=None)
        for found in placements.many(inner, list(repair.placements)):
            if not found.state.broken or found.state.status not in ("planned", "offered"):
                continue
            for part in found.state.parts:
                for stop in part.stops:
                    if not stop.lost:
                        bookings.leave(
                            inner, stop.booking, part.people, "repair", "repair_dismissed"
                        )
            position = max(
                placements.next_position(inner, repair.campaign),
                runs.last_position(inner, repair.run) + 1,
            )
            facts = {"people": found.state.people}
            placements.lose_seats(inner, found, position, "repair_dismissed", facts)
        store.end_turn(inner, repair.campaign, id)
        return store.repairs.save(act, stored, noted(act, state, "dismissed", reason))

    return act.together(write)


def market_version(act: Act, rows: Iterable[Row]) -> str:
    """What a preview relies on: the placements it moves, their bookings, and the seats it uses.

    Whatever else happens in the campaign does not make the preview stale.
    """
    wanted = list(rows)
    facts = []
    booking_ids: set[str] = set()
    for stored in placements.many(act, [row.placement for row in wanted]):
        facts.append(f"placement {stored.id} {stored.version}")
        booking_ids |= {stop.booking for stop in stored.state.stops}
    for id, booking in bookings.many(act, booking_ids).items():
        if booking.state.placement is not None and booking.state.status in HOLDING:
            facts.append(f"booking {id} {booking.version}")
    sessions = {s for row in wanted for part in row.after for s in part.sessions}
    taken = seating.taken(act, sessions)
    facts += [f"session {session} {taken.get(session, 0)}" for session in sessions]
    return version_of(facts)


def noted(act: Act, repair: Repair, what: str, why: str = "") -> Repair:
    """The repair with one more line of history."""
    line = Change(what=what, by=act.actor, at=act.now, why=why)
    return repair.model_copy(update={"history": (*repair.history, line)})
