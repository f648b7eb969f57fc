"""Use cases of another seat: look what is free, keep it for half an hour, take it, exchange.

A school asks about its own groups. Free seats are counted with the centre's eyes, since a school
sees nobody else's; only numbers and its own choices leave.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import NotFound, Refused
from chassis.facts import KST, moment
from chassis.scope import Centre
from services.placement.bookings import operations as bookings
from services.placement.bookings import seating
from services.placement.bookings.shape import Seat
from services.placement.campaigns import operations as campaigns
from services.placement.demands import operations as demands
from services.placement.moves.model import HOLD, Choice, Elsewhere, choice, clear_of
from services.placement.offers import operations as offers
from services.placement.placements import operations as placements
from services.placement.placements.shape import Hold, Part, Placement
from services.placement.repairs import asking, by_hand
from services.placement.runs import inputs
from services.placement.runs import operations as runs
from services.placement.runs.model import answer_time
from services.placement.runs.releasing import group_parts, stop_of
from services.placement.waitlists import operations as waitlists

HOST_DAYS = 3
SCHOOL_DAYS = 5


def days(act: Act, id: str) -> list[date]:
    """The coming days on which anything opens in the placement's campaign."""
    campaign = placements.show(act, id).state.campaign
    found = {
        one.session.start.astimezone(KST).date()
        for one in offers.sessions(act, campaign)
        if one.open and one.session.start > act.now
    }
    return sorted(found)


def choices(act: Act, id: str, on: Collection[date]) -> list[Choice]:
    """Where the group could go on these days as things stand, best rank first.

    Nobody else moves for it. Raises NotFound.
    """
    return _choices(act, placements.show(act, id), on)


def if_others_move(act: Act, id: str, on: Collection[date]) -> Elsewhere | None:
    """Where the group could go on these days if others moved within their own wishes.

    The engine is asked, which changes nothing; None if nobody can help without losing a seat.
    Raises NotFound.
    """
    stored = placements.show(act, id)
    entries = _entries(act, stored, on)
    if not entries:
        return None
    wishes = [
        {"stops": [seat.session for seat in visit], "rank": rank, "cost": 0}
        for visit, rank in entries
    ]
    found = asking.if_others_move(_inside(act, stored.state), stored, wishes)
    if not found.known:
        return Elsewhere((), 0, 0, 0, known=False)
    for row in found.helped:
        chosen = row.after[0].sessions if len(row.after) == 1 else ()
        for visit, rank in entries:
            if tuple(seat.session for seat in visit) == chosen:
                people = sum(one.people for one in found.moved)
                return Elsewhere(tuple(visit), rank, len(found.moved), people)
    return None


def ask_for(act: Act, id: str, sessions: Sequence[str]) -> Receipt:
    """Ask the centre for seats that others would have to make free. Raises Refused, NotFound."""

    def write(act: Act) -> Receipt:
        stored = placements.show(act, id)
        inside = _inside(act, stored.state)
        seats = inputs.seats(inside, stored.state.campaign)
        if not sessions or any(session not in seats for session in sessions):
            raise Refused("session_full")
        for visit, rank in _entries(act, stored, {_day(seats[session]) for session in sessions}):
            if tuple(seat.session for seat in visit) == tuple(sessions):
                return by_hand.ask_for(inside, stored, sessions, rank)
        raise Refused("session_full")

    return act.together(write)


def is_asked_for(act: Act, id: str) -> bool:
    """Whether the centre was asked for other seats and has not decided yet."""
    state = placements.show(act, id).state
    return by_hand.is_asked_for(_inside(act, state), state.campaign, id)


def _entries(
    act: Act, stored: Stored[Placement], on: Collection[date]
) -> list[tuple[list[Seat], int]]:
    """What the group could visit on these days, with its rank, whether or not seats are free."""
    placement = stored.state
    if placement.group is None:
        raise NotFound()
    inside = _inside(act, placement)
    preview, _ = demands.fits(act, placement.campaign, placement.group, on)
    seats = inputs.seats(inside, placement.campaign)
    lead = {
        one.session.id: one.offer.content.lead_days
        for one in offers.sessions(act, placement.campaign)
    }
    own = {stop.session for stop in placement.stops}
    found = []
    for entry in preview.order.entries:
        visit = [seats[session] for session in entry.sessions if session in seats]
        if len(visit) < len(entry.sessions) or own.intersection(entry.sessions):
            continue
        if _day(visit[0]) not in on or visit[0].start <= act.now:
            continue
        if any(seat.start - act.now < timedelta(days=lead[seat.session]) for seat in visit):
            continue
        found.append((visit, entry.rank))
    return found


def _choices(act: Act, stored: Stored[Placement], on: Collection[date]) -> list[Choice]:
    placement = stored.state
    entries = _entries(act, stored, on)
    inside = _inside(act, placement)
    asked = {seat.session: seat for visit, _ in entries for seat in visit}
    described = demands.described(inside, placement.campaign, [placement.group or ""])
    grade = described.get(placement.group or "", {}).get("grade")
    free = seating.free_seats(inside, asked.values())
    holds = seating.holds(inside, asked)
    busy = seating.busy_teams(inside, {seat.team for seat in asked.values() if seat.team})
    running = {session: bool(holds.get(session)) for session in asked}
    found = []
    for visit, rank in entries:
        if clear_of(visit, busy):
            one = choice(visit, rank, placement.people, grade, free, running)
            if one is not None:
                found.append(one)
    return sorted(found, key=lambda one: (one.rank, one.start))


def hold(act: Act, id: str, sessions: Sequence[str]) -> Receipt:
    """Keep free seats for a group that waits, for half an hour. Raises Refused."""

    def write(act: Act) -> Receipt:
        stored = placements.load(act, id)
        chosen = _chosen(act, stored, sessions)
        inside = _inside(act, stored.state)
        seating.keep(inside, chosen.seats, waitlists.hold_of(id), chosen.people)
        kept = Hold(
            sessions=chosen.sessions,
            rank=chosen.rank,
            people=chosen.people,
            until=act.now + HOLD,
        )
        return placements.hold(act, stored, kept)

    return act.together(write)


def take(act: Act, id: str, approved_on: str | None, document_number: str | None) -> Receipt:
    """The school says yes to the seats that are kept: hosts are asked, and the place is left."""

    def write(act: Act) -> Receipt:
        stored = placements.load(act, id)
        kept = stored.state.hold
        if kept is None or act.now >= kept.until:
            raise Refused("hold_over")
        inside = replace(_inside(act, stored.state), command=None)
        waitlists.offer(inside, id, kept.sessions)
        return placements.confirm(act, id, approved_on, document_number)

    return act.together(write)


def leave(act: Act, id: str) -> Receipt:
    """The school does not take the seats that are kept; it waits on."""

    def write(act: Act) -> Receipt:
        stored = placements.load(act, id)
        return _end_hold(act, stored)

    return act.together(write)


def hold_over(act: Act, id: str) -> None:
    """The half hour is over; called when its time has come."""
    stored = placements.load(act, id)
    kept = stored.state.hold
    if kept is None or act.now >= kept.until:
        act.together(lambda inner: _end_hold(inner, placements.load(inner, id)))


def _end_hold(act: Act, stored: Stored[Placement]) -> Receipt:
    kept = stored.state.hold
    seating.let_go(_inside(act, stored.state), waitlists.hold_of(stored.id))
    receipt = placements.drop_hold(act, stored)
    if kept is not None:
        _move_up(act, stored, kept.sessions)
    return receipt


def exchange(act: Act, id: str, sessions: Sequence[str]) -> Receipt:
    """Give up the seats of a group for other free ones; its yes is asked for again."""

    def write(act: Act) -> Receipt:
        stored = placements.load(act, id)
        placement = stored.state
        if placement.status not in ("offered", "confirmed") or placement.broken:
            raise Refused("placement_state", status=placement.status)
        if len(placement.parts) != 1:
            raise Refused("split_group")
        chosen = _chosen(act, stored, sessions)
        inside = replace(_inside(act, placement), command=None)
        left = [stop.booking for stop in placement.stops]
        freed = bookings.end(inside, left, "school", "school_exchanged")
        frame = campaigns.show(act, placement.campaign)
        reply = answer_time(act.now, moment(frame["hosts_reply_by"]), chosen.start, HOST_DAYS)
        confirm = answer_time(
            act.now, moment(frame["schools_confirm_by"]), chosen.start, SCHOOL_DAYS
        )
        row = runs.rows_for(inside, placement.run, [placement.group or ""])[placement.group or ""]
        plan = [{"people": placement.people, "sessions": chosen.sessions}]
        seats = {seat.session: seat for seat in chosen.seats}
        parts, asked = group_parts(
            placement.run,
            placement.campaign,
            id,
            row,
            plan,
            seats,
            reply,
            act.new_id("exchange"),
        )
        stops = []
        for stop in parts[0].stops:
            seat, booking = asked[stop.booking]
            stops.append(stop_of(*seating.ask(inside, stop.booking, seat, booking)))
        given = [Part(people=placement.people, stops=tuple(stops))]
        receipt = placements.exchange(act, stored, given, confirm, chosen.rank)
        _move_up(act, stored, freed)
        return receipt

    return act.together(write)


def _chosen(act: Act, stored: Stored[Placement], sessions: Sequence[str]) -> Choice:
    """The choice of these sessions as things stand now. Raises Refused `session_full`."""
    inside = _inside(act, stored.state)
    seats = inputs.seats(inside, stored.state.campaign)
    if not sessions or any(session not in seats for session in sessions):
        raise Refused("session_full")
    on = {_day(seats[session]) for session in sessions}
    for one in _choices(act, stored, on):
        if one.sessions == tuple(sessions):
            return one
    raise Refused("session_full")


def _move_up(act: Act, stored: Stored[Placement], freed: Iterable[str]) -> None:
    """Who waits for what became free is offered it."""
    inside = replace(_inside(act, stored.state), command=None, causation=act.new_id("freed"))
    waitlists.fill(inside, stored.state.campaign, frozenset(freed), stored.id)


def _day(seat: Seat) -> date:
    return seat.start.astimezone(KST).date()


def _inside(act: Act, placement: Placement) -> Act:
    return replace(act, scope=Centre(placement.centre))
