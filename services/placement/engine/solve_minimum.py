"""Persons with minimum sizes at scale: fill or close, each try an exact flow.

Each session is shown to the flow as two: its first `min` seats and the rest, the rest at a
surcharge of B rank steps. So people come to a thin session as long as that costs at most B steps
each; what stays below its minimum then is closed, the emptiest first, while B grows. With the open
set settled and B above every rank the first seats are filled before anything else, so that the
last flow is the exact optimum of that open set. Without minimums the flow is a relaxation, which
bounds `placed`, and `rank` where as many are placed. The choice of the open set is a heuristic;
the gap is shown.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.placement.engine import flow
from services.placement.engine.answer import Answer, Progress, StageResult
from services.placement.engine.market import Flags, Ints, Market
from services.placement.engine.solve_individuals import (
    PersonColumns,
    flow_market,
    person_columns,
    stage_values,
)
from services.placement.engine.stages import BOUNDED, CLAIMED, PROVED, Watch

#: Below this many persons the exact integer program is the better way.
MANY = 300
FIRST_SURCHARGE, SURCHARGES = 3, 8


class _Fill:
    """The doubled market: session s and, at index s + S, its seats beyond the minimum."""

    def __init__(self, market: Market, base: flow.FlowMarket) -> None:
        self.base = base
        self.count = len(base.capacity)
        self.low = np.where(market.sessions.open, 0, market.sessions.min)
        self.high = market.sessions.max
        self.owner = np.repeat(np.arange(len(base.school)), np.diff(base.wish_start))
        self.start = (base.wish_start * 2).astype(np.int64)
        self.session = np.empty(2 * len(base.wish_session), np.int32)
        self.session[0::2] = base.wish_session
        self.session[1::2] = base.wish_session + self.count

    def solve(self, closed: Flags, surcharge: int, stages: tuple[str, ...]) -> Ints:
        """Granted wish (of the base market) per person, or -1."""
        base = self.base
        rank = np.repeat(base.wish_rank.astype(np.int64), 2)
        rank[1::2] += surcharge
        low = np.where(closed, 0, self.low)
        capacity = np.concatenate([low, np.where(closed, 0, self.high - self.low)])
        doubled = replace(
            base,
            wish_start=self.start,
            wish_session=self.session,
            wish_rank=rank.astype(np.int32),
            wish_cost=np.repeat(base.wish_cost, 2),
            capacity=capacity.astype(np.int32),
            fixed=None if base.fixed is None else np.where(base.fixed < 0, -1, base.fixed * 2),
        )
        seat = flow.solve_flow(doubled, stages).seat_wish
        return np.where(seat < 0, -1, seat // 2).astype(np.int64)

    def short(self, seat: Ints, closed: Flags) -> Ints:
        """Open sessions below their minimum, the emptiest (relative to it) first."""
        there = self.base.wish_session[seat[seat >= 0]]
        taken = np.bincount(there, minlength=self.count)
        thin = np.nonzero(~closed & (taken < self.low))[0]
        share = taken[thin] * 1_000_000 // self.low[thin]
        return np.asarray(thin[np.lexsort((thin, share))], dtype=np.int64)


def solve_minimum_market(market: Market, draw: Ints, watch: Watch) -> Answer:
    """`max` mode for many persons with minimum sizes; `placed` must be the first stage."""
    columns = person_columns(market)
    base = flow_market(market, columns, draw)
    stages = market.rules.stages
    relaxed = flow.solve_flow(base, stages[:2])
    fill = _Fill(market, base)
    closed = np.zeros(fill.count, np.bool_)
    if base.fixed is not None:
        held = base.wish_session[base.fixed[base.fixed >= 0]]
        fill.low[held] = np.minimum(fill.low[held], fill.high[held])
    first = stages[:2] if stages[1:2] == ("rank",) else ("placed", "rank")
    above = int(base.wish_rank.max(initial=0)) + 1
    surcharge = min(FIRST_SURCHARGE, above)
    seat = relaxed.seat_wish
    for step in range(10 * SURCHARGES):
        seat = fill.solve(closed, surcharge, first)
        thin = fill.short(seat, closed)
        placed = int((seat >= 0).sum())
        shown = Progress("rank", 1, len(stages), None, None, {"placed": placed})
        if not watch.tell(shown) and len(thin):
            closed[thin] = True
            continue
        if not len(thin) and surcharge >= above:
            break
        closed[thin[: -(-len(thin) // 3)]] = True
        if step % 2 or not len(thin):
            surcharge = min(above, surcharge + 1)
    seat = _settled(fill, closed, above, stages)
    return _answer(market, columns, seat, relaxed, draw)


def _settled(fill: _Fill, closed: Flags, above: int, stages: tuple[str, ...]) -> Ints:
    """The optimum of the open set; closes what still does not fill."""
    while True:
        seat = fill.solve(closed, above, stages)
        thin = fill.short(seat, closed)
        if not len(thin):
            return seat
        closed[thin] = True


def _answer(
    market: Market, columns: PersonColumns, seat: Ints, relaxed: flow.FlowAnswer, draw: Ints
) -> Answer:
    parts = columns.answer(seat)
    values = stage_values(market, parts, draw)
    stages = market.rules.stages
    results: list[StageResult] = []
    arrays: dict[str, Ints] = {}
    exact = True
    for i, stage in enumerate(stages):
        bound: int | None = None
        # The relaxation's rank is least among answers that place as many as it does.
        if i < 2 and stage in {"placed", "rank"} and stage in relaxed.finished and exact:
            bound = int(relaxed.numbers[stage])
            arrays[stage] = relaxed.evidence[stage]
        exact = exact and bound == values[stage]
        claim = CLAIMED if bound is None else PROVED if exact else BOUNDED
        known = {} if bound is None else {"kind": "flow", "array": stage, "relaxed": "min"}
        results.append(StageResult(stage, values[stage], bound, claim, {}, known))
    return Answer(market, "max", parts, results, engine="flow-minimum", evidence_arrays=arrays)
