"""What is reported of an answer, from the arrays alone; imports neither the engine nor a peer."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
#: Seconds that one measurement takes at least.
LEAST = 0.1

FIELDS = (
    "wish_start",
    "wish_session",
    "wish_rank",
    "wish_cost",
    "capacity",
    "school",
    "lottery",
    "school_size",
)


def facts(market: Any, seat: Array) -> dict[str, Any]:
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


def timed(solve: Callable[[], Array], market: Any, repeats: int) -> dict[str, Any]:
    """Median times of a solve, peak memory of the process so far, and facts of the answer.

    The processor's clock of a process may move in steps of milliseconds, so what is quicker than
    `LEAST` is solved as often as fills it, and each time divided by how often that was.
    """
    often, cpu, wall = 1, list[float](), list[float]()
    while len(wall) < repeats:
        t, w = time.process_time(), time.perf_counter()
        for _ in range(often):
            seat = solve()
        t, w = time.process_time() - t, time.perf_counter() - w
        if not wall and w < LEAST / 2:
            often = max(2 * often, int(often * LEAST / max(w, 1e-6)))
            continue
        cpu.append(t / often)
        wall.append(w / often)
    return {
        "applicants": len(market.school),
        "cpu_s": round(float(np.median(cpu)), 7),
        "wall_s": round(float(np.median(wall)), 7),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **facts(market, seat),
    }
