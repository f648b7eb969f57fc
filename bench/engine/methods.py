"""One method on one stored market, in a process of its own: prints a line of JSON.

`python -m bench.engine.methods METHOD FILE`. OR-Tools and HiGHS cannot live in one process, and a
method's memory is only its own when nothing else runs beside it. Time is the processor time of the
solve alone, arrays in and arrays out (the peers' model building through their bulk calls is
counted, since their users pay for it); wall time is reported beside it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.engine.instances import read_instance
from services.placement.engine.flow import FlowMarket, solve_flow
from services.placement.engine.flow_repair import Change, Repair
from services.placement.engine.stable import StableMarket, solve_stable

Array = NDArray[Any]
REPAIRS = 300


def engine_rank(market: FlowMarket) -> Array:
    """Most placed, then least rank: what the peers can answer too."""
    return solve_flow(market, ("placed", "rank")).seat_wish


def engine_leximin(market: FlowMarket) -> Array:
    """With the school stage."""
    return solve_flow(market, ("placed", "rank", "leximin")).seat_wish


def engine_all(market: FlowMarket) -> Array:
    """All five stages."""
    return solve_flow(market).seat_wish


def engine_stable(market: FlowMarket) -> Array:
    """Deferred acceptance."""
    priority = np.zeros(len(market.wish_rank), np.int32)
    return solve_stable(
        StableMarket(
            market.wish_start,
            market.wish_session,
            market.wish_rank,
            priority,
            market.capacity,
            market.lottery,
        )
    )


@njit(cache=True)
def _first_come(
    start: Array, session: Array, rank: Array, left: Array, order: Array, seat: Array
) -> None:
    for i in order:
        best = -1
        for w in range(start[i], start[i + 1]):
            if left[session[w]] > 0 and (best < 0 or rank[w] < rank[best]):
                best = w
        if best >= 0:
            seat[i] = best
            left[session[best]] -= 1


def first_come(market: FlowMarket) -> Array:
    """Everyone takes the best wish that is left, in lottery order."""
    seat = np.full(len(market.school), -1, np.int64)
    order = np.argsort(market.lottery, kind="stable")
    left = market.capacity.astype(np.int64)
    _first_come(market.wish_start, market.wish_session, market.wish_rank, left, order, seat)
    return seat


def _owner(market: FlowMarket) -> Array:
    return np.repeat(np.arange(len(market.school)), np.diff(market.wish_start))


def or_tools(market: FlowMarket) -> Array:
    """OR-Tools' min-cost flow with bulk calls; staying home costs more than any rank can save."""
    from ortools.graph.python import min_cost_flow

    n, sessions, m = len(market.school), len(market.capacity), len(market.wish_session)
    flow = min_cost_flow.SimpleMinCostFlow()
    home = n + sessions
    sink = home + 1
    tail = np.concatenate([_owner(market), np.arange(n), n + np.arange(sessions), [home]])
    head = np.concatenate(
        [n + market.wish_session, np.full(n, home), np.full(sessions, sink), [sink]]
    )
    top = int(market.wish_rank.max()) + 1
    cost = np.concatenate(
        [market.wish_rank, np.full(n, top * (sessions + 1)), np.zeros(sessions + 1, np.int64)]
    )
    capacity = np.concatenate([np.ones(m + n, np.int64), market.capacity, [n]])
    flow.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32),
        head.astype(np.int32),
        capacity.astype(np.int64),
        cost.astype(np.int64),
    )
    flow.set_nodes_supplies(
        np.concatenate([np.arange(n), [sink]]).astype(np.int32),
        np.concatenate([np.ones(n, np.int64), [-n]]).astype(np.int64),
    )
    if flow.solve() != flow.OPTIMAL:
        raise RuntimeError("OR-Tools found no optimum")
    used = flow.flows(np.arange(m))
    seat = np.full(n, -1, np.int64)
    wish = np.nonzero(used)[0]
    seat[_owner(market)[wish]] = wish
    return seat


def highs(market: FlowMarket) -> Array:
    """HiGHS on the linear program, one thread; its basic solutions are integral."""
    import highspy

    n, sessions, m = len(market.school), len(market.capacity), len(market.wish_session)
    top = (int(market.wish_rank.max()) + 1) * (sessions + 1)
    model = highspy.HighsLp()
    model.num_col_ = m
    model.num_row_ = n + sessions
    model.col_cost_ = market.wish_rank.astype(float) - top
    model.col_lower_ = np.zeros(m)
    model.col_upper_ = np.ones(m)
    model.row_lower_ = np.full(n + sessions, -highspy.kHighsInf)
    model.row_upper_ = np.concatenate([np.ones(n), market.capacity.astype(float)])
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = 2 * np.arange(m + 1)
    model.a_matrix_.index_ = np.stack([_owner(market), n + market.wish_session], 1).ravel()
    model.a_matrix_.value_ = np.ones(2 * m)
    make: Any = highspy.Highs
    solver = make()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(model)
    solver.run()
    value = np.array(solver.getSolution().col_value)
    seat = np.full(n, -1, np.int64)
    wish = np.nonzero(value > 0.5)[0]
    seat[_owner(market)[wish]] = wish
    return seat


def repair(market: FlowMarket) -> dict[str, Any]:
    """One host after another declines: milliseconds of a repair, people displaced and moved."""
    answer = solve_flow(market, ("placed", "rank"))
    state = Repair(market, answer.seat_wish, answer.evidence)
    rng = np.random.default_rng(7)
    seated = np.bincount(
        market.wish_session[answer.seat_wish[answer.seat_wish >= 0]],
        minlength=len(market.capacity),
    )
    chosen = rng.permutation(np.nonzero(seated > 0)[0])[:REPAIRS]
    state.preview(Change(capacity={int(chosen[0]): 0}))
    cpu, wall, moved, displaced, seated_again = [], [], [], [], []
    for s in chosen.tolist():
        t, w = time.thread_time(), time.perf_counter()
        out = state.apply(Change(capacity={s: 0}))
        cpu.append(1e3 * (time.thread_time() - t))
        wall.append(1e3 * (time.perf_counter() - w))
        moved.append(len(out.moved))
        displaced.append(len(out.displaced))
        seated_again.append(len(out.displaced) - len(out.lost))
    return {
        "repairs": len(chosen),
        "cpu_ms": {q: round(float(np.percentile(cpu, q)), 3) for q in (50, 90, 99)},
        "wall_ms": {q: round(float(np.percentile(wall, q)), 3) for q in (50, 90, 99)},
        "displaced": int(np.sum(displaced)),
        "seated_again": int(np.sum(seated_again)),
        "moved": int(np.sum(moved)),
    }


METHODS: dict[str, Callable[[FlowMarket], Array]] = {
    "engine": engine_rank,
    "engine+leximin": engine_leximin,
    "engine, all stages": engine_all,
    "stable": engine_stable,
    "first-come": first_come,
    "OR-Tools": or_tools,
    "HiGHS LP": highs,
}


def facts(market: FlowMarket, seat: Array) -> dict[str, Any]:
    """Feasibility and the numbers of an answer, computed from the arrays alone."""
    seated = np.nonzero(seat >= 0)[0]
    wish = seat[seated]
    own = (market.wish_start[seated] <= wish) & (wish < market.wish_start[seated + 1])
    taken = np.bincount(market.wish_session[wish], minlength=len(market.capacity))
    size = np.bincount(market.school)
    unplaced = np.bincount(market.school[seat < 0], minlength=len(size))
    share = unplaced / np.maximum(size, 1)
    return {
        "feasible": bool(own.all() and (taken <= market.capacity).all()),
        "placed": len(wish),
        "rank": int(market.wish_rank[wish].sum(dtype=np.int64)),
        "cost": int(market.wish_cost[wish].sum(dtype=np.int64)),
        "worst_school_placed": round(1 - float(share.max()), 4),
    }


def main(method: str, path: str) -> None:
    """Run one method and print its row."""
    market = read_instance(Path(path))
    if method == "repair":
        print(json.dumps(repair(market)))
        return
    solve = METHODS[method]
    own = method not in ("OR-Tools", "HiGHS LP")
    if own:
        solve(market)
    repeats = 1 if len(market.school) > 200_000 or not own else 5
    cpu, wall = [], []
    for _ in range(repeats):
        t, w = time.process_time(), time.perf_counter()
        seat = solve(market)
        cpu.append(time.process_time() - t)
        wall.append(time.perf_counter() - w)
    row = {
        "cpu_s": round(float(np.median(cpu)), 5),
        "wall_s": round(float(np.median(wall)), 5),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **facts(market, seat),
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
