"""What is reported of an answer, from the arrays alone; imports neither the engine nor a peer."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

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
    """Median times of a solve, peak memory of the process so far, and facts of the answer."""
    cpu, wall = [], []
    for _ in range(repeats):
        t, w = time.process_time(), time.perf_counter()
        seat = solve()
        cpu.append(time.process_time() - t)
        wall.append(time.perf_counter() - w)
    return {
        "applicants": len(market.school),
        "cpu_s": round(float(np.median(cpu)), 5),
        "wall_s": round(float(np.median(wall)), 5),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **facts(market, seat),
    }
