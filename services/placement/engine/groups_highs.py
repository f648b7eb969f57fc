"""HiGHS as a servant: linear relaxations and integer solves of a `Model`, checked in integers.

HiGHS works in floating point, so nothing it says is taken on trust here: an answer is rounded and
tested against every row in exact integers, and a bound counts as evidence only after
`groups_proof` has recomputed it from rounded multipliers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from services.placement.engine.groups_model import INF, Model, Rows
from services.placement.engine.market import Ints

Floats = NDArray[np.float64]
#: Called with (dual bound, best value or None); answers whether to go on.
Tick = Callable[[float, "int | None"], bool]


@dataclass
class Arrays:
    """Rows of a model as numpy columns, for exact checks and for HiGHS."""

    ptr: Ints
    col: Ints
    val: Ints
    low: Ints
    high: Ints

    @staticmethod
    def of(rows: Rows) -> Arrays:
        """Copy the rows collected so far."""
        return Arrays(*(np.array(c, dtype=np.int64) for c in _lists(rows)))

    def extended(self, more: Arrays) -> Arrays:
        """These rows followed by others."""
        return Arrays(
            np.concatenate([self.ptr, more.ptr[1:] + self.ptr[-1]]),
            np.concatenate([self.col, more.col]),
            np.concatenate([self.val, more.val]),
            np.concatenate([self.low, more.low]),
            np.concatenate([self.high, more.high]),
        )

    def activity(self, x: Ints) -> Ints:
        """Exact value of every row at the integer point `x`."""
        product = np.concatenate([[0], np.cumsum(self.val * x[self.col])])
        return np.asarray(product[self.ptr[1:]] - product[self.ptr[:-1]], dtype=np.int64)

    def feasible(self, x: Ints) -> bool:
        """Whether `x` keeps every row, in exact integers."""
        value = self.activity(x)
        return bool(((value >= self.low) & (value <= self.high)).all())


def arrays_of(model: Model) -> Arrays:
    """The model's own rows as columns, made once."""
    if "arrays" not in model.forms:
        model.forms["arrays"] = Arrays.of(model.rows)
    made: Arrays = model.forms["arrays"]
    return made


def _lists(rows: Rows) -> tuple[list[int], list[int], list[int], list[int], list[int]]:
    return rows.ptr, rows.col, rows.val, rows.low, rows.high


@dataclass
class Relaxed:
    """A linear relaxation: status, value, point and row multipliers (or a Farkas ray)."""

    status: str
    value: float
    x: Floats
    row_dual: Floats
    col_dual: Floats


@dataclass
class Solved:
    """Result of one integer solve; `x` is exact and feasible, or None."""

    x: Ints | None
    value: int | None
    bound: int | None
    finished: bool
    infeasible: bool = False
    solver_bound: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


def as_infinite(values: Ints) -> Floats:
    """Integer limits as floats, with HiGHS's infinity for absent ones."""
    out = values.astype(np.float64)
    out[values <= -INF] = -highspy.kHighsInf
    out[values >= INF] = highspy.kHighsInf
    return out


def step_of(cost: Ints) -> int:
    """The greatest common divisor of the weights: two different values differ by at least it."""
    return int(np.gcd.reduce(np.abs(cost))) or 1


class Program:
    """One model inside HiGHS; rows may be added, objective and column bounds changed."""

    def __init__(self, model: Model, *, integer: bool, more_columns: int = 0) -> None:
        self.model = model
        more = np.zeros(more_columns, np.int64)
        self.low = np.concatenate([np.array(model.low, dtype=np.int64), more])
        self.high = np.concatenate([np.array(model.high, dtype=np.int64), more + 1])
        self.rows = arrays_of(model)
        self.integer = integer
        make: Any = highspy.Highs
        self.solver: Any = make()
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", 0),
            ("mip_rel_gap", 0.0),
            ("mip_feasibility_tolerance", 1e-7),
            ("primal_feasibility_tolerance", 1e-8),
        ):
            self.solver.setOptionValue(option, value)
        self._pass()

    def _pass(self) -> None:
        lp = highspy.HighsLp()
        count = len(self.low)
        lp.num_col_, lp.num_row_ = count, len(self.rows.low)
        lp.col_cost_ = np.zeros(count)
        lp.col_lower_, lp.col_upper_ = as_infinite(self.low), as_infinite(self.high)
        lp.row_lower_, lp.row_upper_ = as_infinite(self.rows.low), as_infinite(self.rows.high)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = self.rows.ptr.astype(np.int32)
        lp.a_matrix_.index_ = self.rows.col.astype(np.int32)
        lp.a_matrix_.value_ = self.rows.val.astype(np.float64)
        if self.integer:
            lp.integrality_ = [highspy.HighsVarType.kInteger] * count
        self.solver.passModel(lp)

    def add_rows(self, extra: Rows) -> None:
        """Append rows, for instance the value reached by an earlier stage."""
        if not len(extra):
            return
        add = Arrays.of(extra)
        self.solver.addRows(
            len(extra),
            as_infinite(add.low),
            as_infinite(add.high),
            len(add.col),
            add.ptr[:-1].astype(np.int32),
            add.col.astype(np.int32),
            add.val.astype(np.float64),
        )
        self.rows = self.rows.extended(add)

    def set_cost(self, cost: Ints) -> None:
        """Minimise this objective from now on."""
        index = np.arange(len(cost), dtype=np.int32)
        self.solver.changeColsCost(len(cost), index, cost.astype(np.float64))

    def set_bounds(self, low: Ints, high: Ints) -> None:
        """Replace the column bounds (branching, fixing, neighbourhoods)."""
        index = np.arange(len(low), dtype=np.int32)
        self.solver.changeColsBounds(len(low), index, as_infinite(low), as_infinite(high))

    def relax(self, time_limit: float | None = None) -> Relaxed:
        """Solve the relaxation of a program made with `integer=False`, warm from the last one."""
        solver = self.solver
        self._limit(time_limit)
        solver.run()
        status = solver.getModelStatus()
        empty = np.zeros(0)
        if status == highspy.HighsModelStatus.kOptimal:
            solution = solver.getSolution()
            return Relaxed(
                "optimal",
                float(solver.getInfo().objective_function_value),
                np.asarray(solution.col_value),
                np.asarray(solution.row_dual),
                np.asarray(solution.col_dual),
            )
        if status == highspy.HighsModelStatus.kInfeasible:
            ray = self._ray()
            return Relaxed("infeasible", math.inf, empty, ray, empty)
        return Relaxed("stopped", -math.inf, empty, empty, empty)

    def _ray(self) -> Floats:
        _, found, ray = self.solver.getDualRay()
        if not found:
            return np.zeros(0)
        return np.asarray(ray, dtype=np.float64)

    def _limit(self, time_limit: float | None) -> None:
        limit = highspy.kHighsInf if time_limit is None else max(0.01, time_limit)
        if math.isfinite(limit):
            limit += float(self.solver.getRunTime())
        self.solver.setOptionValue("time_limit", limit)

    def close_enough(self, gap: float) -> None:
        """End integer solves at this relative gap instead of at the optimum."""
        self.solver.setOptionValue("mip_rel_gap", gap)

    def minimise(
        self,
        cost: Ints,
        *,
        start: Ints | None = None,
        time_limit: float | None = None,
        node_limit: int | None = None,
        tick: Tick | None = None,
    ) -> Solved:
        """Minimise over the integers; keeps the best answer when stopped by time or `tick`."""
        solver, step = self.solver, step_of(cost)
        self.set_cost(cost)
        # All values are multiples of `step`, so a gap below one step already proves the optimum.
        solver.setOptionValue("mip_abs_gap", step * 0.999)
        solver.setOptionValue("mip_max_nodes", 2**31 - 1 if node_limit is None else node_limit)
        self._limit(time_limit)
        if start is not None:
            point = highspy.HighsSolution()
            point.col_value = start.astype(np.float64).tolist()
            solver.setSolution(point)
        stopped = False

        def heard(event: Any) -> None:
            nonlocal stopped
            best = event.data_out.mip_primal_bound
            value = round(best) if abs(best) < 1e15 else None
            if tick is not None and not tick(event.data_out.mip_dual_bound, value):
                stopped = True
                event.interrupt()

        if tick is not None:
            solver.cbMipInterrupt += heard
        solver.run()
        if tick is not None:
            solver.cbMipInterrupt -= heard
        return self._answer(cost, step, start, stopped)

    def _answer(self, cost: Ints, step: int, start: Ints | None, stopped: bool) -> Solved:
        status, info = self.solver.getModelStatus(), self.solver.getInfo()
        if status == highspy.HighsModelStatus.kInfeasible:
            return Solved(None, None, None, finished=True, infeasible=True)
        x: Ints | None = None
        if math.isfinite(info.objective_function_value):
            raw = np.asarray(self.solver.getSolution().col_value)
            if len(raw) == len(cost):
                x = np.rint(raw).astype(np.int64)
        if x is not None and not self.keeps(x):
            x = None
        if start is not None and self.keeps(start):
            better = x is not None and int(cost @ x) <= int(cost @ start)
            x = x if better else start
        dual = float(info.mip_dual_bound)
        bound = None
        if math.isfinite(dual) and abs(dual) < 1e15:
            bound = math.ceil(dual / step - 1e-6) * step
        value = None if x is None else int(cost @ x)
        done = status == highspy.HighsModelStatus.kOptimal and not stopped
        if value is not None and bound is not None:
            bound = min(bound, value)
        return Solved(x, value, bound, finished=done and value is not None and bound == value)

    def keeps(self, x: Ints) -> bool:
        """Whether `x` keeps the model's bounds and all rows, in exact integers."""
        inside = bool(((x >= self.low) & (x <= self.high)).all())
        return inside and self.rows.feasible(x)


def objective_row(name: str, cost: Ints, value: int) -> Rows:
    """The row that keeps an earlier stage: its objective may not exceed the value reached."""
    rows = Rows()
    terms: Sequence[int] = np.nonzero(cost)[0].tolist()
    rows.add(f"stage:{name}", [(c, int(cost[c])) for c in terms], high=value)
    return rows
