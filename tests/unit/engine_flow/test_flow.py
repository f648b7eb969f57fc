"""The individual placement against enumeration, with its evidence checked independently."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.placement.engine.flow import STAGES, FlowMarket, Progress, solve_flow
from tests.unit.engine_flow.evidence_check import check
from tests.unit.engine_flow.small_markets import (
    best_key,
    market_of,
    small_markets,
    stage_key,
    stage_lists,
)

quick = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def random_market(seed: int, n: int, sessions: int, seats: int) -> FlowMarket:
    """A market too large to enumerate."""
    rng = np.random.default_rng(seed)
    wishes = [
        [
            (int(s), int(rng.integers(0, 4)), int(rng.integers(0, 900)))
            for s in rng.permutation(sessions)[: rng.integers(0, 5)]
        ]
        for _ in range(n)
    ]
    return market_of(
        wishes,
        rng.integers(0, seats + 1, sessions).tolist(),
        rng.integers(0, 7, n).tolist(),
        rng.integers(0, 1 << 40, n).tolist(),
    )


@quick
@given(small_markets(), stage_lists())
def test_every_stage_is_as_good_as_enumeration_and_proven(
    market: FlowMarket, stages: tuple[str, ...]
) -> None:
    answer = solve_flow(market, stages)
    assert check(market, answer.seat_wish, answer.evidence) == []
    assert stage_key(market, answer.seat_wish.tolist(), stages) == best_key(market, stages)
    assert answer.finished == stages


@quick
@given(small_markets(people=5), stage_lists(), st.data())
def test_fixed_placements_stay_and_the_rest_is_best_around_them(
    market: FlowMarket, stages: tuple[str, ...], data: st.DataObject
) -> None:
    n = len(market.school)
    fixed = np.full(n, -1, np.int64)
    left = market.capacity.copy()
    for i in range(n):
        mine = range(int(market.wish_start[i]), int(market.wish_start[i + 1]))
        chosen = data.draw(st.sampled_from([-1, *mine]))
        if chosen >= 0 and left[market.wish_session[chosen]] > 0:
            fixed[i] = chosen
            left[market.wish_session[chosen]] -= 1
    market = dataclasses.replace(market, fixed=fixed)
    answer = solve_flow(market, stages)
    assert check(market, answer.seat_wish, answer.evidence) == []
    assert stage_key(market, answer.seat_wish.tolist(), stages) == best_key(market, stages)


@pytest.mark.parametrize("seed", range(12))
def test_larger_markets_are_proven_in_any_order_of_stages(seed: int) -> None:
    rng = np.random.default_rng(seed)
    market = random_market(seed, int(rng.integers(50, 400)), int(rng.integers(4, 20)), 25)
    stages = ("placed", *rng.permutation(np.array(STAGES[1:])).tolist())
    answer = solve_flow(market, stages)
    assert check(market, answer.seat_wish, answer.evidence) == []


@pytest.mark.parametrize("stage", STAGES)
def test_corrupted_evidence_or_answers_are_refused(stage: str) -> None:
    market = random_market(5, 200, 8, 18)
    answer = solve_flow(market)
    assert check(market, answer.seat_wish, answer.evidence) == []
    refused = 0
    for node in range(len(answer.evidence[stage])):
        bad = {k: v.copy() for k, v in answer.evidence.items()}
        bad[stage][node] += 1 << 61
        refused += check(market, answer.seat_wish, bad) != []
    assert refused > 0
    worse = answer.seat_wish.copy()
    worse[np.nonzero(worse >= 0)[0][0]] = -1
    assert check(market, worse, answer.evidence) != []


def test_a_price_vector_of_zeros_proves_nothing_where_seats_are_scarce() -> None:
    market = market_of([[(0, 0, 0)], [(0, 1, 0)]], [1], [0, 1], [1, 2])
    answer = solve_flow(market, ("placed", "rank"))
    zero = {k: np.zeros_like(v) for k, v in answer.evidence.items()}
    assert answer.seat_wish.tolist() == [0, -1]
    assert check(market, answer.seat_wish, zero) != []


def test_the_same_market_gives_the_same_answer() -> None:
    market = random_market(9, 300, 12, 20)
    one, two = solve_flow(market), solve_flow(market)
    assert (one.seat_wish == two.seat_wish).all()
    assert all((one.evidence[s] == two.evidence[s]).all() for s in STAGES)


def test_a_stopped_run_keeps_a_feasible_answer_and_says_what_is_proven() -> None:
    market = random_market(3, 400, 12, 30)
    seen: list[Progress] = []

    def stop_after(rounds: int) -> bool:
        return len(seen) < rounds

    def on_progress(progress: Progress) -> bool:
        seen.append(progress)
        return stop_after(1)

    answer = solve_flow(market, on_progress=on_progress)
    assert answer.finished == ()
    assert check(market, answer.seat_wish, {}) == []
    assert (answer.seat_wish >= 0).any()
    whole: list[str] = []

    def note(progress: Progress) -> bool:
        whole.append(progress.stage)
        return True

    solve_flow(market, on_progress=note)
    late = iter(range(10_000))
    stop_at = len(whole) - 1
    answer = solve_flow(market, on_progress=lambda p: next(late) < stop_at)
    assert "rank" in answer.finished
    assert check(market, answer.seat_wish, answer.evidence) == []


def test_markets_without_wishes_seats_or_people_are_answered() -> None:
    assert solve_flow(market_of([], [2], [], [])).seat_wish.tolist() == []
    assert solve_flow(market_of([[], []], [2], [0, 0], [1, 2])).seat_wish.tolist() == [-1, -1]
    assert solve_flow(market_of([[(0, 0, 0)]], [0], [0], [1])).seat_wish.tolist() == [-1]


def test_wrong_stages_and_overfull_fixed_placements_are_refused() -> None:
    market = market_of([[(0, 0, 0)], [(0, 0, 0)]], [1], [0, 0], [1, 2], fixed=[0, 1])
    with pytest.raises(ValueError, match="capacity"):
        solve_flow(market)
    for stages in ((), ("rank",), ("placed", "placed"), ("placed", "beauty")):
        with pytest.raises(ValueError, match="stage"):
            solve_flow(market, stages)
