"""Repair of large answers of persons by cheapest chains, without rebuilding anything.

For a cancelled session or another number of seats in a flow answer with its prices, the warm state
of `flow_repair` finds the same optimum (kept, placed, rank, moved) as the integer program, in
milliseconds. Other changes, and answers without prices, take the general way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from services.placement.engine import flow_repair
from services.placement.engine.answer import Answer, StageResult
from services.placement.engine.market import Ints, Market
from services.placement.engine.reasons_flow import has_prices
from services.placement.engine.repair_changes import Change, as_list
from services.placement.engine.solve_individuals import (
    PersonColumns,
    fits_flow,
    flow_market,
    stage_values,
)
from services.placement.engine.stages import CLAIMED


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
    columns = PersonColumns(market)
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
    try:
        state = flow_repair.Repair(
            flow_market(market, columns, draw), seat, answer.evidence_arrays, held
        )
        done = state.apply(flow_repair.Change(capacity=seats))
    except ValueError:
        # Frozen people beyond the new seats, or prices of another answer: the general way
        # finds out and says what is wrong.
        return None
    most = market.sessions.max.copy()
    for session, value in seats.items():
        most[session] = value
    sessions = replace(market.sessions, max=most, min=np.minimum(market.sessions.min, most))
    kept = tuple(f for f in market.rules.fixed if held[f.applicant])
    new = replace(market, sessions=sessions, rules=replace(market.rules, fixed=kept))
    parts = columns.answer(done.seat_wish)
    before = seat >= 0
    moved = int((before & (done.seat_wish >= 0) & (done.seat_wish != seat)).sum())
    lost = int((before & (done.seat_wish < 0)).sum())
    values = stage_values(new, parts, draw)
    values |= {"kept": int(before.sum()) - lost, "moved": moved + lost}
    stages = [
        StageResult(stage, values[stage], None, CLAIMED)
        for stage in ("kept", "placed", "rank", "moved")
    ]
    return Answer(new, "max", parts, stages, engine="flow-repair", previous=answer.parts)
