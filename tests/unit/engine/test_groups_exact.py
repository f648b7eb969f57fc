"""The staged solver against brute force on random small markets with every rule."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from services.placement.engine import Infeasible, Market, breaches, solve
from tests.unit.engine.brute import Brute
from tests.unit.engine.markets import random_market, small_markets

slow_ok = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def stage_key(brute: Brute, market: Market, answer: Any) -> list[Any]:
    first = market.applicants.wish_ptr
    chosen = [(p.applicant, p.wish - int(first[p.applicant]), p.people) for p in answer.parts]
    assert brute.feasible(chosen)
    return brute.key(chosen)


@slow_ok
@given(small_markets())
def test_every_stage_reaches_the_optimum_of_brute_force(doc: dict[str, Any]) -> None:
    market = Market.from_json(doc)
    brute = Brute(doc)
    best = brute.best()
    if best is None:
        with pytest.raises(Infeasible):
            solve(market, compare=False)
        return
    answer = solve(market, compare=False)
    assert breaches(market, answer.parts) == []
    assert stage_key(brute, market, answer) == best[0]
    for result in answer.stages:
        if result.stage != "leximin" or result.detail["exact"]:
            assert result.bound == result.value


@pytest.mark.parametrize("seed", range(12))
def test_must_place_all_and_fixed_placements_hold_or_are_called_impossible(seed: int) -> None:
    r = random.Random(seed)
    doc = random_market(r, rules=False)
    doc["rules"]["must_place_all"] = seed % 2 == 0
    pick = r.choice(doc["applicants"])
    people = pick["people"]
    doc["rules"]["fixed"] = [{"applicant": pick["id"], "wish": 0, "people": people}]
    market, brute = Market.from_json(doc), Brute(doc)
    best = brute.best()
    if best is None:
        with pytest.raises(Infeasible):
            solve(market, compare=False)
        return
    answer = solve(market, compare=False)
    assert stage_key(brute, market, answer) == best[0]


def test_the_same_market_gives_the_same_bytes() -> None:
    doc = random_market(random.Random(5))
    first = solve(Market.from_json(doc)).to_json()
    assert solve(Market.from_json(doc)).to_json() == first


def test_cancelling_keeps_the_best_answer_and_says_it_is_not_reproducible() -> None:
    doc = random_market(random.Random(11))
    market = Market.from_json(doc)
    answer = solve(market, on_progress=lambda progress: False)
    assert breaches(market, answer.parts) == []
    assert not answer.reproducible
