"""Persons with minimum sizes at scale: fill or close, each try an exact flow.

Each session is shown to the flow as two: its first `min` seats and the rest, the rest at a
surcharge of B rank steps. So people come to a thin session as long as that costs at most B steps
each; what stays below its minimum then is closed, the emptiest first, while B grows. With the open
set settled and B above every rank the first seats are filled before anything else, so that the
last flow is the exact optimum of that open set. What the seats are worth to people in it bounds the
rank over all open sets (`minimum_bound`), and names the sessions that had better close or open:
that is tried as long as it helps. `placed` is bounded by the flow without minimums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.placement.engine import flow
from services.placement.engine.answer import Answer, Progress, StageResult
from services.placement.engine.flow_bound import Rest, loose_bounds
from services.placement.engine.market import Flags, Ints, Market
from services.placement.engine.minimum_bound import Worth, worth_bound
from services.placement.engine.solve_individuals import (
    PersonColumns,
    flow_market,
    loose_result,
    person_columns,
    stage_values,
)
from services.placement.engine.stages import BOUNDED, PROVED
from services.placement.engine.watch import Watch

#: Below this many persons the exact integer program is the better way.
MANY = 300
FIRST_SURCHARGE = 3
#: After so many flows everything thin is closed at once.
MOST_STEPS = 80
#: So many flows are tried over other open sets, fewer where that are more seated people than this.
MOST_FLOWS, LEAST_FLOWS, FLOWN = 60, 8, 3_000_000
#: Of the sessions that had better open, this part is tried at once; then this part of that.
PART = 4


class _Fill:
    """The doubled market: session s and, at index s + S, its seats beyond the minimum."""

    def __init__(self, market: Market, base: flow.FlowMarket) -> None:
        self.base = base
        self.count = len(base.capacity)
        #: More than any rank: at this surcharge minimum seats go before all others.
        self.above = int(base.wish_rank.max(initial=0)) + 1
        self.low = np.where(market.sessions.open, 0, market.sessions.min)
        #: The published minimum; `low` may be lower where fixed placements already run a session.
        self.least = self.low.copy()
        self.high = market.sessions.max
        self.owner = np.repeat(np.arange(len(base.school)), np.diff(base.wish_start))
        self.start = (base.wish_start * 2).astype(np.int64)
        self.session = np.empty(2 * len(base.wish_session), np.int32)
        self.session[0::2] = base.wish_session
        self.session[1::2] = base.wish_session + self.count

    def solve(
        self,
        closed: Flags,
        surcharge: int,
        stages: tuple[str, ...],
        heard: Callable[[flow.Progress], bool] | None = None,
    ) -> flow.FlowAnswer:
        """The flow over the doubled market; `granted` reads its seats."""
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
        return flow.solve_flow(doubled, stages, heard)

    @staticmethod
    def granted(found: flow.FlowAnswer) -> Ints:
        """Granted wish (of the base market) per person, or -1."""
        seat = found.seat_wish
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
    fill = _Fill(market, base)
    if base.fixed is not None:
        # They sit in the first seats, which there have no minimum (see `solve`).
        held = base.wish_session[base.fixed[base.fixed >= 0]]
        fill.low = np.maximum(fill.low, np.bincount(held, minlength=fill.count))
    first = stages[:2] if stages[1:2] == ("rank",) else ("placed", "rank")
    last = _improved(fill, _filled(fill, first, watch, len(stages)), first, watch)
    if stages != first and not watch.expired():
        last = _settled(fill, last, stages, watch)
    wishing = np.diff(base.wish_start) > 0
    # Where all who have a wish are placed, nothing needs to be proved by a flow without minimums.
    relaxed = None if (last.seat[wishing] >= 0).all() else flow.solve_flow(base, stages[:2])
    return _answer(market, columns, fill, last, relaxed, draw)


@dataclass(frozen=True)
class _Filled:
    """A flow over the doubled market that leaves no session thin: closed sessions and seats."""

    closed: Flags
    surcharge: int
    found: flow.FlowAnswer
    seat: Ints
    worth: Worth | None = None

    def value(self, base: flow.FlowMarket) -> tuple[int, int]:
        """People placed, then how good their ranks are."""
        wish = self.seat[self.seat >= 0]
        return len(wish), -int(base.wish_rank[wish].sum(dtype=np.int64))


def _filled(fill: _Fill, first: tuple[str, ...], watch: Watch, stages: int) -> _Filled:
    """Fill or close until no open session is thin; that flow is then best for its open set."""
    closed = np.zeros(fill.count, np.bool_)
    above = fill.above
    surcharge, step = min(FIRST_SURCHARGE, above), 0
    while True:
        found = fill.solve(closed, surcharge, first)
        seat = fill.granted(found)
        thin = fill.short(seat, closed)
        if not len(thin):
            return _Filled(closed, surcharge, found, seat)
        shown = Progress("rank", 1, stages, None, None, {"placed": int((seat >= 0).sum())})
        more = watch.tell(shown) and not watch.expired() and step < MOST_STEPS
        closed[thin[: -(-len(thin) // 3)] if more else thin] = True
        surcharge = min(above, surcharge + step % 2)
        step += 1


def _improved(fill: _Fill, last: _Filled, first: tuple[str, ...], watch: Watch) -> _Filled:
    """Close sessions that the bound calls dearer open, and open those it calls worth it.

    Many at once while that helps, then fewer; a session whose opening alone does not help is left.
    """
    best, flows, part = _bounded(fill, last), _Flows(fill, first, watch), PART
    left, fresh = set[int](), True
    while best.worth is not None and best.worth.bound < -best.value(fill.base)[1]:
        worth, better = best.worth, None
        for close in (worth.close, worth.close[:1]) if fresh else ():
            if better is None and len(close):
                better = flows.tried(best, close, True)
        if better is None:
            empty = [s for s in worth.open.tolist() if best.closed[s] and s not in left]
            some = np.array(empty[: max(1, len(empty) // part)], dtype=np.int64)
            if not len(some):
                break
            better = flows.tried(best, some, False)
            if better is None and len(some) == 1:
                left.add(int(some[0]))
            part = PART if better is not None else part * PART
        if flows.left <= 0 or watch.expired():
            return best if better is None else better
        best, fresh = (best, False) if better is None else (better, True)
    return best


class _Flows:
    """Tries of other open sets, as many as the size of the market allows."""

    def __init__(self, fill: _Fill, first: tuple[str, ...], watch: Watch) -> None:
        self.fill, self.first, self.watch = fill, first, watch
        people = max(1, len(fill.base.school))
        self.left = max(LEAST_FLOWS, min(MOST_FLOWS, FLOWN // people))

    def tried(self, best: _Filled, sessions: Ints, close: bool) -> _Filled | None:
        """The answer with these sessions closed or opened if it is better, with its bound.

        What gets thin by it is closed as well, once.
        """
        fill, closed = self.fill, best.closed.copy()
        closed[sessions] = close
        surcharge = best.surcharge if close else fill.above
        for _ in range(2):
            if self.watch.expired() or (closed == best.closed).all():
                return None
            self.left -= 1
            found = fill.solve(closed, surcharge, self.first)
            trial = _Filled(closed, surcharge, found, fill.granted(found))
            thin = fill.short(trial.seat, closed)
            if not len(thin):
                better = trial.value(fill.base) > best.value(fill.base)
                return _bounded(fill, trial, best.worth) if better else None
            closed = closed.copy()
            closed[thin] = True
        return None


def _bounded(fill: _Fill, found: _Filled, before: Worth | None = None) -> _Filled:
    """With its bound, or the one `before` where that is better: it holds for all open sets."""
    rest = Rest(fill.base, found.seat, everybody=False)
    worth = worth_bound(rest, fill.least, found.found, found.surcharge, fill.above)
    if before is not None and (worth is None or worth.bound < before.bound):
        none = before.close[:0]
        close, empty = (none, none) if worth is None else (worth.close, worth.open)
        worth = replace(before, close=close, open=empty)
    return replace(found, worth=worth)


def _settled(fill: _Fill, last: _Filled, stages: tuple[str, ...], watch: Watch) -> _Filled:
    """All stages over the open set, whose minimum seats go first; `last` where that does not fit.

    Closes what a stage before `rank` leaves thin. Cut short, it has the stages that were finished.
    """
    closed = last.closed.copy()
    while True:
        found = fill.solve(closed, fill.above, stages, lambda _: not watch.expired())
        seat = fill.granted(found)
        thin = fill.short(seat, closed)
        if not len(thin):
            break
        if watch.expired():
            return last
        closed[thin] = True
    settled = _Filled(closed, fill.above, found, seat, last.worth)
    before, after = last.value(fill.base), settled.value(fill.base)
    if after[0] < before[0] or found.finished[:1] != ("placed",):
        return last
    return settled if after[0] == before[0] else replace(settled, worth=None)


def _answer(
    market: Market,
    columns: PersonColumns,
    fill: _Fill,
    last: _Filled,
    relaxed: flow.FlowAnswer | None,
    draw: Ints,
) -> Answer:
    parts = columns.answer(last.seat)
    values = stage_values(market, parts, draw)
    stages = market.rules.stages
    known = [] if relaxed is None else ["placed"]
    # Where worths bound the rank well, prices need not be tried.
    if last.worth is not None and last.worth.bound * 50 >= values["rank"] * 49:
        known.append("rank")
    loose = loose_bounds(fill.base, last.seat, stages, {}, {}, known=known)
    results: list[StageResult] = []
    arrays: dict[str, Ints] = {}
    exact = relaxed is not None
    for i, stage in enumerate(stages):
        found = loose_result(market, stage, values[stage], loose, arrays)
        # The relaxation's rank is least among answers that place as many as it does.
        easy = stage in {"placed", "rank"} and exact and i < 2
        if relaxed is not None and easy and stage in relaxed.finished:
            found = _judged(found, int(relaxed.numbers[stage]), {"kind": "flow", "array": stage})
            found.evidence["relaxed"] = "min"
            arrays[stage] = relaxed.evidence[stage]
            exact = found.bound == found.value
        worth = last.worth if stage == "rank" and "placed" in stages[:i] else None
        if worth is not None and (found.bound is None or worth.bound > found.bound):
            proof = {"kind": "worth", "array": "rank_worth", "charge": worth.charge}
            found, arrays["rank_worth"] = _judged(found, worth.bound, proof), worth.worth
        results.append(found)
    return Answer(market, "max", parts, results, engine="flow-minimum", evidence_arrays=arrays)


def _judged(found: StageResult, bound: int, evidence: dict[str, Any]) -> StageResult:
    """A stage with a bound and its evidence; proved where the bound is the value."""
    claim = PROVED if bound == found.value else BOUNDED
    return StageResult(found.stage, found.value, bound, claim, {}, evidence)
