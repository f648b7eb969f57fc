"""Every reason is true: the named rule is broken, or the named stage gets worse."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from services.placement.engine import (
    Answer,
    Fixed,
    Infeasible,
    Market,
    Part,
    Reasons,
    breaches,
    solve,
)
from services.placement.engine.market import STAGES
from services.placement.engine.reasons_text import catalogue, sentences
from services.placement.engine.repair_flow import STAGES as REPAIR_STAGES
from tests.unit.engine.brute import Brute
from tests.unit.engine.markets import random_market
from tests.unit.verifier.answers import persons

#: How many prices the forced solves below have looked at.
PRICES: list[int] = []
BREACH = {"full": "full", "below_min": "below_min", "team_busy": "clash", "day_limit": "day_limit",
          "budget": "budget", "school_cap": "school_cap", "student_cap": "student_cap",
          "keeps_minimum": "below_min", "all_or_none": "all_or_none", "overlap": "overlap",
          "lottery": "full"}  # fmt: skip


def put_there(answer: Answer, a: int, w: int) -> list[tuple[Part, ...]]:
    """The answers with wish `w` granted, with and without giving up one other part."""
    x = answer.market.applicants
    people = int(x.split_smallest[a]) if x.splits(a) else int(x.people[a])
    mine = [p for p in answer.parts if p.applicant == a]
    rest = [[q for q in answer.parts if q != p] for p in mine]
    return [(*parts, Part(a, w, people)) for parts in (list(answer.parts), *rest)]


@pytest.mark.parametrize("seed", range(150))
def test_a_reason_names_a_rule_that_would_be_broken(seed: int) -> None:
    market = Market.from_json(random_market(random.Random(seed)))
    try:
        answer = solve(market, compare=False)
    except Infeasible:
        return
    reasons = Reasons(answer)
    for a in range(len(market.applicants)):
        for w in market.wishes_of(a):
            reason = reasons.wish(a, w)
            if reason is None:
                assert any(p.wish == w for p in answer.parts)
                continue
            assert reason.code != "search_ended"
            if reason.code in BREACH:
                codes = {
                    b.code for parts in put_there(answer, a, w) for b in breaches(market, parts)
                }
                assert BREACH[reason.code] in codes


@pytest.mark.parametrize("seed", range(40))
def test_a_forced_solve_shows_that_no_refused_wish_would_have_been_better(seed: int) -> None:
    doc = random_market(random.Random(seed))
    doc["rules"]["stages"] = ["placed", "rank"]
    market = Market.from_json(doc)
    try:
        answer = solve(market, compare=False)
    except Infeasible:
        return
    reasons, brute = Reasons(answer), Brute(doc)
    best = brute.best()
    assert best is not None
    for a in range(len(market.applicants)):
        if market.applicants.splits(a):
            continue
        for w in market.wishes_of(a):
            reason = reasons.wish(a, w)
            if reason is None or reason.code in {"excluded", "busy", "travel_time", "too_large"}:
                continue
            rules = replace(market.rules, fixed=(Fixed(a, w, int(market.applicants.people[a])),))
            try:
                forced = solve(replace(market, rules=rules), compare=False)
            except Infeasible:
                continue
            values = [-forced.stages[0].value, forced.stages[1].value]
            assert values >= best[0]


def test_equal_requests_are_told_the_lottery_and_both_places() -> None:
    person: dict[str, Any] = {"people": 1, "school": "x", "wishes": [{"stops": ["s"], "rank": 0}]}
    doc = {
        "format": "ieum.market",
        "version": 1,
        "sessions": [{"id": "s", "max": 2}],
        "applicants": [{"id": f"p{i}", **person} for i in range(4)],
        "rules": {"seed": "a"},
    }
    answer = solve(Market.from_json(doc)).to_json()
    assert [u["wishes"][0]["code"] for u in answer["unplaced"]] == ["lottery", "lottery"]
    facts = [u["wishes"][0]["facts"] for u in answer["unplaced"]]
    assert {f["cutoff"] for f in facts} == {2}
    assert {f["own"] for f in facts} == {3, 4}


def test_every_reason_has_a_sentence_in_both_languages_with_the_same_places() -> None:
    for kind in ("wish", "applicant", "school", "count", "stages"):
        for code, entry in catalogue()[kind].items():
            assert set(entry) == {"ko", "en"}, code
            assert all(text.strip() for text in entry.values())
    assert set(catalogue()["count"]) <= set(catalogue()["wish"])
    assert set(catalogue()["stages"]) == {*STAGES, *REPAIR_STAGES}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_sentence_calls_a_stage_by_its_name_and_not_by_its_code(language: str) -> None:
    for stage, names in catalogue()["stages"].items():
        said = sentences("wish", "stage", {"stage": stage, "change": 3})[language]
        assert names[language] in said


@pytest.mark.parametrize("seed", range(30))
def test_sentences_can_be_made_for_every_unplaced_applicant(seed: int) -> None:
    market = Market.from_json(random_market(random.Random(seed)))
    for mode in ("max", "stable"):
        try:
            document = solve(market, mode=mode, compare=False).to_json()
        except Infeasible:
            continue
        for row in document["unplaced"]:
            for reason in (row["reason"], *row["wishes"]):
                assert "{" not in reason["sentences"]["ko"] + reason["sentences"]["en"]


@pytest.mark.parametrize("seed", range(40))
def test_a_price_is_what_others_pay_when_she_is_seated_by_force(seed: int) -> None:
    """Solved again with her seat fixed, among the people placed, who all stay placed."""
    r = random.Random(seed)
    doc = persons(r, people=r.randint(5, 9))
    doc["rules"]["stages"] = ["placed", "rank", "lottery"]
    market = Market.from_json(doc)
    answer = solve(market, compare=False)
    reasons, seat = Reasons(answer), {p.applicant: p.wish for p in answer.parts}
    rank, told = market.wishes.rank, 0
    out = [name for a, name in enumerate(market.applicants.id) if a not in seat]
    doc["excluded"] = [[name, s["id"], "out", {}] for name in out for s in doc["sessions"]]
    among = Market.from_json(doc)
    for a, own in seat.items():
        for w in market.wishes_of(a):
            reason = reasons.wish(a, w)
            if reason is None or reason.code not in {"price", "full"}:
                continue
            rules = replace(market.rules, fixed=(Fixed(a, w, 1),))
            forced = solve(replace(among, rules=rules), compare=False).numbers
            if reason.code == "full":
                assert forced["placed"] < answer.numbers["placed"]
                continue
            assert forced["placed"] == answer.numbers["placed"]
            others = forced["rank"] - int(rank[w]) - (answer.numbers["rank"] - int(rank[own]))
            assert reason.facts["price"] == others
            told += 1
    PRICES.append(told)


def test_prices_were_told() -> None:
    assert sum(PRICES) > 20


@pytest.mark.parametrize("seed", range(60))
def test_no_forced_seat_of_a_group_costs_more_than_its_reason_says(seed: int) -> None:
    """With everything else as it is a stage gets worse by what is said; rearranged, by no more."""
    market = Market.from_json(random_market(random.Random(seed)))
    try:
        answer = solve(market, compare=False)
    except Infeasible:
        return
    reasons, stages = Reasons(answer), [s.value for s in answer.stages]
    for p in answer.parts:
        x = market.applicants
        if x.wants[p.applicant] > 1 or x.splits(p.applicant):
            continue
        for w in market.wishes_of(p.applicant):
            reason = reasons.wish(p.applicant, w)
            if reason is None or reason.code != "stage":
                continue
            rules = replace(market.rules, fixed=(Fixed(p.applicant, w, p.people),))
            forced = solve(replace(market, rules=rules), compare=False)
            at = market.rules.stages.index(reason.facts["stage"])
            for i, stage in enumerate(forced.stages[: at + 1]):
                up = stage.stage in {"placed", "leximin"}
                loss = stages[i] - stage.value if up else stage.value - stages[i]
                assert loss <= (reason.facts["change"] if i == at else 0)
                if loss < 0:
                    break
