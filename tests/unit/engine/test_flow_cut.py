"""A flow that is cut short at any moment ends with true bounds, and the verifier proves them."""

from __future__ import annotations

import random
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bench.engine.problems import Reference, flow
from services.placement.engine import Infeasible, Market, solve
from services.placement.engine.cli_files import write_answer
from services.placement.verifier.check import verify
from tests.unit.engine.adversary import draw_of

Doc = dict[str, Any]


def true_bounds(doc: Doc, answer: Any) -> int:
    """Compare every bound with the optimum, as far as stages compare; answers how many."""
    best = Reference(doc, draw_of(doc)).optima()
    assert best is not None
    seen = 0
    for row in answer.stages:
        if row.stage == "leximin":
            continue
        assert row.bound is not None and row.claim in {"proved", "bounded"}
        up = row.stage == "placed"
        assert row.bound >= best[row.stage] if up else row.bound <= best[row.stage]
        seen += 1
        if row.value != best[row.stage]:
            break
    return seen


@pytest.mark.parametrize("seed", range(30))
def test_every_stage_of_a_flow_cut_short_has_a_bound_that_the_verifier_proves(
    seed: int, tmp_path: Path
) -> None:
    r = random.Random(seed)
    doc = flow(r, r.randint(2, 6), r.randint(5, 25))
    doc["rules"]["stages"] = r.choice(
        (["placed", "rank", "cost", "lottery"], ["placed", "cost", "rank"], ["placed", "lottery"])
    )
    doc["rules"]["must_place_all"] = seed % 4 == 0
    market, news, heard = Market.from_json(doc), count(), r.randint(0, 12)
    try:
        answer = solve(
            market, on_progress=lambda _: next(news) < heard, now=lambda: float(next(news))
        )
    except Infeasible:
        return
    assert true_bounds(doc, answer)
    write_answer(tmp_path, answer, {}, columnar=seed % 2 == 0)
    ledger = verify(tmp_path)
    assert not ledger.refused, [line for line in ledger.lines if line.faults]


def cut_market(seed: int) -> Market:
    doc = flow(random.Random(seed), 6, 40)
    doc["rules"] = {"seed": "cut", "stages": ["placed", "rank", "leximin", "cost", "lottery"]}
    return Market.from_json(doc)


def test_a_bound_beyond_what_its_prices_prove_is_refused(tmp_path: Path) -> None:
    answer = solve(cut_market(3), on_progress=lambda _: False, now=lambda: 0.0)
    assert {s.claim for s in answer.stages} <= {"proved", "bounded"}
    for row in answer.stages:
        if row.bound != row.value:
            row.bound = (row.bound or 0) + (-1 if row.stage in {"placed", "leximin"} else 1)
            write_answer(tmp_path, answer, {}, columnar=False)
            assert verify(tmp_path).refused, row
            return
    raise AssertionError("nothing was left open")


def test_a_charge_that_no_stage_allows_proves_nothing(tmp_path: Path) -> None:
    answer = solve(cut_market(5), on_progress=lambda _: False, now=lambda: 0.0)
    for charge in (-1, 2**61, "1", True):
        for row in answer.stages:
            if row.stage == "cost":
                row.evidence["charge"] = charge
        write_answer(tmp_path, answer, {}, columnar=False)
        assert verify(tmp_path).refused, charge
