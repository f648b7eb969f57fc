"""Prices by subgradient steps: a bound of the whole program where no linear program can be solved.

Idea. Relax every row that ties sessions together with a price; each session is then a small
knapsack of its own, and the sum is a bound. Steps along the violated rows of an averaged point
raise it. The average tends to a fractional answer of the relaxation, which says where groups
belong. Every round costs one pass over the sessions; memory is a handful of arrays. The bound that
counts is recomputed in integers afterwards (`groups_bound`), so that floats here decide nothing.

Source: F. Barahona and R. Anbil, The volume algorithm, Mathematical Programming 87 (2000).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from services.placement.engine.groups_blocks import best_points
from services.placement.engine.groups_master import Master
from services.placement.engine.groups_model import INF
from services.placement.engine.market import Ints

Floats = NDArray[np.float64]
#: Weight of the newest point in the average, and the least it falls to.
NEWEST, LEAST = 0.1, 0.01
#: A step aims at most this far above the best bound, as a share of what is known.
AIM = 0.01
#: Multiples of an earlier stage's prices that a later stage looks at to begin with.
MULTIPLES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
#: After this many rounds without a better bound the steps become shorter.
PATIENCE = 10
#: Steps shorter than this share of the first end the ascent.
SHORTEST = 1e-4


@dataclass(frozen=True)
class Ascent:
    """Prices of all rows, the bound they give in floats, and the averaged point."""

    prices: Floats
    bound: float
    mean: Floats


@njit(cache=True)
def _reduced(cost, y, ptr, row, val, out):  # type: ignore[no-untyped-def]
    """Cost of every column less the prices of its rows."""
    for j in range(len(cost)):
        v = cost[j]
        for k in range(ptr[j], ptr[j + 1]):
            v -= val[k] * y[row[k]]
        out[j] = v


@njit(cache=True)
def _activity(x, ptr, row, val, out):  # type: ignore[no-untyped-def]
    """Value of every row at a point."""
    out[:] = 0.0
    for j in range(len(x)):
        if x[j] != 0.0:
            for k in range(ptr[j], ptr[j + 1]):
                out[row[k]] += val[k] * x[j]


class Dual:
    """The function to be raised: least cost over the blocks at given prices of the kept rows."""

    def __init__(self, master: Master, cost: Ints, low: Ints, high: Ints) -> None:
        self.master, self.low, self.high = master, low, high
        self.cost = cost.astype(np.float64)
        rows = master.rows
        self.floor, self.ceiling = rows.low[master.keep], rows.high[master.keep]
        self.reduced = np.empty(len(cost))
        # A row of many entries moves the bound more than one of few, so its price moves less.
        weight = np.zeros(len(master.keep))
        np.add.at(weight, master.col_row, master.col_val.astype(np.float64) ** 2)
        self.scale = 1.0 / np.sqrt(np.maximum(weight, 1.0))
        self.row_value = np.empty(len(master.keep))
        self.free = np.nonzero(~master.blocks.inside)[0]

    def signed(self, y: Floats) -> Floats:
        """Prices with the sign that their row's side allows."""
        y = np.where((y > 0) & (self.floor <= -INF), 0.0, y)
        return np.where((y < 0) & (self.ceiling >= INF), 0.0, y)

    def side(self, y: Floats) -> Floats:
        """The side of each row that counts at these prices."""
        least = np.where(self.floor > -INF, self.floor, self.ceiling)
        most = np.where(self.ceiling < INF, self.ceiling, self.floor)
        return np.where(y > 0, least, most).astype(np.float64)

    def value(self, y: Floats) -> tuple[float, Floats] | None:
        """The bound at these prices and the point that attains it; None if a block is empty."""
        m = self.master
        _reduced(self.cost, y, m.col_ptr, m.col_row, m.col_val, self.reduced)
        points = best_points(m.blocks, self.reduced, self.low, self.high)
        if not points.found:
            return None
        x = np.zeros(len(self.cost))
        x[m.blocks.item] = points.take
        x[m.blocks.z] = points.runs
        r = self.reduced[self.free]
        x[self.free] = np.where(r < 0, self.high[self.free], self.low[self.free])
        total = float(points.value.sum()) + float((r * x[self.free]).sum())
        return total + float((y * self.side(y)).sum()), x

    def slack(self, x: Floats, y: Floats) -> Floats:
        """How far each row is from the side that counts: the direction of ascent."""
        m = self.master
        _activity(x, m.col_ptr, m.col_row, m.col_val, self.row_value)
        short = np.where(self.row_value < self.floor, self.floor - self.row_value, 0.0)
        over = np.where(self.row_value > self.ceiling, self.ceiling - self.row_value, 0.0)
        return np.where(y != 0, self.side(y) - self.row_value, short + over)


def ascend(
    master: Master,
    cost: Ints,
    low: Ints,
    high: Ints,
    *,
    known: int | None,
    rounds: int,
    go_on: Callable[[float], bool],
    start: Floats | None = None,
) -> Ascent | None:
    """Raise the bound of the box for at most `rounds`; None if a block of it is empty.

    `known` is the value of an answer, above which no bound can rise; `start` are prices of all
    rows, of which the best multiple is where it begins. `go_on` hears the bound and answers
    whether to continue.
    """
    dual = Dual(master, cost, low, high)
    found = _begin(dual, start)
    if found is None:
        return None
    best, mean, centre = found
    factor, waited = 1.0, 0
    for _ in range(rounds):
        aim = best + AIM * max(1.0, abs(best), abs(known or 0))
        if known is not None:
            aim = min(aim, float(known))
        direction = dual.slack(mean, centre) * dual.scale
        size = float(direction @ direction)
        if size < 1e-12 or aim - best < 1e-9 * max(1.0, abs(best)):
            break
        y = dual.signed(centre + factor * (aim - best) / size * direction * dual.scale)
        point = dual.value(y)
        if point is None:
            return None
        value, x = point
        weight = max(LEAST, min(NEWEST, NEWEST * factor * 4))
        mean = weight * x + (1 - weight) * mean
        if value > best:
            best, centre, waited = value, y, 0
            factor = min(2.0, factor * 1.05)
        else:
            waited += 1
            if waited >= PATIENCE:
                factor, waited = factor * 0.66, 0
        if factor < SHORTEST or not go_on(best):
            break
    prices = np.zeros(len(master.names))
    prices[master.keep] = centre
    return Ascent(prices, best, mean)


def _begin(dual: Dual, start: Floats | None) -> tuple[float, Floats, Floats] | None:
    """Bound, point and prices at the best multiple of `start`; None if a block is empty."""
    best: tuple[float, Floats, Floats] | None = None
    for factor in MULTIPLES if start is not None else (0.0,):
        y = np.zeros(len(dual.scale))
        if start is not None:
            y = dual.signed(factor * start[dual.master.keep])
        found = dual.value(y)
        if found is None:
            return None
        if best is None or found[0] > best[0]:
            best = (*found, y)
    return best
