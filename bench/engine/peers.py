"""A peer on one stored market, in a process of its own: prints a line of JSON.

`python -m bench.engine.peers FILE METHOD`. The wheels of OR-Tools and HiGHS cannot be imported into
one process, and the engine imports HiGHS, so nothing of the engine is imported here. Building the
model through the peer's bulk calls is counted, since its users pay for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.engine.facts import FIELDS, timed

Array = NDArray[Any]


def _owner(market: Any) -> Array:
    return np.repeat(np.arange(len(market.school)), np.diff(market.wish_start))


def or_tools(market: Any) -> Array:
    """OR-Tools' min-cost flow with bulk calls; staying home costs more than any rank can save."""
    from ortools.graph.python import min_cost_flow

    n, sessions, m = len(market.school), len(market.capacity), len(market.wish_session)
    flow = min_cost_flow.SimpleMinCostFlow()
    home = n + sessions
    sink = home + 1
    tail = np.concatenate([_owner(market), np.arange(n), n + np.arange(sessions), [home]])
    head = np.concatenate(
        [n + market.wish_session, np.full(n, home), np.full(sessions, sink), [sink]]
    )
    top = int(market.wish_rank.max()) + 1
    cost = np.concatenate(
        [market.wish_rank, np.full(n, top * (sessions + 1)), np.zeros(sessions + 1, np.int64)]
    )
    capacity = np.concatenate([np.ones(m + n, np.int64), market.capacity, [n]])
    flow.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32),
        head.astype(np.int32),
        capacity.astype(np.int64),
        cost.astype(np.int64),
    )
    flow.set_nodes_supplies(
        np.concatenate([np.arange(n), [sink]]).astype(np.int32),
        np.concatenate([np.ones(n, np.int64), [-n]]).astype(np.int64),
    )
    if flow.solve() != flow.OPTIMAL:
        raise RuntimeError("OR-Tools found no optimum")
    used = flow.flows(np.arange(m))
    seat = np.full(n, -1, np.int64)
    wish = np.nonzero(used)[0]
    seat[_owner(market)[wish]] = wish
    return seat


def highs(market: Any) -> Array:
    """HiGHS on the linear program, one thread; its basic solutions are integral."""
    import highspy

    n, sessions, m = len(market.school), len(market.capacity), len(market.wish_session)
    top = (int(market.wish_rank.max()) + 1) * (sessions + 1)
    model = highspy.HighsLp()
    model.num_col_ = m
    model.num_row_ = n + sessions
    model.col_cost_ = market.wish_rank.astype(float) - top
    model.col_lower_ = np.zeros(m)
    model.col_upper_ = np.ones(m)
    model.row_lower_ = np.full(n + sessions, -highspy.kHighsInf)
    model.row_upper_ = np.concatenate([np.ones(n), market.capacity.astype(float)])
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = 2 * np.arange(m + 1)
    model.a_matrix_.index_ = np.stack([_owner(market), n + market.wish_session], 1).ravel()
    model.a_matrix_.value_ = np.ones(2 * m)
    make: Any = highspy.Highs
    solver = make()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(model)
    solver.run()
    value = np.array(solver.getSolution().col_value)
    seat = np.full(n, -1, np.int64)
    wish = np.nonzero(value > 0.5)[0]
    seat[_owner(market)[wish]] = wish
    return seat


PEERS: dict[str, Callable[[Any], Array]] = {"OR-Tools": or_tools, "HiGHS LP": highs}


def main(path: str, method: str) -> None:
    """Run one peer once and print its row; a market of one wish loads its library before."""
    tiny = SimpleNamespace(
        wish_start=np.array([0, 1]),
        wish_session=np.array([0], np.int32),
        wish_rank=np.array([0], np.int32),
        capacity=np.array([1], np.int32),
        school=np.array([0], np.int32),
    )
    PEERS[method](tiny)
    with np.load(path) as stored:
        market = SimpleNamespace(**{name: stored[name] for name in FIELDS})
    row = timed(lambda: PEERS[method](market), market, 1)
    print(json.dumps({"method": method, **row}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
