"""Column generation: pricing over the blocks, and the certified bound of a box.

Every block is asked for its best pattern at the current prices of the restricted master; when none
improves, the master's value is the Dantzig-Wolfe bound of the box. Every set of prices on the way
already gives a certified bound, and the best is kept. An infeasible master is mended by pricing its
Farkas ray, or the ray proves that the box is empty. Source: G. Desaulniers, J. Desrosiers and M.
Solomon (eds.), Column Generation (2005); prices are calmed as P. Wentges (1997) does.
"""

from __future__ import annotations

import math
from typing import Any

import highspy
import numpy as np

from services.placement.engine.groups_blocks import best_points
from services.placement.engine.groups_bound import Bound, certified
from services.placement.engine.groups_master import Floats, Master
from services.placement.engine.groups_pool import Relaxation
from services.placement.engine.market import Ints

#: A pattern enters the master only if it lowers the objective by more than this.
TOLERANCE = 1e-7
#: ... and beyond this share of the largest price, which floats resolve.
PRECISION = 1e-13
#: How far prices are drawn towards those of the best bound, which calms them (Wentges 1997).
SMOOTH = 0.7
ROUNDS = 2000
#: A master's value this little above a multiple of the step counts as that multiple.
ROUGHLY = 1e-6


def relax(
    master: Master,
    cost: Ints,
    low: Ints,
    high: Ints,
    target: int | None,
    step: int,
    go_on: Any,
    *,
    rough: bool = False,
) -> Relaxation:
    """Generate columns in the box until the bound is tight, reaches `target`, or `go_on` ends.

    The master is feasible or made so by pricing its Farkas ray; `target` is the value from
    which the box need not be looked at further. `rough` ends where the bound, which only takes
    multiples of `step`, cannot rise: no bound exceeds the master's own value.
    """
    master.set_box(low, high)
    best: Bound | None = None
    x: Floats | None = None
    if master.centre is not None:
        # The last box's prices often say enough about this one.
        best = certified(master.rows, master.blocks, cost, master.centre, low, high)
        if best.empty:
            return Relaxation(best, None, empty=True)
        if target is not None and best.value(step) >= target:
            return Relaxation(best, None)
    if not master.pool.block:
        # HiGHS refuses a program without columns, so each block gives one to begin with.
        nothing, eager = np.zeros(len(master.names)), np.full(len(cost), -1, np.int64)
        _price_with(master, eager, nothing, np.zeros(len(master.blocks)), low, high, cost)
    for _ in range(ROUNDS):
        status = master.run()
        if status == highspy.HighsModelStatus.kModelEmpty:
            return _without_columns(master, cost, low, high)
        if status == highspy.HighsModelStatus.kInfeasible:
            outcome = _repair(master, cost, low, high)
            if outcome is None:
                continue
            return outcome
        if status != highspy.HighsModelStatus.kOptimal:
            return Relaxation(best, None, finished=False)
        solution = master.solver.getSolution()
        x = master.as_point(np.asarray(solution.col_value))
        dual = np.asarray(solution.row_dual) * master.unit
        out, gain = _multipliers(master, dual), dual[len(master.keep) :]
        added = 0
        for y in _between(master, out):
            bound = certified(master.rows, master.blocks, cost, y, low, high)
            if bound.empty:
                return Relaxation(bound, None, empty=True)
            if best is None or bound.total * best.scale > best.total * bound.scale:
                best, master.centre = bound, y
            if target is not None and best.value(step) >= target:
                return Relaxation(best, x)
            if rough and best.value(step) >= _most(master, step):
                return Relaxation(best, x)
            added = _price_with(master, cost, out, gain, low, high, cost, at=y)
            if added:
                break
        if not added:
            return Relaxation(best, x)
        if not go_on():
            return Relaxation(best, x, finished=False)
    return Relaxation(best, x, finished=False)


def _most(master: Master, step: int) -> int:
    """The bound that the master's value allows at most."""
    value = float(master.solver.getInfo().objective_function_value) * master.unit
    return math.ceil(value / step - ROUGHLY) * step


def _between(master: Master, out: Floats) -> list[Floats]:
    """The prices to try: near the best so far, then the master's own if that adds nothing."""
    if master.centre is None:
        return [out]
    return [SMOOTH * master.centre + (1 - SMOOTH) * out, out]


def _without_columns(master: Master, cost: Ints, low: Ints, high: Ints) -> Relaxation:
    """Nothing can be granted in this box: either all rows allow that, or one refuses it."""
    zero = np.zeros(len(cost), np.int64)
    for i in np.nonzero((master.rows.low > 0) | (master.rows.high < 0))[0].tolist():
        y = np.zeros(len(master.names))
        y[i] = 1.0 if master.rows.low[i] > 0 else -1.0
        proof = certified(master.rows, master.blocks, zero, y, low, high, farkas=True)
        if proof.empty or proof.total > 0:
            return Relaxation(proof, None, empty=True)
    bound = certified(master.rows, master.blocks, cost, np.zeros(len(master.names)), low, high)
    return Relaxation(bound, np.zeros(len(master.low)), empty=bound.empty)


def _multipliers(master: Master, dual: Floats) -> Floats:
    y = np.zeros(len(master.names))
    y[master.keep] = dual[: len(master.keep)] / master.factor
    return y


def _pattern(master: Master, take: Ints, b: int) -> tuple[int, tuple[int, ...]]:
    lo, hi = int(master.blocks.ptr[b]), int(master.blocks.ptr[b + 1])
    chosen = tuple(int(master.blocks.item[i]) for i in range(lo, hi) if take[i])
    return b, (int(master.blocks.z[b]), *chosen)


def _repair(master: Master, cost: Ints, low: Ints, high: Ints) -> Relaxation | None:
    """The master is infeasible: price its ray. None if columns were added, else the proof."""
    _, found, ray = master.solver.getDualRay()
    if not found:
        return Relaxation(None, None, finished=False)
    vector = np.asarray(ray, dtype=np.float64)
    size = float(np.abs(vector).max(initial=0.0))
    if size == 0:
        return Relaxation(None, None, finished=False)
    zero = np.zeros(len(cost), np.int64)
    for sign in (1.0, -1.0):
        scaled = sign * vector / size
        y = _multipliers(master, scaled)
        proof = certified(master.rows, master.blocks, zero, y, low, high, farkas=True)
        if proof.empty or proof.total > 0:
            return Relaxation(proof, None, empty=True)
    for sign in (1.0, -1.0):
        scaled = sign * vector / size
        y, gain = _multipliers(master, scaled), scaled[len(master.keep) :]
        if _price_with(master, zero, y, gain, low, high, cost):
            return None
    return Relaxation(None, None, finished=False)


def _price_with(
    master: Master, objective: Ints, y: Floats, gain: Floats, low: Ints, high: Ints, cost: Ints,
    at: Floats | None = None,
) -> int:  # fmt: skip
    """Add each block's best pattern at prices `at` that lowers the objective at prices `y`."""
    reduced = _reduced(master, objective, y)
    there = reduced if at is None or at is y else _reduced(master, objective, at)
    points = best_points(master.blocks, there, low, high)
    value = points.value
    if there is not reduced:
        inside = np.bincount(
            master.block_of, (points.take * reduced[master.blocks.item]), len(master.blocks)
        )
        value = inside + reduced[master.blocks.z]
    least = TOLERANCE + PRECISION * float(np.abs(gain).max(initial=0.0))
    better = np.nonzero((points.runs > 0) & (value < gain - least))[0]
    return master.add_patterns([_pattern(master, points.take, int(b)) for b in better], cost)


def add_best(master: Master, cost: Ints, y: Floats) -> int:
    """Add each block's best pattern at prices `y`; answers how many were new."""
    points = best_points(master.blocks, _reduced(master, cost, y), master.low, master.high)
    runs = np.nonzero(points.runs > 0)[0].tolist()
    return master.add_patterns([_pattern(master, points.take, b) for b in runs], cost)


def _reduced(master: Master, objective: Ints, y: Floats) -> Floats:
    reduced = objective.astype(np.float64)
    np.subtract.at(reduced, master.rows.col, y[master.row_of] * master.rows.val)
    return reduced
