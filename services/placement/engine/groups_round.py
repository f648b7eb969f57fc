"""A whole answer from a fractional one: patterns taken one by one while the rows allow it.

Patterns are tried by their share in the fractional answer, then by their cost; each is taken if no
row's upper side breaks and its block is still free. It costs one pass over the pool and gives an
answer at once, which matters when time runs out before an integer program has run. Rows with a
lower side may remain unmet, so the caller checks the point like any other.
"""

from __future__ import annotations

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


def _use(master: Master, used: Ints, columns: list[int], x: Ints) -> None:
    for j in columns:
        for k in range(int(master.col_ptr[j]), int(master.col_ptr[j + 1])):
            used[int(master.col_row[k])] += int(master.col_val[k]) * int(x[j])
