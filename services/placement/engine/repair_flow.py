"""Repair of large answers of persons by cheapest chains, without rebuilding anything.

For a cancelled session or another number of seats in a flow answer with its prices, the warm state
of `flow_repair` finds the same optimum (kept, placed, rank, moved) as the integer program, in
milliseconds; prices for the verifier are found afterwards, stage by stage from that answer on.
Other changes, and answers without prices, take the general way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from services.placement.engine import flow, flow_repair
from services.placement.engine.answer import Answer, StageResult
from services.placement.engine.flow_face import Face, narrow
from services.placement.engine.flow_stages import limits, solve_stage
from services.placement.engine.market import Fixed, Flags, Ints, Market
from services.placement.engine.reasons_flow import has_prices
from services.placement.engine.repair_changes import Change, as_list
from services.placement.engine.solve_individuals import (
    PersonColumns,
    fits_flow,
    flow_market,
    stage_values,
)
from services.placement.engine.stages import PROVED

#: The stages of a repair, as `repair` has them too.
STAGES = ("kept", "placed", "rank", "moved", "lottery")


def new_seats(market: Market, change: Change | Sequence[Change]) -> dict[int, int] | None:
    """The changes as new numbers of seats by session, or None if they are more than that."""
    seats: dict[int, int] = {}
    for one in as_list(change):
        session = market.session_index.get(one.get("session", ""))
        if session is None or one.get("kind") not in {"cancel_session", "capacity"}:
            return None
        value = 0 if one["kind"] == "cancel_session" else one.get("max")
        if type(value) is not int or value < 0 or one.get("min", 0) != 0:
            return None
        seats[session] = value
    return seats


def repair_flow(
    market: Market,
    answer: Answer,
    change: Change | Sequence[Change],
    frozen: Iterable[str],
    draw: Ints,
) -> Answer | None:
    """The repaired answer on the changed market, or None where this way does not apply."""
    seats = new_seats(market, change)
    first = market.rules.stages[:2] == ("placed", "rank")
    if seats is None or not first or not has_prices(answer) or not fits_flow(market):
        return None
    if "rank" not in answer.evidence_arrays:
        return None
    most = market.sessions.max.copy()
    for session, value in seats.items():
        most[session] = value
    # A session that had no seat at all may get some: its wishes must not be barred by the old ones.
    widest = replace(market.sessions, max=np.maximum(market.sessions.max, most))
    columns = PersonColumns(replace(market, sessions=widest))
    place = np.full(len(market.wishes), -1, np.int64)
    place[columns.wish] = np.arange(len(columns.wish))
    seat = np.full(len(market.applicants), -1, np.int64)
    who, wish, _ = answer.columns
    seat[who] = place[wish]
    held = np.zeros(len(market.applicants), np.bool_)
    held[[market.applicant_index[name] for name in frozen]] = True
    held[[f.applicant for f in market.rules.fixed]] = True
    gone = np.isin(market.wishes.stop_session[wish], [s for s, n in seats.items() if n == 0])
    held[who[gone]] = False
    held &= seat >= 0
    base = flow_market(market, columns, draw)
    stay = np.bincount(base.wish_session[seat[held]], minlength=len(most))
    if (stay > most).any():
        # Accepted people beyond the new seats: the general way says what is wrong.
        return None
    start = _warm(base, seat, answer, held, seats)
    if start is None or (start[held] != seat[held]).any():
        start = _first_fit(base, seat, held, most - stay)
    fixed = tuple(
        Fixed(int(a), int(columns.wish[seat[a]]), 1) for a in np.nonzero(held)[0].tolist()
    )
    sessions = replace(market.sessions, max=most, min=np.minimum(market.sessions.min, most))
    new = replace(market, sessions=sessions, rules=replace(market.rules, fixed=fixed))
    final, prices = prove(base, most, seat, start, held)
    parts = columns.answer(final)
    before = seat >= 0
    values = stage_values(new, parts, draw)
    values |= {
        "kept": int((before & (final >= 0)).sum()),
        "moved": int((before & (final != seat)).sum()),
    }
    stages = [
        StageResult(stage, values[stage], values[stage], PROVED, {}, known(stage))
        for stage in STAGES
    ]
    return Answer(
        new, "max", parts, stages, engine="flow-repair", previous=answer.parts,
        evidence_arrays=prices,
    )  # fmt: skip


def _warm(
    base: flow.FlowMarket, seat: Ints, answer: Answer, held: Flags, seats: dict[int, int]
) -> Ints | None:
    """The repaired seats by cheapest chains; None where the prices do not prove the answer."""
    try:
        state = flow_repair.Repair(base, seat, answer.evidence_arrays, held)
        return state.apply(flow_repair.Change(capacity=seats)).seat_wish
    except ValueError:
        return None


def _first_fit(base: flow.FlowMarket, seat: Ints, held: Flags, room: Ints) -> Ints:
    """The old seats as far as they exist, in lottery order; whoever is held keeps hers."""
    out = np.where(held, seat, -1)
    left = room.tolist()
    for a in np.argsort(base.lottery, kind="stable").tolist():
        if seat[a] >= 0 and not held[a] and left[base.wish_session[seat[a]]] > 0:
            left[base.wish_session[seat[a]]] -= 1
            out[a] = seat[a]
    return out


def known(stage: str) -> dict[str, str]:
    """The evidence of a stage: its prices."""
    return {"kind": "flow", "array": stage}


def prove(
    base: flow.FlowMarket, capacity: Ints, before: Ints, seat: Ints, held: Flags
) -> tuple[Ints, dict[str, Ints]]:
    """Prices of every stage of a repair, from the repaired answer on; also its lottery stage.

    `before` and `seat` are granted wishes (-1: none), `held` marks whom nothing moves. The cheapest
    chains have settled the first four stages, so that finding their prices moves hardly anybody.
    """
    n, count = len(seat), len(capacity)
    schools = len(base.school_size) if base.school_size is not None else 0
    who = np.nonzero(~held)[0]
    widths = np.diff(base.wish_start)[who] + 1
    start = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    owner = np.repeat(np.arange(len(who)), widths)
    wish = np.arange(start[-1]) - start[owner] + base.wish_start[who][owner]
    home = np.zeros(len(wish), np.bool_)
    home[start[1:] - 1] = True
    wish[home] = -1
    node = np.where(home, count + base.school[who][owner], _at(base.wish_session, wish))
    own = np.where(seat[who] < 0, start[1:] - 1, start[:-1] + seat[who] - base.wish_start[who])
    left = capacity - np.bincount(base.wish_session[seat[held]], minlength=count)
    upper = np.concatenate([left, np.full(schools, n + 1)]).astype(np.int64)
    zero = np.zeros(len(upper), np.int64)
    face = Face(
        who, start, node.astype(np.int32), wish, own, zero, upper, zero.copy(),
        np.zeros(count, np.bool_),
    )  # fmt: skip
    position = np.empty(n, np.int64)
    position[np.argsort(base.lottery, kind="stable")] = np.arange(n)
    final, prices = seat.copy(), dict[str, Ints]()
    for stage in STAGES:
        cost = _costs(base, face, stage, before, position)
        price, chosen = solve_stage(face, cost, lambda: True)
        final[face.who] = face.option_wish[chosen]
        prices[stage] = price
        face = narrow(face, cost, price, chosen, *limits(face, price))
    return final, prices


def _costs(base: flow.FlowMarket, face: Face, stage: str, before: Ints, position: Ints) -> Ints:
    """What each option of the face costs in a stage of a repair."""
    wish = face.option_wish
    who = np.repeat(face.who, np.diff(face.option_start))
    home = wish < 0
    if stage == "kept":
        lost: Ints = (home & (before[who] >= 0)).astype(np.int64)
        return lost
    if stage == "placed":
        return home.astype(np.int64)
    if stage == "rank":
        rank: Ints = np.where(home, 0, _at(base.wish_rank, wish)).astype(np.int64)
        return rank
    if stage == "moved":
        moves: Ints = ((before[who] >= 0) & (wish != before[who])).astype(np.int64)
        return moves
    late: Ints = np.where(home, len(position) - position[who], 0).astype(np.int64)
    return late


def _at(column: Ints, wish: Ints) -> Ints:
    """A column of the wishes, read also at -1, where a market may have no wish at all."""
    out: Ints = np.append(column, 0)[wish]
    return out
