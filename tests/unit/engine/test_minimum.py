"""Persons with minimum sizes beyond the exact program: bounds are true, and often the optimum."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.engine.problems import Reference, minimum
from services.placement.engine import Answer, Market, breaches, solve
from services.placement.engine.cli_files import write_answer
from services.placement.engine.generate import SIZES, Size, generate
from services.placement.verifier.check import verify
from tests.unit.engine.adversary import draw_of

Doc = dict[str, Any]


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Markets of some forty persons take the way of the large ones."""
    monkeypatch.setattr(sys.modules["services.placement.engine.solve"], "MANY", 0)


def thin(seed: int) -> Doc:
    """Sessions of which several fill only if others close."""
    r = random.Random(seed)
    return minimum(r, r.randint(4, 8), r.randint(25, 45))


@pytest.mark.parametrize("seed", range(24))
def test_a_bound_is_true_and_the_verifier_proves_it(seed: int, tmp_path: Path) -> None:
    doc = thin(seed)
    doc["rules"]["stages"] = ["placed", "rank", *(["cost", "lottery"] if seed % 3 == 0 else [])]
    market = Market.from_json(doc)
    answer = solve(market, compare=False)
    assert answer.engine == "flow-minimum"
    assert breaches(market, answer.parts) == []
    best = Reference({**doc, "rules": {**doc["rules"], "stages": ["placed", "rank"]}},
                     draw_of(doc)).optima()  # fmt: skip
    assert best is not None
    placed, rank = answer.stages[:2]
    assert placed.bound is not None and placed.value <= best["placed"] <= placed.bound
    if placed.value == best["placed"]:
        assert rank.bound is not None and rank.bound <= best["rank"] <= rank.value
    assert {s.claim for s in answer.stages} <= {"proved", "bounded"}
    write_answer(tmp_path, answer, {}, columnar=seed % 2 == 0)
    ledger = verify(tmp_path)
    assert not ledger.refused, [line for line in ledger.lines if line.faults]


def worthy() -> Answer:
    """An answer whose rank is bounded by what seats are worth."""
    for seed in range(200):
        doc = thin(seed)
        doc["rules"]["stages"] = ["placed", "rank"]
        answer = solve(Market.from_json(doc), compare=False)
        if "rank_worth" in answer.evidence_arrays:
            return answer
    raise AssertionError("no market of these needs the worth of a seat")


def test_a_bound_beyond_what_the_worths_prove_is_refused(tmp_path: Path) -> None:
    answer = worthy()
    rank = answer.stages[1]
    write_answer(tmp_path, answer, {}, columnar=False)
    assert not verify(tmp_path).refused
    bound = rank.bound or 0
    answer.evidence_arrays["rank_worth"] = np.zeros(len(answer.market.applicants), np.int64)
    write_answer(tmp_path, answer, {}, columnar=False)
    assert verify(tmp_path).refused
    for field, wrong in (("scale", 0), ("scale", 2), ("charge", -1), ("array", "nothing")):
        answer = worthy()
        answer.stages[1].evidence[field] = wrong
        write_answer(tmp_path, answer, {}, columnar=False)
        refused = verify(tmp_path).refused
        assert refused, (field, wrong)
    answer = worthy()
    answer.stages[1].bound, answer.stages[1].claim = bound + 1, "bounded"
    write_answer(tmp_path, answer, {}, columnar=False)
    assert verify(tmp_path).refused


def test_fixed_persons_keep_their_seats_where_sessions_must_fill() -> None:
    doc = thin(3)
    doc["rules"]["stages"] = ["placed", "rank"]
    for session in doc["sessions"][:2]:
        session |= {"min": 0, "max": 9}
    doc["rules"]["fixed"] = [
        {"applicant": x["id"], "wish": k}
        for x in doc["applicants"][:3]
        for k, wish in enumerate(x["wishes"])
        if wish["stops"][0] in {"s0", "s1"}
    ][:1]
    market = Market.from_json(doc)
    answer = solve(market, compare=False)
    assert breaches(market, answer.parts) == []


def test_sessions_that_would_gain_by_running_are_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(SIZES, "pocket", Size(1, 2_000, 3, 4, 25, minimum=True))
    market = generate("pocket", 1, 150)
    rules = replace(market.rules, stages=("placed", "rank"))
    answer = solve(replace(market, rules=rules), compare=False)
    # HiGHS proves 277; with closing alone it was 309.
    assert [s.value for s in answer.stages] == [2_000, 277]
