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


def scale_for(cost: Ints, multipliers: NDArray[np.float64], rows: Arrays, most: int = 2**20) -> int:
    """A power of two up to `most` that keeps every sum of the formula within 64 bits."""
    size = float(np.abs(cost).sum())
    size += float(np.abs(multipliers[_owner(rows)] * rows.val).sum())
    finite = np.maximum(
        np.where(np.abs(rows.low) < INF, np.abs(rows.low), 0),
        np.where(np.abs(rows.high) < INF, np.abs(rows.high), 0),
    )
    size += float(np.abs(multipliers * finite).sum())
    scale = most
    while scale > 1 and size * scale * 1000 > LIMIT:
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
    # What a ray proves may be tiny beside its largest entry, so it is rounded more finely.
    scale = scale_for(cost, multipliers, rows, 2**40 if farkas else 2**20)
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
