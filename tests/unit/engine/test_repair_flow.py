"""The quick repair of persons finds what the general one finds."""

from __future__ import annotations

import random
from typing import Any

import pytest

from services.placement.engine import Infeasible, Market, breaches, repair, solve
from tests.unit.engine.test_individuals import persons


@pytest.mark.parametrize("seed", range(60))
def test_the_quick_repair_is_as_good_as_the_general_one(seed: int) -> None:
    r = random.Random(seed)
    doc = persons(seed)
    doc["rules"]["stages"] = ["placed", "rank"]
    market = Market.from_json(doc)
    answer = solve(market, compare=False)
    if not answer.parts:
        return
    session = market.sessions.id[int(market.wishes.stop_session[answer.parts[0].wish])]
    change: dict[str, Any] = {"kind": "cancel_session", "session": session}
    if r.random() < 0.5:
        change = {"kind": "capacity", "session": session, "max": r.randint(0, 3)}
    placed = [market.applicants.id[p.applicant] for p in answer.parts]
    frozen = [name for name in placed if r.random() < 0.2]
    try:
        quick = repair(market, answer, change, frozen=frozen)
    except Infeasible:
        return
    assert breaches(quick.answer.market, quick.answer.parts) == []
    if quick.answer.engine != "flow-repair":
        return
    answer.evidence_arrays = {}
    general = repair(market, answer, change, frozen=frozen)
    values = [{s.stage: s.value for s in x.answer.stages} for x in (quick, general)]
    for stage in ("kept", "placed", "rank", "moved"):
        assert values[0][stage] == values[1][stage], stage


def test_most_repairs_of_persons_take_the_quick_way() -> None:
    ways = []
    for seed in range(20):
        doc = persons(seed)
        doc["rules"]["stages"] = ["placed", "rank"]
        market = Market.from_json(doc)
        answer = solve(market, compare=False)
        if answer.parts:
            session = market.sessions.id[int(market.wishes.stop_session[answer.parts[0].wish])]
            done = repair(market, answer, {"kind": "cancel_session", "session": session})
            ways.append(done.answer.engine)
    assert set(ways) == {"flow-repair"}
