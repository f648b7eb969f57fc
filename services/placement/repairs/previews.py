"""What a repair would do, computed on the seats that nobody else holds. It changes nothing.

This room imports the engine; it is loaded by the solver's role alone. Pages leave their questions
to it (`asking`).
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chassis.act import Act
from chassis.documents import Stored
from chassis.errors import Conflict
from chassis.logs import logger
from services.placement.bookings import operations as bookings
from services.placement.bookings import seating
from services.placement.bookings.shape import ONLY_THIS_GROUP, Booking, Seat
from services.placement.engine import Infeasible, Market, MarketErrors, solve
from services.placement.placements import operations as placements
from services.placement.placements.shape import Placement
from services.placement.repairs import model, store
from services.placement.repairs.model import PartPlan, Repair, Row
from services.placement.repairs.operations import market_version, noted
from services.placement.runs import inputs, market
from services.placement.runs import operations as runs

SECONDS = 20.0
NO_REPAIR = ("no_answer", "none_found", "market_broken")
"""Claims of a preview that moves nobody."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would move where, and what that may be called."""

    rows: tuple[Row, ...]
    claim: str


def preview_next(act: Act) -> bool:
    """Compute the preview of the next repair whose turn it is. False if there is none."""
    for stored in store.queued(act):
        repair = stored.state
        if not store.take_turn(act, repair.campaign, stored.id):
            continue
        found = compute(act, repair)
        version = market_version(act, found.rows)
        state = model.preview(repair, found.rows, version, found.claim)
        try:
            why = found.claim if found.claim in NO_REPAIR else ""
            store.repairs.save(act, stored, noted(act, state, "previewed", why))
        except Conflict:
            continue
        return True
    return False


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be found: who holds seats in a run (or asks for some), and what happened to it."""

    run: str
    campaign: str
    seated: Sequence[Stored[Placement]]
    affected: frozenset[str]
    """Who lost a stop, or is to be moved."""
    refused: Sequence[Booking]
    wanted: tuple[str, ...] = ()
    """The sessions that the operator moves the affected one to; others may lose a seat by it."""
    wishes: Sequence[Mapping[str, Any]] = ()
    """What the affected one asks for instead of its own wishes; nobody may lose a seat by it."""


def compute(act: Act, repair: Repair) -> Preview:
    """Find new seats for those who lost a stop, moving only groups that nobody has accepted."""
    chosen = repair.cause in ("by_hand", "asked")
    known = {p.id: p for p in placements.seated(act, repair.run)}
    if chosen:
        known |= {p.id: p for p in placements.many(act, repair.placements)}
    affected = {
        p.id for p in known.values() if p.id in repair.placements and (chosen or p.state.broken)
    }
    asked = {"stops": list(repair.wanted), "rank": repair.wanted_rank, "cost": 0}
    question = Question(
        run=repair.run,
        campaign=repair.campaign,
        seated=list(known.values()),
        affected=frozenset(affected),
        refused=bookings.refused(act, repair.campaign),
        wanted=repair.wanted if repair.cause == "by_hand" else (),
        wishes=[asked] if repair.cause == "asked" else (),
    )
    return answer(act, question, SECONDS)


def answer(act: Act, question: Question, seconds: float) -> Preview:
    """Who would move where. Nothing is changed; it takes about `seconds` at most."""
    seated, affected = question.seated, question.affected
    asked = bookings.many(act, {stop.booking for p in seated for stop in p.state.stops})
    movable = [p for p in seated if p.id in affected or _untouched(p.state, asked)]
    document = orjson.loads(runs.frozen(act, question.run))
    seats = inputs.seats(act, question.campaign)
    closed, barred = _refused(question.refused)
    found = market.residual(
        document,
        [
            market.Movable(
                applicant=_applicant(p.state),
                present=tuple(
                    tuple(stop.session for stop in part.stops if not stop.lost)
                    for part in p.state.parts
                ),
                lost=p.id in affected,
                barred=frozenset(barred.get(p.id, ())),
            )
            for p in movable
        ],
        _rooms(act, seats, closed, _own_bookings(movable)),
    )
    if question.wanted and not _forced(found, movable, affected, question.wanted):
        return Preview((), "")
    if question.wishes and not _asked(found, movable, affected, question.wishes):
        return Preview((), "no_answer")
    try:
        placed = solve(
            Market.from_json(found),
            mode="max",
            time_limit=seconds,
            now=time.monotonic,
            compare=False,
        ).result_json()
    except (Infeasible, MarketErrors) as error:
        # Nobody is moved, and the centre reads why: those who lost a stop would wait. What was
        # to be moved by hand stays where it is.
        if question.wanted or question.wishes:
            return Preview((), _refusal(error))
        rows_lost = tuple(_row(p, (), None, affected) for p in movable if p.id in affected)
        return Preview(rows_lost, _refusal(error))
    wishes = {row["id"]: row["wishes"] for row in found["applicants"]}
    granted = {row["applicant"]: row["parts"] for row in placed["placements"]}
    rows = []
    for p in movable:
        applicant = _applicant(p.state)
        parts = granted.get(applicant, [])
        after = tuple(
            PartPlan(people=part["people"], sessions=tuple(part["sessions"])) for part in parts
        )
        rank = max((wishes[applicant][part["wish"]]["rank"] for part in parts), default=None)
        if p.id in affected or after != _before(p.state):
            rows.append(_row(p, after, rank, affected))
    return Preview(tuple(rows), _weakest(placed["stages"]))


def _asked(
    document: dict[str, Any],
    movable: Iterable[Stored[Placement]],
    affected: Iterable[str],
    wishes: Iterable[Mapping[str, Any]],
) -> bool:
    """Let the affected one have nothing but what it asks for, and everybody else keep a seat.

    False if nothing of it can be had in this market.
    """
    there = {session["id"] for session in document["sessions"]}
    usable = [dict(wish) for wish in wishes if there.issuperset(wish["stops"])]
    who = {_applicant(p.state) for p in movable if p.id in affected}
    for applicant in document["applicants"]:
        if applicant["id"] in who:
            applicant["wishes"] = usable
            who.discard(applicant["id"])
    document["rules"]["must_place_all"] = True
    return bool(usable) and not who


def _forced(
    document: Mapping[str, Any],
    movable: Iterable[Stored[Placement]],
    affected: Iterable[str],
    wanted: Iterable[str],
) -> bool:
    """Fix the operator's choice in the market. False if it is no wish of the group any more."""
    moved = {_applicant(p.state) for p in movable if p.id in affected}
    for applicant in document["applicants"]:
        if applicant["id"] in moved:
            chosen = [w for w in applicant["wishes"] if list(w["stops"]) == list(wanted)]
            if not chosen:
                return False
            applicant["wishes"] = chosen
            document["rules"]["fixed"].append({"applicant": applicant["id"], "wish": 0})
    return bool(document["rules"]["fixed"])


def _applicant(placement: Placement) -> str:
    return placement.group or placement.applicant or ""


def _before(placement: Placement) -> tuple[PartPlan, ...]:
    return tuple(
        PartPlan(people=part.people, sessions=tuple(stop.session for stop in part.stops))
        for part in placement.parts
    )


def _row(
    stored: Stored[Placement],
    after: tuple[PartPlan, ...],
    rank: int | None,
    affected: Iterable[str],
) -> Row:
    placement = stored.state
    return Row(
        placement=stored.id,
        applicant=_applicant(placement),
        kind="group" if placement.group is not None else "person",
        school=placement.school,
        people=placement.people,
        before=_before(placement),
        after=after,
        wish_rank=rank,
        affected=stored.id in affected,
    )


def _untouched(placement: Placement, asked: Mapping[str, Stored[Booking]]) -> bool:
    """Whether nobody has accepted anything of it: no host, no terms, no school.

    A person shares a roster with others, which moves only as a whole.
    """
    if placement.group is None or placement.approval is not None or placement.broken:
        return False
    return placement.parts != () and all(
        stop.booking in asked and asked[stop.booking].state.status == "asked"
        for stop in placement.stops
    )


def _own_bookings(movable: Iterable[Stored[Placement]]) -> dict[str, int]:
    """How many people each movable placement has in each booking: those seats are lifted."""
    lifted: dict[str, int] = {}
    for p in movable:
        for part in p.state.parts:
            for stop in part.stops:
                lifted[stop.booking] = lifted.get(stop.booking, 0) + part.people
    return lifted


def _refused(found: Sequence[Booking]) -> tuple[set[str], dict[str, set[str]]]:
    """Sessions that hosts refused to everybody, and those refused to one placement only."""
    closed: set[str] = set()
    barred: dict[str, set[str]] = {}
    for booking in found:
        if booking.reason_code in ONLY_THIS_GROUP and booking.placement is not None:
            barred.setdefault(booking.placement, set()).add(booking.session)
        else:
            closed.add(booking.session)
    return closed, barred


def _rooms(
    act: Act, seats: Mapping[str, Seat], closed: set[str], lifted: Mapping[str, int]
) -> dict[str, market.Room]:
    """What can be used of each session once the movable ones have left it.

    A session whose host refused somebody takes nobody new, and a team cannot be in two places.
    """
    holds = seating.holds(act, seats)
    stays = {
        session: sum(people - min(people, lifted.get(id, 0)) for id, people in found.items())
        for session, found in holds.items()
    }
    teams = sorted({seat.team for seat in seats.values() if seat.team is not None})
    busy = seating.busy_teams(act, teams)
    rooms = {}
    for session, seat in seats.items():
        held = stays.get(session, 0)
        clash = any(
            entry["session"] != session
            and entry["start"] < seat.end
            and entry["end"] > seat.start
            and stays.get(entry["session"], 1) > 0
            for entry in busy.get(seat.team or "", [])
        )
        if session in closed or clash or seat.start <= act.now:
            # Who is in it and stays is not asked to move; whoever may move needs another one.
            continue
        rooms[session] = market.Room(
            minimum=seat.minimum, free=seat.maximum - held, running=held > 0
        )
    return rooms


def _refusal(error: Infeasible | MarketErrors) -> str:
    """Why there is no repair: none exists, none was found in time, or the market is broken."""
    if isinstance(error, MarketErrors):
        faults = [fault.to_json() for fault in error.errors[:20]]
        logger().error("repair_market_broken", faults=faults)
        return "market_broken"
    return "none_found" if error.code == "none_found" else "no_answer"


def _weakest(stages: Sequence[Mapping[str, str]]) -> str:
    """What may be claimed of the whole: the least of its stages."""
    order = ("proved", "bounded", "solver-claimed")
    return max((stage["claim"] for stage in stages), key=order.index, default="proved")
