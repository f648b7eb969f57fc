"""The two releases, as jobs that a crash only delays.

Ids are deterministic, rows are taken in the order of their number, and what exists already is
left alone: doing any part again changes nothing. Aggregates are made in bulk, each with its
events inside, never one transaction each.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from chassis.act import Act
from chassis.documents import New, Stored
from chassis.facts import Due, derived_id
from services.placement.bookings import model as booking_rules
from services.placement.bookings import seating
from services.placement.bookings.shape import BINDING, Booking, Seat
from services.placement.demands import operations as demands
from services.placement.placements import bulk
from services.placement.placements import operations as placements
from services.placement.placements.shape import Part, Placement, Stop
from services.placement.runs import inputs, model, result_rows, store
from services.placement.runs.model import Release, Run, Stage
from services.placement.runs.operations import noted

BATCH = 200
NEXT_TURN = timedelta(milliseconds=20)
"""Later than the due time that called this turn, which the timer forgets after it."""
BATCHES_A_TURN = 5
"""A turn of the timer ends after so many batches, so that other timers get their turn."""


def step(act: Act, id: str) -> None:
    """One turn of the release that is under way; the timer calls again until it is finished."""
    stored = store.runs.load(act, id)
    run = stored.state
    if run.schools is not None and run.schools.finished is None:
        _to_schools(act, stored, run.schools)
    elif run.hosts is not None and run.hosts.finished is None:
        _to_hosts(act, stored, run.hosts)
    else:
        store.runs.save(act, stored, run, due=[])


def _advance(act: Act, stored: Stored[Run], stage: Stage, done: int) -> None:
    state = model.advance(stored.state, stage, done)
    store.runs.save(act, stored, state, due=[Due(act.now + NEXT_TURN, "release")])


def _finish(act: Act, stored: Stored[Run], stage: Stage) -> None:
    state, events = model.finish(stored.state, stage, act.now)
    store.runs.save(act, stored, noted(act, state, f"{stage}_release_finished"), events, due=[])


# To hosts: planned placements, and a request for each of their stops


def _to_hosts(act: Act, stored: Stored[Run], job: Release) -> None:
    run = stored.state
    attempt = _attempt(run)
    seats = inputs.seats(act, run.campaign)
    rosters = _rosters(act, stored, seats, job.answer_by)
    done = job.done
    left = demands.left(act, run.campaign)
    for _ in range(BATCHES_A_TURN):
        rows = result_rows.page(act, stored.id, attempt, done - 1, BATCH)
        if not rows:
            _ask_rosters(act, seats, rosters)
            _finish(act, stored, "hosts")
            return
        placed = [row for row in rows if row["state"] == "placed" and row["school"] not in left]
        _plan(act, stored, placed, seats, rosters, job.answer_by)
        done = rows[-1]["number"] + 1
    _advance(act, stored, "hosts", done)


def _attempt(run: Run) -> int:
    if run.result is None:
        raise LookupError("a run without a result was released")
    return run.result.attempt


def roster_id(run: str, session: str) -> str:
    """The id of the booking of a session's roster of persons."""
    return derived_id("booking", run, session, "roster")


def _rosters(
    act: Act, stored: Stored[Run], seats: Mapping[str, Seat], reply_by: datetime
) -> dict[str, Booking]:
    """The booking of each session's roster, by session."""
    people = result_rows.roster(act, stored.id, _attempt(stored.state))
    return {
        session: seating.request(
            seats[session],
            campaign=stored.state.campaign,
            run=stored.id,
            placement=None,
            school=None,
            group=None,
            people=count,
            smallest=1,
            grade=None,
            reply_by=reply_by,
        )
        for session, count in people.items()
    }


def _ask_rosters(act: Act, seats: Mapping[str, Seat], rosters: Mapping[str, Booking]) -> None:
    made = {
        roster_id(booking.run, session): (seats[session], booking)
        for session, booking in rosters.items()
    }
    _ask(act, made)


def _plan(
    act: Act,
    stored: Stored[Run],
    rows: Iterable[Mapping[str, Any]],
    seats: Mapping[str, Seat],
    rosters: Mapping[str, Booking],
    reply_by: datetime,
) -> None:
    """Placements first: a host that answers at once must find the placement it answers for."""
    planned: list[tuple[str, Placement]] = []
    asked: dict[str, tuple[Seat, Booking]] = {}
    for row in rows:
        id = bulk.placement_id(stored.id, row["applicant"])
        if row["kind"] == "person":
            parts = tuple(_roster_part(stored.id, part, rosters) for part in row["parts"])
        else:
            parts, bookings = group_parts(
                stored.id, stored.state.campaign, id, row, row["parts"], seats, reply_by, "run"
            )
            asked |= bookings
        planned.append((id, _placement(stored, row, parts)))
    bulk.plan(act, planned)
    _ask(act, asked)


def _placement(stored: Stored[Run], row: Mapping[str, Any], parts: tuple[Part, ...]) -> Placement:
    ranks = [part["rank"] for part in row["parts"]]
    reason = row["reason"] or {}
    return Placement(
        status="planned",
        centre=stored.state.centre,
        campaign=stored.state.campaign,
        run=stored.id,
        school=row["school"],
        group=row["applicant"] if row["kind"] == "group" else None,
        applicant=row["applicant"] if row["kind"] == "person" else None,
        people=sum(part.people for part in parts) if row["split"] and parts else row["people"],
        parts=parts,
        wish_rank=max(ranks, default=None),
        reason_code=reason.get("code"),
        facts=numbers(reason.get("facts", {})),
        reserve_rank=row["reserve_rank"],
        position=row["position"],
    )


def numbers(facts: Mapping[str, Any]) -> dict[str, int]:
    """The integers among the facts of a reason: events carry no others."""
    return {
        name: value
        for name, value in facts.items()
        if isinstance(value, int) and not isinstance(value, bool)
    }


def _roster_part(run: str, part: Mapping[str, Any], rosters: Mapping[str, Booking]) -> Part:
    stops = tuple(
        stop_of(roster_id(run, session), rosters[session]) for session in part["sessions"]
    )
    return Part(people=part["people"], stops=stops)


def stop_of(id: str, booking: Booking) -> Stop:
    """The stop of a visit that a booking asks for."""
    return Stop(
        booking=id,
        session=booking.session,
        offer=booking.offer,
        host=booking.host,
        team=booking.team,
        start=booking.start,
        end=booking.end,
        accepted=booking.preaccepted or booking.status in BINDING,
        safe=booking.safe,
    )


def group_parts(
    run: str,
    campaign: str,
    placement: str,
    row: Mapping[str, Any],
    parts: Iterable[Mapping[str, Any]],
    seats: Mapping[str, Seat],
    reply_by: datetime,
    cause: str,
) -> tuple[tuple[Part, ...], dict[str, tuple[Seat, Booking]]]:
    """The parts of a group's placement and the bookings that ask for them.

    `row` is the group's result row, `parts` what it gets ({people, sessions}); `cause` (the run,
    a repair) makes the ids of its bookings differ from those asked before.
    """
    made: dict[str, tuple[Seat, Booking]] = {}
    found = []
    # A single person is one of her session's roster, whose booking names no school.
    whole = row["kind"] == "group"
    for number, part in enumerate(parts):
        stops = []
        visit = [seats[session] for session in part["sessions"]]
        for place, seat in enumerate(visit):
            id = derived_id("booking", placement, seat.session, str(number), cause)
            booking = seating.request(
                seat,
                campaign=campaign,
                run=run,
                placement=placement if whole else None,
                school=row["school"] if whole else None,
                group=row["applicant"] if whole else None,
                people=part["people"],
                smallest=row["smallest"] if whole else 1,
                grade=row["grade"] if whole else None,
                reply_by=reply_by,
                not_before=visit[place - 1].end if place else None,
                not_after=visit[place + 1].start if place + 1 < len(visit) else None,
            )
            made[id] = (seat, booking)
            stops.append(stop_of(id, booking))
        found.append(Part(people=part["people"], stops=tuple(stops)))
    return tuple(found), made


def _ask(act: Act, wanted: Mapping[str, tuple[Seat, Booking]]) -> None:
    """Hold the seats and create the requests; where a session is full by now, say so at once."""
    refused = seating.hold_many(
        act, [(seat, id, booking.people) for id, (seat, booking) in wanted.items()]
    )
    rows: list[New[Booking]] = []
    for id, (_, booking) in wanted.items():
        if id in refused:
            state, events = booking_rules.cancel(booking, "system", refused[id])
            rows.append(New(id, state, events))
        else:
            rows.append(seating.asked(act, id, booking))
    seating.create_many(act, rows)


# To schools: seats are offered, the others learn why not


def _to_schools(act: Act, stored: Stored[Run], job: Release) -> None:
    run = stored.state
    attempt = _attempt(run)
    for _ in range(BATCHES_A_TURN):
        found = placements.planned(act, stored.id, 100)
        if not found:
            break
        bulk.offer(act, found, job.answer_by)
    else:
        _advance(act, stored, "schools", 0)
        return
    done = job.done
    for _ in range(BATCHES_A_TURN):
        rows = result_rows.page(
            act, stored.id, attempt, done - 1, BATCH, ("waitlisted", "not_selected")
        )
        if not rows:
            result_rows.release(act, stored.id, attempt)
            _finish(act, stored, "schools")
            return
        _tell_the_others(act, stored, rows)
        done = rows[-1]["number"] + 1
    _advance(act, stored, "schools", done)


def _tell_the_others(act: Act, stored: Stored[Run], rows: Iterable[Mapping[str, Any]]) -> None:
    by_state: dict[str, list[tuple[str, Placement]]] = defaultdict(list)
    for row in rows:
        id = bulk.placement_id(stored.id, row["applicant"])
        by_state[row["state"]].append((id, _placement(stored, row, ())))
    bulk.wait(act, [(id, found, found.position or 1) for id, found in by_state["waitlisted"]])
    bulk.not_select(act, by_state["not_selected"])
