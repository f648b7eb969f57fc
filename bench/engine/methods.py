"""The engine's methods on one stored market: a line of JSON for each.

`python -m bench.engine.methods FILE METHOD...`. They share one process; `peak_mb` is what it has
needed so far. Time is processor time, arrays in and arrays out; wall time is beside it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.engine.facts import timed
from bench.engine.instances import read_instance
from services.placement.engine.flow import FlowMarket, solve_flow
from services.placement.engine.flow_repair import Change, Repair
from services.placement.engine.stable import StableMarket, solve_stable

Array = NDArray[Any]
REPAIRS = 200
#: Above this many applicants a method runs once.
LARGE = 200_000


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
}


def measure(market: FlowMarket, method: str) -> dict[str, Any]:
    """The row of one method; small markets are solved five times."""
    if method == "repair":
        return repair(market)
    return timed(lambda: METHODS[method](market), market, 1 if len(market.school) > LARGE else 5)


def tiny() -> FlowMarket:
    """Three people, two sessions: loads the compiled code before anything is measured."""
    return FlowMarket(
        wish_start=np.array([0, 2, 4, 5], np.int64),
        wish_session=np.array([0, 1, 0, 1, 0], np.int32),
        wish_rank=np.array([0, 1, 0, 1, 0], np.int32),
        wish_cost=np.array([0, 3, 0, 2, 1], np.int32),
        capacity=np.array([1, 1], np.int32),
        school=np.array([0, 1, 1], np.int32),
        lottery=np.array([2, 0, 1], np.int64),
        school_size=np.array([1, 2], np.int64),
    )


def main(path: str, methods: list[str]) -> None:
    """Run methods and print their rows."""
    market = read_instance(Path(path))
    for method in methods:
        if method != "repair":
            METHODS[method](tiny())
        print(json.dumps({"method": method, **measure(market, method)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
