"""A whole answer from a fractional one: patterns taken one by one while the rows allow it.

Patterns are tried by their share in the fractional answer, then by their cost; each is taken if no
row's upper side breaks and its block is still free. It costs one pass over the pool and gives an
answer at once, which matters when time runs out before an integer program has run. Rows with a
lower side may remain unmet, so the caller checks the point like any other. The best answer made
of the patterns in the pool is an integer program of its own, which HiGHS looks at within its limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from services.placement.engine.groups_master import Master
from services.placement.engine.groups_model import INF
from services.placement.engine.market import Ints


def greedy_point(master: Master, cost: Ints, value: NDArray[np.float64]) -> Ints:
    """An integer point made of the master's patterns; `value` holds its columns' values."""
    high = master.rows.high[master.keep]
    used = np.zeros(len(high), np.int64)
    x = np.zeros(len(master.low), np.int64)
    for j in master.free.tolist():
        x[j] = master.low[j]
    _use(master, used, np.nonzero(x)[0].tolist(), x)
    free = np.ones(len(master.blocks), np.bool_)
    share = value[len(master.free) :]
    price = [sum(int(cost[j]) for j in columns) for columns in master.pool.columns]
    order = sorted(range(len(price)), key=lambda i: (-round(float(share[i]), 6), price[i], i))
    for i in order:
        b, columns = master.pool.block[i], master.pool.columns[i]
        if not free[b]:
            continue
        more: dict[int, int] = {}
        for j in columns:
            for k in range(int(master.col_ptr[j]), int(master.col_ptr[j + 1])):
                row = int(master.col_row[k])
                more[row] = more.get(row, 0) + int(master.col_val[k])
        if all(high[r] >= INF or used[r] + v <= high[r] or v <= 0 for r, v in more.items()):
            free[b] = False
            for r, v in more.items():
                used[r] += v
            x[list(columns)] = 1
    return x


def best_of_patterns(
    master: Master, best: Ints | None, step: int, limit: float | None, go_on: Callable[[], bool]
) -> Ints | None:
    """The best point made of the patterns found so far, to be checked; None if none was found.

    `limit` is in seconds; without one the nodes are limited. `go_on` is asked now and then.
    """
    make: Any = highspy.Highs
    solver = make()
    for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
        solver.setOptionValue(option, value)
    solver.passModel(master.solver.getLp())
    count = solver.getNumCol()
    kinds = np.full(count, highspy.HighsVarType.kInteger.value, dtype=np.uint8)
    solver.changeColsIntegrality(count, np.arange(count, dtype=np.int32), kinds)
    solver.setOptionValue("mip_abs_gap", step / master.unit * 0.999)
    solver.setOptionValue("mip_rel_gap", 0.0)
    if limit is not None:
        solver.setOptionValue("time_limit", max(0.05, limit))
    else:
        solver.setOptionValue("mip_max_nodes", 5000)

    def heard(event: Any) -> None:
        if not go_on():
            event.interrupt()

    if best is not None:
        point = highspy.HighsSolution()
        point.col_value = master.as_mixture(best)
        solver.setSolution(point)
    solver.cbMipInterrupt += heard
    solver.run()
    solver.cbMipInterrupt -= heard
    if not np.isfinite(solver.getInfo().objective_function_value):
        return None
    values = np.asarray(solver.getSolution().col_value)
    return np.rint(master.as_point(np.rint(values))).astype(np.int64)


def _use(master: Master, used: Ints, columns: list[int], x: Ints) -> None:
    for j in columns:
        for k in range(int(master.col_ptr[j]), int(master.col_ptr[j + 1])):
            used[int(master.col_row[k])] += int(master.col_val[k]) * int(x[j])
