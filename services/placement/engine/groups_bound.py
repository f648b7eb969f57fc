"""A certified bound from row multipliers: exact integers, the same formula as the verifier's.

For multipliers y on the model's rows and reduced costs r = c - A'y,
    c.x >= sum_i y_i b_i + sum over columns outside blocks of min(r_j l_j, r_j u_j)
                         + sum over blocks of the least r.x in the block
for every feasible integer x in the box [l, u], where b_i is the row's lower side for y_i > 0 and
its upper side for y_i < 0. Scaling y to integers keeps the inequality exact, so rounding costs a
little strength and never validity (Lagrangian relaxation, Geoffrion 1974).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.placement.engine.groups_blocks import Blocks, best_points
from services.placement.engine.groups_highs import Arrays
from services.placement.engine.groups_model import INF
from services.placement.engine.market import Ints

#: Sums stay below 2^62 in magnitude, so that 64-bit arithmetic is exact.
LIMIT = 2**60
#: Multipliers are rounded to this fraction at least; of a ray, whose proof may be tiny, finer.
LEAST_SCALE, RAY_SCALE, MOST_SCALE = 2**20, 2**40, 2**50
#: The smallest multiplier that counts gets so many steps; below this share of the largest it is
#: an error of floating point.
RESOLUTION, NOISE = 2**12, 1e-13


@dataclass(frozen=True)
class Bound:
    """`total`/`scale` bounds the objective; `rows` maps row positions to integer multipliers."""

    total: int
    scale: int
    rows: dict[int, int]
    empty: bool = False

    def value(self, step: int) -> int:
        """The least multiple of `step` that the objective can take."""
        return -(-self.total // (self.scale * step)) * step


def scale_for(
    cost: Ints,
    multipliers: NDArray[np.float64],
    rows: Arrays,
    widest: NDArray[np.float64],
    least: int = LEAST_SCALE,
) -> int:
    """A power of two that keeps every sum of the formula within 64 bits.

    It is `least`, or more where the smallest multiplier would be rounded too roughly: a row with
    large coefficients has tiny ones. `widest` is the largest magnitude of each column in the box.
    """
    there = np.abs(multipliers[multipliers != 0])
    there = there[there > float(there.max(initial=0.0)) * NOISE]
    scale = least
    while len(there) and scale < MOST_SCALE and float(there.min()) * scale < RESOLUTION:
        scale *= 2
    # Rounding may make each multiplier larger by half a unit of 1/scale.
    y = np.abs(multipliers) + 1.0 / scale
    reduced = np.abs(cost).astype(np.float64)
    np.add.at(reduced, rows.col, y[_owner(rows)] * np.abs(rows.val))
    finite = np.maximum(
        np.where(np.abs(rows.low) < INF, np.abs(rows.low), 0),
        np.where(np.abs(rows.high) < INF, np.abs(rows.high), 0),
    )
    size = float((reduced * np.maximum(widest, 1)).sum()) + float((y * finite).sum())
    while scale > 1 and size * scale * 2 > LIMIT:
        scale //= 2
    return scale


def _owner(rows: Arrays) -> Ints:
    return np.repeat(np.arange(len(rows.low)), np.diff(rows.ptr))


def certified(
    rows: Arrays,
    blocks: Blocks,
    cost: Ints,
    multipliers: NDArray[np.float64],
    low_box: Ints,
    high_box: Ints,
    *,
    farkas: bool = False,
) -> Bound:
    """Evaluate the formula exactly for rounded multipliers; `farkas` leaves the objective out."""
    widest = np.maximum(np.abs(low_box), np.abs(high_box)).astype(np.float64)
    least = RAY_SCALE if farkas else LEAST_SCALE
    scale = scale_for(cost, multipliers, rows, widest, least)
    y = np.rint(multipliers * scale).astype(np.int64)
    # A multiplier without a finite side would be worth nothing: it is left out.
    y[(y > 0) & (rows.low <= -INF)] = 0
    y[(y < 0) & (rows.high >= INF)] = 0
    side = np.where(y > 0, rows.low, np.where(y < 0, rows.high, 0))
    base = np.zeros(len(cost), np.int64) if farkas else cost * scale
    reduced = base.copy()
    np.subtract.at(reduced, rows.col, y[_owner(rows)] * rows.val)
    total = int((y * side).sum())
    free = ~blocks.inside
    total += int(np.minimum(reduced[free] * low_box[free], reduced[free] * high_box[free]).sum())
    points = best_points(blocks, reduced, low_box, high_box)
    used = {int(i): int(y[i]) for i in np.nonzero(y)[0]}
    if not points.found:
        return Bound(LIMIT, scale, {}, empty=True)
    return Bound(total + int(points.value.sum()), scale, used)
