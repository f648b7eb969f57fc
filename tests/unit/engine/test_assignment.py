"""Assignments: the search for answers, and the prices it begins with."""

from __future__ import annotations

from itertools import count, product
from typing import Any

import numpy as np
import pytest

from bench.engine.published import market_of
from services.placement.engine import Market, solve
from services.placement.engine.groups_dive import Dives, regrets, seat_prices
from services.placement.engine.groups_tree import Search

SESSIONS, JOBS = 3, 7


def problem(seed: int) -> tuple[Any, Any, Any, Any]:
    """Cost and seats of each job at each session, where it may go, and the sessions' seats."""
    draw = np.random.default_rng(seed)
    seats = draw.integers(1, 20, (JOBS, SESSIONS))
    cost = 30 - seats + draw.integers(-5, 6, (JOBS, SESSIONS))
    there = draw.random((JOBS, SESSIONS)) < 0.9
    there[np.arange(JOBS), draw.integers(0, SESSIONS, JOBS)] = True
    return cost, seats, there, np.full(SESSIONS, seats.sum() // 7, np.int64)


def answers(cost: Any, seats: Any, there: Any, room: Any) -> dict[tuple[int, ...], int]:
    """Every answer that fits, with what it costs."""
    who, found = np.arange(JOBS), {}
    for at in product(range(SESSIONS), repeat=JOBS):
        place = np.array(at)
        taken = np.bincount(place, seats[who, place], minlength=SESSIONS)
        if there[who, place].all() and (taken <= room).all():
            found[at] = int(cost[who, place].sum())
    return found


@pytest.mark.parametrize("seed", range(20))
def test_dives_end_at_the_best_answer_and_never_at_one_that_does_not_fit(seed: int) -> None:
    cost, seats, there, room = problem(seed)
    known = answers(cost, seats, there, room)
    if not known:
        return
    price = seat_prices(cost, seats, there, room)
    regret = regrets(cost, seats, there, price)
    worst = max(known, key=lambda at: known[at])
    state = np.array([7], np.uint64)
    dives = Dives(cost, seats, room, regret, price, np.array(worst), state)
    dives.go(200_000)
    assert known[tuple(dives.best.tolist())] == dives.value == min(known.values())
    taken = np.bincount(dives.at, seats[np.arange(JOBS), dives.at], minlength=SESSIONS)
    assert (dives.free == room - taken).all() and (dives.free >= 0).all()


@pytest.mark.parametrize("seed", range(20))
def test_prices_of_seats_bound_every_answer(seed: int) -> None:
    cost, seats, there, room = problem(seed)
    price = seat_prices(cost, seats, there, room)
    assert (price >= 0).all()
    full = np.where(there, cost + price * seats, np.inf).min(axis=1).sum() - (price * room).sum()
    assert full <= min(answers(cost, seats, there, room).values(), default=10**9) + 1e-6


def test_an_answer_is_looked_for_before_the_root_where_a_clock_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw, order = np.random.default_rng(3), list[str]()
    load = draw.integers(5, 26, (3, 12))
    doc = market_of(100 - 3 * load + draw.integers(0, 9, load.shape), load, [60, 60, 60])
    for name in ("_exchange", "_relax"):
        kept = getattr(Search, name)

        def noted(self: Search, *given: Any, _kept: Any = kept, _name: str = name) -> Any:
            order.append(_name)
            return _kept(self, *given)

        monkeypatch.setattr(Search, name, noted)
    ticks = count()
    timed = solve(Market.from_json(doc), time_limit=60.0, now=lambda: next(ticks) / 100)
    assert order[0] == "_exchange" and timed.stages[0].claim == "proved"
    order.clear()
    assert solve(Market.from_json(doc)).stages[0].value == timed.stages[0].value
    assert order[0] == "_relax"
