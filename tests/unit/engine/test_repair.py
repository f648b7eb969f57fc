"""Repair against brute force: nobody loses a seat needlessly, and as few as possible move."""

from __future__ import annotations

import random
from typing import Any

import pytest

from services.placement.engine import Infeasible, Market, MarketErrors, repair, solve, what_if
from services.placement.engine.repair_changes import changed
from tests.unit.engine.brute import Brute, Choice
from tests.unit.engine.markets import random_market


def a_change(r: random.Random, doc: dict[str, Any], used: list[str]) -> dict[str, Any]:
    """A cancelled session, a smaller one, a declined school, a late applicant or a withdrawal."""
    session = r.choice(used or [doc["sessions"][0]["id"]])
    kind = r.randint(0, 4)
    if kind == 0:
        return {"kind": "cancel_session", "session": session}
    if kind == 1:
        high = next(s["max"] for s in doc["sessions"] if s["id"] == session)
        return {"kind": "capacity", "session": session, "max": high // 2}
    if kind == 2:
        return {"kind": "decline", "session": session, "school": doc["applicants"][0]["school"]}
    if kind == 3:
        late = dict(doc["applicants"][0], id="late", school="late")
        return {"kind": "add_applicant", "applicant": late}
    return {"kind": "withdraw", "applicant": doc["applicants"][-1]["id"]}


def best_repair(new: Market, old: dict[str, dict[int, int]], frozen: set[str]) -> list[int] | None:
    """The least (-kept, -placed, rank, moved) over all feasible answers of the new market."""
    document = new.to_json()
    brute = Brute(document)
    names = [a["id"] for a in brute.applicants]
    grantable = {
        (a["id"], w): brute.grantable(a, wish)
        for a in brute.applicants
        for w, wish in enumerate(a["wishes"])
    }

    def key(answer: list[Choice]) -> list[int] | None:
        got: dict[str, dict[int, int]] = {}
        for a, w, n in answer:
            got.setdefault(names[a], {})[w] = n
        for name in frozen & set(old):
            for w, n in old[name].items():
                if grantable.get((name, w)) and got.get(name, {}).get(w) != n:
                    return None
        kept = sum(n for name in old for n in got.get(name, {}).values())
        moved = sum(
            n for name, own in old.items() for w, n in own.items() if w not in got.get(name, {})
        )
        return [-kept, brute.stage("placed", answer), brute.stage("rank", answer), moved]

    keys = [k for k in map(key, brute.answers()) if k is not None]
    return min(keys, default=None)


@pytest.mark.parametrize("seed", range(60))
def test_a_repair_is_lexicographically_least_among_all_answers(seed: int) -> None:
    r = random.Random(seed)
    doc = random_market(r)
    market = Market.from_json(doc)
    try:
        answer = solve(market, compare=False)
    except Infeasible:
        return
    used = [market.sessions.id[s] for p in answer.parts for s in market.wishes.stops(p.wish)]
    change = a_change(r, doc, used)
    placed = {market.applicants.id[p.applicant] for p in answer.parts}
    frozen = {name for name in sorted(placed) if r.random() < 0.3}
    new = changed(market, change)
    old: dict[str, dict[int, int]] = {}
    for p in answer.parts:
        name = market.applicants.id[p.applicant]
        if name in new.applicant_index:
            first = int(market.applicants.wish_ptr[p.applicant])
            old.setdefault(name, {})[p.wish - first] = p.people
    best = best_repair(new, old, frozen)
    if best is None:
        with pytest.raises(Infeasible):
            repair(market, answer, change, frozen=frozen)
        return
    done = repair(market, answer, change, frozen=frozen)
    values = {s.stage: s.value for s in done.answer.stages}
    found = [-values["kept"], -values["placed"], values["rank"], values["moved"]]
    assert found == best
    assert all(s.bound == s.value for s in done.answer.stages)
    for row in done.preview:
        assert row["applicant"] not in frozen or row["change"] != "moved" or _taken(new, row)


def _taken(new: Market, row: dict[str, Any]) -> bool:
    """Whether the change itself took the place that a frozen applicant had."""
    document = new.to_json()
    barred = {(e[0], e[1]) for e in document["excluded"]}
    return any((row["applicant"], s) in barred for part in row["before"] for s in part["sessions"])


def test_what_if_leaves_market_and_answer_as_they_were() -> None:
    market = Market.from_json(random_market(random.Random(8)))
    answer = solve(market)
    before = answer.to_json()
    session = before["open_sessions"][0]
    outcome = what_if(market, answer, {"kind": "cancel_session", "session": session})
    assert session not in [
        s for row in outcome.preview for p in row["after"] for s in p["sessions"]
    ]
    assert answer.to_json() == before


def test_a_change_that_does_not_fit_the_market_is_refused_with_its_place() -> None:
    market = Market.from_json(random_market(random.Random(8)))
    answer = solve(market)
    with pytest.raises(MarketErrors) as caught:
        repair(
            market,
            answer,
            [{"kind": "cancel_session", "session": "none"}, {"kind": "dance"}],
        )
    assert [(e.pointer, e.code) for e in caught.value.errors] == [
        ("/0/session", "unknown_session"),
        ("/1/kind", "unknown_kind"),
    ]
