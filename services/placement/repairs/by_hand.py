"""Moving one group by choice, its operator's or its school's: a repair that says its cost first."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import Refused
from services.placement.bookings import seating
from services.placement.placements import operations as placements
from services.placement.placements.shape import Placement
from services.placement.repairs import store
from services.placement.repairs.model import Repair
from services.placement.repairs.operations import noted
from services.placement.runs import inputs
from services.placement.runs import operations as runs

MOVABLE = ("planned", "offered", "confirmed")


@dataclass(frozen=True, slots=True)
class Choice:
    """A wish of a group as a place to move it to. `free` are the seats left in its fullest stop."""

    sessions: tuple[str, ...]
    rank: int
    free: int
    present: bool


def choices(act: Act, placement: str) -> tuple[Stored[Placement], list[Choice]]:
    """Where a placed group may be moved by hand: its own wishes, in their order."""
    stored = placements.show(act, placement)
    state = stored.state
    applicant = state.group or ""
    row = runs.rows_for(act, state.run, [applicant]).get(applicant)
    seats = inputs.seats(act, state.campaign)
    wishes = [] if row is None else row["wishes"]
    taken = seating.taken(act, {session for wish in wishes for session in wish["stops"]})
    present = {tuple(stop.session for stop in part.stops) for part in state.parts}
    found = []
    for wish in wishes:
        sessions = tuple(wish["stops"])
        free = [seats[s].maximum - taken.get(s, 0) for s in sessions if s in seats]
        if len(free) == len(sessions):
            found.append(Choice(sessions, wish["rank"], min(free), sessions in present))
    return stored, found


def ask(act: Act, placement: str, sessions: Sequence[str]) -> Receipt:
    """Compute what it costs to move one group; nothing moves before the preview is applied."""
    stored, found = choices(act, placement)
    state = stored.state
    if state.status not in MOVABLE:
        raise Refused("placement_state", status=state.status)
    chosen = next((one for one in found if list(one.sessions) == list(sessions)), None)
    if chosen is None or chosen.present:
        raise Refused("no_such_move")
    repair = Repair(
        status="queued",
        centre=state.centre,
        campaign=state.campaign,
        run=state.run,
        cause="by_hand",
        booking=next((stop.booking for stop in state.stops), ""),
        session=chosen.sessions[0],
        placements=(placement,),
        wanted=chosen.sessions,
    )
    return store.repairs.create(act, act.new_id("repair"), noted(act, repair, "queued"))


def is_asked_for(act: Act, campaign: str, placement: str) -> bool:
    """Whether the school's wish for other seats lies with the centre. `act` is the centre's."""
    return bool(store.asked_for(act, campaign, placement))


def ask_for(act: Act, stored: Stored[Placement], sessions: Sequence[str], rank: int) -> Receipt:
    """A school asks for seats that others would have to make free; the centre decides.

    `act` is the school's with the centre's eyes. Raises Refused `asked_already`.
    """
    state = stored.state
    if is_asked_for(act, state.campaign, stored.id):
        raise Refused("asked_already")
    repair = Repair(
        status="queued",
        centre=state.centre,
        campaign=state.campaign,
        run=state.run,
        cause="asked",
        booking=next((stop.booking for stop in state.stops), ""),
        session=sessions[0],
        placements=(stored.id,),
        wanted=tuple(sessions),
        wanted_rank=rank,
    )
    return store.repairs.create(act, act.new_id("repair"), noted(act, repair, "asked_by_school"))
