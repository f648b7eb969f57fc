"""Use cases of waitlists: show one, move it up when seats are free, offer a seat by hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import FieldError, Invalid, Refused
from chassis.events.envelope import Received
from chassis.facts import derived_id, moment
from chassis.scope import Centre
from services.placement.bookings import operations as bookings
from services.placement.bookings import seating
from services.placement.bookings.shape import Seat
from services.placement.campaigns import operations as campaigns
from services.placement.placements import bulk, heard
from services.placement.placements import operations as placements
from services.placement.placements.shape import Part, Placement
from services.placement.runs import inputs
from services.placement.runs import operations as runs
from services.placement.runs.model import answer_time
from services.placement.runs.releasing import group_parts, stop_of
from services.placement.waitlists.model import Fit, Room, first_fit

HOST_DAYS = 3
SCHOOL_DAYS = 5
SEATED = ("planned", "offered", "confirmed", "completed")


def show(act: Act, campaign: str) -> list[Stored[Placement]]:
    """The waitlist of a campaign within scope, first place first."""
    return placements.waitlist(act, campaign)


@dataclass(frozen=True, slots=True)
class LastTime:
    """How far the list of the centre's campaign before moved."""

    campaign: str
    waited: int
    """Applicants that its run put on the list."""
    seated: int
    """Those of them who have or had a seat in the end."""
    furthest: int
    """The last position that was reached; 0 if nobody moved up."""


def last_time(act: Act, campaign: str) -> LastTime | None:
    """How far last time's list moved, for whoever waits now; None where there was none.

    Sums alone leave this function, so that every school may read them.
    """
    centre = campaigns.show(act, campaign)["centre"]
    run = runs.run_before(act, centre, campaign)
    if run is None:
        return None
    waited = runs.told_to_wait(act, run)
    ids = {bulk.placement_id(run.id, applicant): place for applicant, place in waited.items()}
    inside = replace(act, scope=Centre(centre))
    reached = [
        ids[found.id]
        for found in placements.many(inside, list(ids))
        if found.state.status in SEATED
    ]
    return LastTime(run.state.campaign, len(waited), len(reached), max(reached, default=0))


def placement_ended(act: Act, event: Received) -> None:
    """A placement ended: its bookings end with it, and the waitlist moves up."""
    data = event.data
    by = heard.ended_by(event)
    seating.let_go(act, hold_of(event.key))
    reason = data["reason_code"] or "placement_expired"
    freed: set[str] = set()
    for part in data["parts"]:
        for stop in part["stops"]:
            freed |= set(bookings.leave(act, stop["booking"], part["people"], by, reason))
    if freed:
        fill(act, data["campaign"], frozenset(freed), event.key)


def fill(act: Act, campaign: str, freed: frozenset[str], left_by: str) -> None:
    """Offer freed seats to the first waiting groups that fit, as long as any fits.

    Before the schools' release nobody is on the waitlist yet.
    """
    run = runs.released_run(act, campaign)
    if run is None or run.state.schools is None or run.state.schools.finished is None:
        return
    waiting = [
        found
        for found in placements.waitlist(act, campaign)
        # Who decides about other seats just now is asked again when it has.
        if found.id != left_by and found.state.hold is None
    ]
    rows = runs.rows_for(act, run.id, [_applicant(found.state) for found in waiting])
    seats = inputs.seats(act, campaign)
    rooms = _rooms(act, seats)
    for found in waiting:
        row = rows.get(_applicant(found.state))
        if row is None:
            continue
        people = int(row["people"])
        smallest = int(row["smallest"]) if row["split"] else people
        fit = first_fit(row["wishes"], people, smallest, freed, rooms)
        if fit is None:
            continue
        try:
            _give(act, run.id, found, row, fit, seats, f"{left_by}:{act.causation}")
        except Refused:
            # The team is busy at another stop's hour: the next one in the line is asked.
            continue
        for session in fit.sessions:
            room = rooms[session]
            rooms[session] = replace(room, free=room.free - fit.people, running=True)


def _applicant(placement: Placement) -> str:
    return placement.group or placement.applicant or ""


def _rooms(act: Act, seats: Mapping[str, Seat]) -> dict[str, Room]:
    free = seating.free_seats(act, seats.values())
    return {
        session: Room(
            free=free[session], minimum=seat.minimum, running=free[session] < seat.maximum
        )
        for session, seat in seats.items()
        if seat.start > act.now and seat.maximum > 0
    }


def offer(
    act: Act,
    id: str,
    sessions: Sequence[str],
    confirm_by: datetime | None = None,
    reply_by: datetime | None = None,
) -> Receipt:
    """The centre offers seats to a group that waits or was postponed. The last seat goes once."""

    def write(act: Act) -> Receipt:
        stored = placements.load(act, id)
        placement = stored.state
        if placement.status not in ("waitlisted", "postponed"):
            raise Refused("placement_state", status=placement.status)
        seats = inputs.seats(act, placement.campaign)
        unknown = [
            FieldError(f"/sessions/{place}", "session_unknown")
            for place, session in enumerate(sessions)
            if session not in seats
        ]
        if unknown:
            raise Invalid(unknown)
        row = runs.rows_for(act, placement.run, [_applicant(placement)])[_applicant(placement)]
        ranks = {tuple(wish["stops"]): int(wish["rank"]) for wish in row["wishes"]}
        fit = Fit(tuple(sessions), ranks.get(tuple(sessions), len(ranks)), int(row["people"]))
        return _give(
            act, placement.run, stored, row, fit, seats, act.new_id("offer"), confirm_by, reply_by
        )

    return act.together(write)


def _give(
    act: Act,
    run: str,
    stored: Stored[Placement],
    row: Mapping[str, Any],
    fit: Fit,
    seats: Mapping[str, Seat],
    cause: str,
    confirm_by: datetime | None = None,
    reply_by: datetime | None = None,
) -> Receipt:
    """Hold the seats, ask the hosts, and offer them to the school. Raises Refused."""
    if stored.state.hold is not None:
        seating.let_go(act, hold_of(stored.id))
    campaign_id = stored.state.campaign
    campaign = campaigns.show(act, campaign_id)
    start = min(seats[session].start for session in fit.sessions)
    reply = reply_by or answer_time(act.now, moment(campaign["hosts_reply_by"]), start, HOST_DAYS)
    confirm = confirm_by or answer_time(
        act.now, moment(campaign["schools_confirm_by"]), start, SCHOOL_DAYS
    )
    plan = [{"people": fit.people, "sessions": fit.sessions}]
    parts, asked = group_parts(
        run, campaign_id, stored.id, row, plan, seats, reply, derived_id("offer", cause)
    )
    stops = []
    for stop in parts[0].stops:
        seat, booking = asked[stop.booking]
        stops.append(stop_of(*seating.ask(act, stop.booking, seat, booking)))
    given = [Part(people=fit.people, stops=tuple(stops))]
    return placements.give_seats(act, stored, given, confirm, fit.rank, "offered_from_waitlist")


def hold_of(placement: str) -> str:
    """Under which name seats are kept for a placement that waits."""
    return derived_id("hold", placement)


def positions(found: Iterable[Stored[Placement]]) -> list[tuple[int, Stored[Placement]]]:
    """The line as it stands now: who is before whom, counted from one without gaps."""
    return list(enumerate(found, start=1))
