"""Small random markets and exact references by enumeration."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from services.placement.engine.fairness import leximin_key, school_shares
from services.placement.engine.flow import STAGES, FlowMarket


def market_of(
    wishes: Sequence[Sequence[tuple[int, int, int]]],
    capacity: Sequence[int],
    school: Sequence[int],
    lottery: Sequence[int],
    fixed: Sequence[int] | None = None,
) -> FlowMarket:
    """A market from lists of (session, rank, cost) per applicant."""
    flat = [w for of_one in wishes for w in of_one]
    start = np.concatenate([[0], np.cumsum([len(w) for w in wishes])]).astype(np.int64)
    session, rank, cost = (np.array([w[k] for w in flat], np.int32) for k in range(3))
    return FlowMarket(
        start,
        session,
        rank,
        cost,
        capacity=np.array(capacity, np.int32),
        school=np.array(school, np.int32),
        lottery=np.array(lottery, np.uint64),
        fixed=None if fixed is None else np.array(fixed, np.int64),
    )


@st.composite
def small_markets(draw: Any, people: int = 6, sessions: int = 4, top: int = 3000) -> FlowMarket:
    """Up to `people` applicants and `sessions` sessions; ties, gaps and empty lists happen."""
    s = draw(st.integers(1, sessions))
    n = draw(st.integers(1, people))
    schools = draw(st.integers(1, 3))
    rank = st.integers(0, draw(st.sampled_from([1, 3, top])))
    cost = st.integers(0, draw(st.sampled_from([1, 4, top])))
    one = st.lists(
        st.tuples(st.integers(0, s - 1), rank, cost), max_size=s, unique_by=lambda w: w[0]
    )
    return market_of(
        [draw(one) for _ in range(n)],
        draw(st.lists(st.integers(0, 3), min_size=s, max_size=s)),
        [draw(st.integers(0, schools - 1)) for _ in range(n)],
        [draw(st.integers(0, 5)) for _ in range(n)],
    )


@st.composite
def stage_lists(draw: Any) -> tuple[str, ...]:
    """`placed` and any of the later stages in any order."""
    later = draw(st.permutations(STAGES[1:]))
    return ("placed", *later[: draw(st.integers(0, 4))])


def answers(market: FlowMarket) -> Iterator[tuple[int, ...]]:
    """Every feasible answer."""
    options = [
        [-1, *range(int(a), int(b))] for a, b in itertools.pairwise(market.wish_start.tolist())
    ]
    if market.fixed is not None:
        options = [o if f < 0 else [int(f)] for o, f in zip(options, market.fixed, strict=True)]
    capacity = market.capacity.tolist()
    session = market.wish_session.tolist()
    for seats in itertools.product(*options):
        taken = [0] * len(capacity)
        for w in seats:
            if w >= 0:
                taken[session[w]] += 1
        if all(t <= c for t, c in zip(taken, capacity, strict=True)):
            yield seats


def stage_key(market: FlowMarket, seats: Sequence[int], stages: Sequence[str]) -> list[Any]:
    """What each stage minimises, in the order of `stages`."""
    seat = np.array(seats, np.int64)
    wish = seat[seat >= 0]
    n = len(seat)
    position = np.empty(n, np.int64)
    position[np.argsort(market.lottery, kind="stable")] = np.arange(n)
    schools = int(market.school.max()) + 1
    value: dict[str, Callable[[], Any]] = {
        "placed": lambda: n - len(wish),
        "rank": lambda: int(market.wish_rank[wish].sum()),
        "cost": lambda: int(market.wish_cost[wish].sum()),
        "lottery": lambda: int((n - position)[seat < 0].sum()),
        "leximin": lambda: leximin_key(school_shares(market.school, seat, schools)),
    }
    return [value[stage]() for stage in stages]


def best_key(market: FlowMarket, stages: Sequence[str]) -> list[Any]:
    """The best value of the stages by enumeration."""
    return min(stage_key(market, seats, stages) for seats in answers(market))
