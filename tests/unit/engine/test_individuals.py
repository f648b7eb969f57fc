"""Persons alone: the flow route gives the same optimum as brute force, and so does the program."""

from __future__ import annotations

import random
from typing import Any

import pytest

from services.placement.engine import Market, breaches, solve
from services.placement.engine.market_draws import draw_places
from services.placement.engine.solve_individuals import fits_flow
from tests.unit.engine.brute import Brute


def persons(seed: int) -> dict[str, Any]:
    r = random.Random(seed)
    sessions = [{"id": f"s{i}", "max": r.randint(0, 2)} for i in range(r.randint(1, 4))]
    names = [s["id"] for s in sessions]
    applicants = []
    for i in range(r.randint(1, 6)):
        chosen = r.sample(names, r.randint(0, len(names)))
        wishes = [
            {"stops": [s], "rank": r.choice([k, 0]), "cost": r.randint(0, 3), "priority": 0}
            for k, s in enumerate(chosen)
        ]
        applicants.append({"id": f"p{i}", "school": f"c{r.randint(0, 2)}", "wishes": wishes})
    barred = []
    if r.random() < 0.3:
        barred = [[applicants[0]["id"], names[0], "grade", {"grade": 1}]]
    stages = r.choice(
        [
            ["placed", "rank", "leximin", "cost", "lottery"],
            ["placed", "leximin", "rank", "lottery"],
            ["placed", "cost", "rank"],
        ]
    )
    document = {
        "format": "ieum.market",
        "version": 1,
        "sessions": sessions,
        "applicants": applicants,
        "excluded": barred,
        "rules": {"stages": stages, "seed": f"x{seed}"},
    }
    return Market.from_json(document).to_json()


@pytest.mark.parametrize("seed", range(80))
def test_a_market_of_persons_is_solved_as_a_flow_to_the_optimum_of_brute_force(seed: int) -> None:
    doc = persons(seed)
    market, brute = Market.from_json(doc), Brute(doc)
    answer = solve(market)
    assert fits_flow(market)
    assert answer.engine == "flow"
    assert breaches(market, answer.parts) == []
    first = market.applicants.wish_ptr
    chosen = [(p.applicant, p.wish - int(first[p.applicant]), 1) for p in answer.parts]
    best = brute.best()
    assert best is not None
    assert brute.key(chosen) == best[0]
    assert all(s.claim == "proved" for s in answer.stages)
    assert answer.other_mode["mode"] == "stable"


@pytest.mark.parametrize("seed", range(30))
def test_nobody_has_justified_envy_in_stable_mode(seed: int) -> None:
    doc = persons(seed)
    market = Market.from_json(doc)
    answer = solve(market, mode="stable")
    document = answer.to_json()
    assert document["numbers"]["justified_envy"] == 0
    draw = draw_places(market).tolist()
    seat = {p.applicant: p.wish for p in answer.parts}
    rank, session = market.wishes.rank, market.wishes.stop_session
    for a in range(len(market.applicants)):
        for w in market.wishes_of(a):
            barred = (doc["applicants"][a]["id"], doc["sessions"][int(session[w])]["id"])
            if any((e[0], e[1]) == barred for e in doc["excluded"]):
                continue
            if a in seat and rank[seat[a]] <= rank[w]:
                continue
            there = [b for b, v in seat.items() if session[v] == session[w]]
            assert len(there) >= int(market.sessions.max[session[w]])
            assert all(draw[b] < draw[a] for b in there)
