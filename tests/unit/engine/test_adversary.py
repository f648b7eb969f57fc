"""Random instances of known problems through the command line, against independent optima."""

from __future__ import annotations

import random
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.engine.problems import head, minimum
from services.placement.engine import Market, solve
from services.placement.engine.answer import stage_value
from services.placement.engine.market_draws import draw_places
from tests.unit.engine import adversary
from tests.unit.engine.markets import random_market

slow_ok = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@slow_ok
@given(seed=st.integers(0, 10**6))
def test_no_instance_gets_a_wrong_optimum_a_broken_rule_or_a_claim_that_does_not_hold(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("one")
    assert adversary.one(seed, folder)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_no_instance_of_many_is_wrong(part: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    for seed in range(2_000_000 + 40 * part, 2_000_040 + 40 * part):
        assert adversary.one(seed, tmp_path_factory.mktemp("one"))


@pytest.mark.parametrize("seed", [1, 2])
def test_minimum_sizes_beyond_the_exact_program_have_true_bounds(seed: int, tmp_path: Path) -> None:
    r = random.Random(seed)
    adversary.thinned(minimum(r, 5, 301), tmp_path)


def test_equal_schools_may_change_places_after_leximin() -> None:
    """One of two schools can be served at all: the larger, since that places more people."""
    doc: dict[str, Any] = head("x", ("leximin", "placed"))
    doc["budgets"] = {"money": 1}
    doc["sessions"] = [{"id": "s", "max": 3, "budget": "money", "fixed_cost": 1}]
    doc["sessions"].append({"id": "t", "max": 1, "budget": "money", "fixed_cost": 1})
    doc["applicants"] = [
        {"id": "a", "school": "small", "people": 1, "wishes": [{"stops": ["t"], "rank": 0}]},
        {"id": "b", "school": "large", "people": 3, "wishes": [{"stops": ["s"], "rank": 0}]},
    ]
    answer = solve(Market.from_json(doc), compare=False)
    assert [(s.stage, s.value, s.claim) for s in answer.stages] == [
        ("leximin", 0, "proved"),
        ("placed", 3, "proved"),
    ]


@pytest.mark.parametrize("ticks", [1, 3, 5, 8, 13, 21, 34, 55, 89, 144])
def test_stages_of_a_run_cut_anywhere_have_the_values_of_its_answer(ticks: int) -> None:
    for seed in range(8):
        market, calls = Market.from_json(random_market(random.Random(seed))), count()
        try:
            answer = solve(market, time_limit=ticks, now=lambda: float(next(calls)))  # noqa: B023
        except ValueError:
            continue
        draw = draw_places(market)
        for stage in answer.stages:
            assert stage.value == stage_value(market, stage.stage, answer.parts, draw)
