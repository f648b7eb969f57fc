"""The restricted master: a linear program over the patterns of sessions found so far.

It chooses for every block a mixture of its *patterns* (points of the block) subject to all rows
that tie blocks together; `groups_pricing` finds the patterns and the bound. Rows implied by the
blocks are left out; a box is imposed by switching off the patterns that break it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from services.placement.engine.groups_blocks import Blocks, kept_rows, make_blocks
from services.placement.engine.groups_highs import Arrays, arrays_of, as_infinite
from services.placement.engine.groups_model import Model, Rows
from services.placement.engine.groups_pool import Pool, make_solver
from services.placement.engine.market import Ints

Floats = NDArray[np.float64]
#: Rows with larger coefficients are scaled down in the linear program, which is solved in floats.
ROW_LIMIT = 1024.0
#: ... and so are objectives.
COST_LIMIT = 2.0**20

#: A program of at most so many rows and columns is solved in milliseconds; after so many seconds
#: it goes round in circles. Where a clock runs, it has what is left, this at least.
SMALL, PATIENCE, LEAST_SECONDS = 10_000, 60.0, 0.1
#: Ends of a warm start that say nothing about the program.
ASTRAY = (
    highspy.HighsModelStatus.kUnknown,
    highspy.HighsModelStatus.kSolveError,
    highspy.HighsModelStatus.kTimeLimit,
)


class Master:
    """The restricted master of one model and its held rows."""

    def __init__(
        self,
        model: Model,
        held: list[Rows],
        more_columns: int = 0,
        pool: Pool | None = None,
    ) -> None:
        self.model = model
        self.blocks: Blocks = make_blocks(model)
        more = np.zeros(more_columns, np.int64)
        self.low = np.concatenate([np.array(model.low, dtype=np.int64), more])
        self.high = np.concatenate([np.array(model.high, dtype=np.int64), more + 1])
        self.names: list[str] = list(model.rows.name)
        self.column_names = [*model.names, *(f"q:{i}" for i in range(more_columns))]
        self.rows = arrays_of(model)
        for rows in held:
            self.rows = self.rows.extended(Arrays.of(rows))
            self.names.extend(rows.name)
        inside = np.zeros(len(self.low), np.bool_)
        inside[: len(self.blocks.inside)] = self.blocks.inside
        self.blocks = Blocks(**{**self.blocks.__dict__, "inside": inside})
        self.row_of = np.repeat(np.arange(len(self.names)), np.diff(self.rows.ptr))
        self.block_of = np.repeat(np.arange(len(self.blocks)), np.diff(self.blocks.ptr))
        #: By what the objective in hand is divided in the linear program: a power of two.
        self.unit = 1.0
        #: Seconds left for whoever solves it, or None without a limit.
        self.left: Callable[[], float | None] = lambda: None
        #: The prices of the best bound for the objective in hand.
        self.centre: Floats | None = None
        self.keep = kept_rows(model, self.blocks, self.names)
        self.factor = self._factors()
        self._columns()
        self.pool = Pool()
        self.solver: Any = make_solver()
        self._start()
        if pool is not None:
            known = list(zip(pool.block, pool.columns, strict=True))
            self.add_patterns(known, np.zeros(len(self.low), np.int64))

    def _factors(self) -> Floats:
        """By what each row of the master is divided: a power of two, so that nothing is rounded."""
        largest = np.ones(len(self.names))
        np.maximum.at(largest, self.row_of, np.abs(self.rows.val).astype(np.float64))
        factor: Floats = np.exp2(np.maximum(0.0, np.ceil(np.log2(largest / ROW_LIMIT))))
        return factor[self.keep]

    def _columns(self) -> None:
        """The model's matrix by columns, over the master's rows only."""
        place = np.full(len(self.names), -1, np.int64)
        place[self.keep] = np.arange(len(self.keep))
        owner = np.repeat(np.arange(len(self.names)), np.diff(self.rows.ptr))
        there = place[owner] >= 0
        row, col, val = place[owner[there]], self.rows.col[there], self.rows.val[there]
        order = np.argsort(col, kind="stable")
        self.col_row, self.col_val = row[order], val[order] / self.factor[row[order]]
        counts = np.bincount(col, minlength=len(self.low))
        self.col_ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def _start(self) -> None:
        """Rows of the master, convexity rows of the blocks, and the columns outside blocks."""
        rows, blocks = len(self.keep), len(self.blocks)
        low = np.concatenate(
            [as_infinite(self.rows.low[self.keep]) / self.factor, np.zeros(blocks)]
        )
        high = np.concatenate(
            [as_infinite(self.rows.high[self.keep]) / self.factor, np.ones(blocks)]
        )
        self.solver.addRows(
            rows + blocks, low, high, 0,
            np.zeros(rows + blocks, np.int32), np.zeros(0, np.int32), np.zeros(0),
        )  # fmt: skip
        self.free = np.nonzero(~self.blocks.inside)[0]
        for j in self.free.tolist():
            span = slice(int(self.col_ptr[j]), int(self.col_ptr[j + 1]))
            self.solver.addCol(
                0.0, float(self.low[j]), float(self.high[j]), span.stop - span.start,
                self.col_row[span].astype(np.int32), self.col_val[span],
            )  # fmt: skip

    def add_patterns(self, patterns: list[tuple[int, tuple[int, ...]]], cost: Ints) -> int:
        """Add (block, columns set to one) patterns that are new; answers how many."""
        fresh: list[tuple[int, tuple[int, ...]]] = []
        for b, columns in patterns:
            if columns not in self.pool.known:
                self.pool.known.add(columns)
                fresh.append((b, columns))
        costs: list[float] = []
        starts: list[int] = []
        index: list[int] = []
        value: list[float] = []
        for b, columns in fresh:
            total: dict[int, float] = {}
            for j in columns:
                for k in range(int(self.col_ptr[j]), int(self.col_ptr[j + 1])):
                    i = int(self.col_row[k])
                    total[i] = total.get(i, 0.0) + float(self.col_val[k])
            starts.append(len(index))
            index.extend(total)
            value.extend(total.values())
            index.append(len(self.keep) + b)
            value.append(1.0)
            costs.append(float(sum(int(cost[j]) for j in columns)))
            self.pool.block.append(b)
            self.pool.columns.append(columns)
        if fresh:
            count = len(fresh)
            self.solver.addCols(
                count, np.array(costs) / self.unit, np.zeros(count), np.ones(count), len(index),
                np.array(starts, np.int32), np.array(index, np.int32), np.array(value),
            )  # fmt: skip
        return len(fresh)

    def add_point(self, x: Ints, cost: Ints) -> None:
        """Add the patterns of a feasible integer point, so that the master is feasible."""
        self.add_patterns(self._patterns_of(x), cost)

    def _patterns_of(self, x: Ints) -> list[tuple[int, tuple[int, ...]]]:
        """The patterns of an integer point, one for each block that runs."""
        patterns: list[tuple[int, tuple[int, ...]]] = []
        for b in range(len(self.blocks)):
            z = int(self.blocks.z[b])
            if x[z] == 1:
                items = self.blocks.item[self.blocks.ptr[b] : self.blocks.ptr[b + 1]]
                chosen = tuple(int(j) for j in items if x[j] == 1)
                patterns.append((b, (z, *chosen)))
        return patterns

    def set_cost(self, cost: Ints) -> None:
        """The objective of all columns."""
        self.centre = None
        largest = float(np.abs(cost).max(initial=0))
        self.unit = 2.0 ** max(0.0, np.ceil(np.log2(max(largest, 1.0) / COST_LIMIT)))
        costs = [float(cost[j]) for j in self.free]
        costs.extend(float(sum(int(cost[j]) for j in columns)) for columns in self.pool.columns)
        index = np.arange(len(costs), dtype=np.int32)
        self.solver.changeColsCost(len(costs), index, np.array(costs) / self.unit)

    def set_box(self, low: Ints, high: Ints) -> None:
        """Impose a box: bounds of free columns, forced blocks, patterns outside switched off."""
        blocks = self.blocks
        ends = np.ones(len(self.pool.block))
        touched = np.nonzero((low != self.low) | (high != self.high))[0]
        inside = {int(j) for j in touched if blocks.inside[j]}
        if inside:
            must: dict[int, set[int]] = {}
            owner = self._owner()
            for j in inside:
                if low[j] > 0:
                    must.setdefault(owner[j], set()).add(j)
            banned = {j for j in inside if high[j] < 1}
            for i, (b, columns) in enumerate(zip(self.pool.block, self.pool.columns, strict=True)):
                if banned.intersection(columns) or not must.get(b, set()) <= set(columns):
                    ends[i] = 0.0
        count = len(self.free)
        lower = np.concatenate([low[self.free].astype(np.float64), np.zeros(len(ends))])
        upper = np.concatenate([high[self.free].astype(np.float64), ends])
        index = np.arange(count + len(ends), dtype=np.int32)
        self.solver.changeColsBounds(len(index), index, lower, upper)
        forced = low[blocks.z] > 0
        for item in np.nonzero(low[blocks.item] > 0)[0].tolist():
            forced[self._block_of_item(item)] = True
        rows = np.arange(len(self.keep), len(self.keep) + len(blocks), dtype=np.int32)
        self.solver.changeRowsBounds(
            len(rows), rows, forced.astype(np.float64), np.ones(len(blocks))
        )

    def _block_of_item(self, i: int) -> int:
        return int(np.searchsorted(self.blocks.ptr, i, side="right")) - 1

    def _owner(self) -> dict[int, int]:
        if not hasattr(self, "_owners"):
            self._owners = {int(z): b for b, z in enumerate(self.blocks.z)}
            for i, j in enumerate(self.blocks.item):
                self._owners[int(j)] = self._block_of_item(i)
        return self._owners

    def run(self) -> Any:
        """Solve the linear program; from the beginning where a warm start led astray, or nowhere.

        A simplex may go round in circles for ever, and hears no caller then.
        """
        status = self._solved()
        if status in ASTRAY:
            self.solver.clearSolver()
            status = self._solved()
        return status

    def _solved(self) -> Any:
        size = len(self.keep) + len(self.blocks) + len(self.free) + len(self.pool.columns)
        limit, left = PATIENCE if size <= SMALL else highspy.kHighsInf, self.left()
        if left is not None:
            limit = min(limit, max(LEAST_SECONDS, left))
        self.solver.setOptionValue("time_limit", float(self.solver.getRunTime()) + limit)
        self.solver.run()
        return self.solver.getModelStatus()

    def as_mixture(self, x: Ints) -> list[float]:
        """An integer point as values of the master's columns; its patterns must be known."""
        place = {columns: i for i, columns in enumerate(self.pool.columns)}
        values = [0.0] * (len(self.free) + len(place))
        for i, j in enumerate(self.free.tolist()):
            values[i] = float(x[j])
        for _, columns in self._patterns_of(x):
            if columns in place:
                values[len(self.free) + place[columns]] = 1.0
        return values

    def as_point(self, value: Floats) -> Floats:
        """The model's point of a mixture of the master's columns."""
        x = np.zeros(len(self.low))
        x[self.free] = value[: len(self.free)]
        for i in np.nonzero(value[len(self.free) :] > 1e-9)[0].tolist():
            for j in self.pool.columns[i]:
                x[j] += value[len(self.free) + i]
        return x
