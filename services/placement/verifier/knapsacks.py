"""Many small knapsacks at once: the least cost of a set of items with low to high seats.

Exact dynamic programs over the seats, one row for each session, so that numpy works on all of them
together: the j-th item of every session is looked at in one step (R. Bellman, 1957).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.placement.verifier.files import Ints

#: int64, or Python's integers where those could overflow.
Numbers = NDArray[Any]
Flags = NDArray[np.bool_]
#: About so many numbers are held at a time.
CELLS = 2_000_000


def segment_sums(values: Numbers, ptr: Ints) -> Numbers:
    """Sum over each segment `ptr[i]:ptr[i + 1]`."""
    running = np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
    found: Numbers = running[ptr[1:]] - running[ptr[:-1]]
    return found


def least_costs(
    cost: Numbers, seats: Ints, ptr: Ints, low: Ints, high: Ints, must: Flags, barred: Flags
) -> list[int | None]:
    """The least cost for each segment of items; None where no set has low to high seats."""
    sizes = np.diff(ptr)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    zero = np.zeros(1, cost.dtype)[0]
    room = high - segment_sums(np.where(must, seats, 0), ptr)
    need = np.maximum(0, low - (high - room))
    free = ~must & ~barred
    # An item without seats is taken where it lowers the cost, as those that must be are.
    taken = must | (free & (seats == 0) & (cost < 0))
    value = segment_sums(np.where(taken, cost, zero), ptr)
    choice = free & (seats > 0) & (seats <= room[owner]) & ((cost < 0) | (need[owner] > 0))
    counts = segment_sums(choice.astype(np.int64), ptr)
    out: list[int | None] = [None] * len(sizes)
    start = np.concatenate([[0], np.cumsum(counts)])
    cost, seats = cost[choice], seats[choice]
    left = room >= 0
    for b in np.nonzero(left & _alike(seats, start))[0].tolist():
        own = slice(int(start[b]), int(start[b + 1]))
        best = _cheapest(cost[own], seats[own], int(need[b]), int(room[b]))
        out[b] = None if best is None else int(value[b]) + best
        left[b] = False
    # Those with the most items first, so that the rows still at work are always the first.
    todo = np.nonzero(left)[0]
    todo = todo[np.lexsort((room[todo], -counts[todo]))]
    at = 0
    while at < len(todo):
        widths = np.maximum.accumulate(room[todo[at:]] + 1) * np.arange(1, len(todo) - at + 1)
        rows = todo[at : at + max(1, int(np.searchsorted(widths, CELLS, side="right")))]
        found = _programs(rows, cost, seats, start, need, room)
        for b, best in zip(rows.tolist(), found, strict=True):
            out[b] = None if best is None else int(value[b]) + best
        at += len(rows)
    return out


def _alike(seats: Ints, start: Ints) -> Flags:
    """Segments whose items all take the same seats."""
    same = np.ones(len(start) - 1, np.bool_)
    some = np.nonzero(np.diff(start))[0]
    if len(some):
        first = start[:-1][some]
        same[some] = np.minimum.reduceat(seats, first) == np.maximum.reduceat(seats, first)
    return same


def _cheapest(cost: Numbers, seats: Ints, need: int, room: int) -> int | None:
    """Items of equal size: the k cheapest are best, for each k."""
    size = int(seats[0]) if len(seats) else 1
    sums = [0, *np.cumsum(np.sort(cost)).tolist()]
    fitting = sums[-(-need // size) : room // size + 1]
    return min(fitting) if fitting else None


def _programs(
    rows: Ints, cost: Numbers, seats: Ints, start: Ints, need: Ints, room: Ints
) -> list[int | None]:
    """The dynamic programs of some segments, those with the most items first."""
    counts = (start[1:] - start[:-1])[rows]
    first = start[:-1][rows]
    size = np.abs(cost).sum(dtype=np.float64) if cost.dtype != object else np.inf
    kind: Any = np.int64 if size < 2.0**56 else object
    far = 2**58 if kind is np.int64 else 4 * (sum(abs(int(v)) for v in cost.tolist()) + 1)
    columns = np.arange(int(room[rows].max()) + 1)
    best = np.full((len(rows), len(columns)), far, dtype=kind)
    best[:, 0] = 0
    for j in range(int(counts.max(initial=0))):
        active = int(np.searchsorted(-counts, -j))
        item = first[:active] + j
        back = columns[None, :] - seats[item][:, None]
        with_it = np.take_along_axis(best[:active], np.maximum(back, 0), axis=1)
        with_it = with_it + cost[item].astype(kind)[:, None]
        with_it[back < 0] = far
        np.minimum(best[:active], with_it, out=best[:active])
    outside = (columns[None, :] < need[rows][:, None]) | (columns[None, :] > room[rows][:, None])
    best[outside] = far
    least = best.min(axis=1)
    # Unreachable entries stay above half of `far`, whatever items were added to them.
    return [int(v) if v < far // 2 else None for v in least.tolist()]
