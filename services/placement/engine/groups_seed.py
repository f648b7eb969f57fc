"""Assignments: prices and patterns to begin with, so that column generation starts near its end.

A price for each session's seats (`groups_dive.seat_prices`) says what an applicant's seat is worth;
from these worths steps raise the bound to a thousandth of its end. Patterns that are best at prices
near those are mostly the ones that column generation would find, one round after another.
It decides nothing: every bound is computed from whatever prices there are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from services.placement.engine.groups_anneal import assignment_of
from services.placement.engine.groups_ascent import ascend
from services.placement.engine.groups_dive import NOWHERE, seat_prices
from services.placement.engine.groups_master import Master
from services.placement.engine.groups_pricing import add_best
from services.placement.engine.market import Ints

#: Programs of fewer columns begin quickly anyway.
COLUMNS = 200
#: Steps of the ascent; then so many prices drawn around where it ends, this far in shares.
STEPS, DRAWN, AROUND = 200, 60, 0.02
SEED = 1


def seed(master: Master, cost: Ints, x: Ints, go_on: Callable[[], bool]) -> None:
    """Give `master` prices and patterns where it is an assignment in which all must be placed."""
    index = {name: i for i, name in enumerate(master.names) if name.startswith("once:")}
    held = np.array([index[name] for name in index], dtype=np.int64)
    if len(cost) < COLUMNS or not (master.rows.low[held] == 1).all():
        return
    a = assignment_of(master, cost, x)
    if a is None or len(a.who) < len(index):
        return
    there = a.column >= 0
    price = seat_prices(a.cost, a.seats, there, a.room)
    worth = np.where(there, a.cost + price * a.seats, NOWHERE).min(axis=1)
    start = np.zeros(len(master.names))
    start[[index[f"once:{who}"] for who in a.who.tolist()]] = worth
    risen = ascend(
        master, cost, master.low, master.high,
        known=int(cost @ x), rounds=STEPS, go_on=lambda _: go_on(), start=start,
    )  # fmt: skip
    if risen is None:
        return
    master.centre = risen.prices
    draw = np.random.default_rng(SEED)
    for _ in range(DRAWN):
        if not go_on():
            return
        around = 1 + AROUND * draw.standard_normal(len(risen.prices))
        add_best(master, cost, risen.prices * around)
