"""Instances as an outside examiner would write them: degenerate, huge numbers, everyone placed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from bench.engine.problems import Reference, flow, head
from services.placement.engine import Infeasible, Market, solve
from services.placement.engine.cli_files import write_answer
from services.placement.verifier.check import verify
from tests.unit.engine.adversary import check_stages, draw_of

Doc = dict[str, Any]


def person(name: str, *wishes: tuple[str, int, int], school: str = "c") -> Doc:
    rows = [{"stops": [stop], "rank": rank, "cost": cost} for stop, rank, cost in wishes]
    return {"id": name, "school": school, "wishes": rows}


def examined(doc: Doc, folder: Path) -> list[tuple[str, int, str]]:
    """Solve, write, verify: what the verifier refuses is a fault."""
    answer = solve(Market.from_json(doc))
    write_answer(folder, answer, {}, columnar=False)
    ledger = verify(folder)
    assert not ledger.refused, [f for line in ledger.lines for f in line.faults]
    return [(s.stage, s.value, s.claim) for s in answer.stages]


@pytest.mark.parametrize("stages", [("cost", "lottery"), ("rank", "placed"), ("placed", "cost")])
@pytest.mark.parametrize("people", [0, 1])
def test_a_market_in_which_nothing_can_be_granted_is_proved_empty(
    stages: tuple[str, ...], people: int, tmp_path: Path
) -> None:
    doc = head("x", stages)
    doc["sessions"] = []
    doc["applicants"] = [person(f"p{i}") for i in range(people)]
    assert examined(doc, tmp_path) == [(stage, 0, "proved") for stage in stages]


def test_the_share_of_a_school_of_one_person_without_a_place_is_proved(tmp_path: Path) -> None:
    doc = head("x", ("placed", "rank", "leximin", "cost"))
    doc["sessions"] = [{"id": "s", "max": 1}]
    doc["applicants"] = [person("a", ("s", 0, 1), school="b"), person("b", school="alone")]
    assert [claim for _, _, claim in examined(doc, tmp_path)] == ["proved"] * 4


def test_nobody_envies_herself_where_one_session_is_wished_for_twice(tmp_path: Path) -> None:
    doc = head("x", ("placed", "cost"))
    doc["sessions"] = [{"id": "s", "max": 1}]
    doc["applicants"] = [person("a", ("s", 0, 6), ("s", 1, 0))]
    assert examined(doc, tmp_path)[1] == ("cost", 0, "proved")


@pytest.mark.parametrize("must", [False, True])
def test_costs_of_thousands_of_millions_are_proved_as_small_ones_are(
    must: bool, tmp_path: Path
) -> None:
    r = random.Random(4)
    for turn in range(6):
        doc = head(f"x{turn}", ("cost", "lottery"), must_place_all=must)
        doc["sessions"] = [{"id": f"s{i}", "max": 40} for i in range(3)]
        doc["applicants"] = [
            {
                "id": f"j{j}",
                "school": "c",
                "wishes": [
                    {"stops": [f"s{i}"], "rank": 0, "seats": r.randint(3, 25),
                     "cost": r.choice([10**9, -(10**9), r.randint(-(10**9), 10**9)])}
                    for i in range(3)
                ],
            }
            for j in range(7)
        ]  # fmt: skip
        optimum = Reference(doc, draw_of(doc)).optima()
        if optimum is not None:
            expected = [(stage, value, "proved") for stage, value in optimum.items()]
            assert examined(doc, tmp_path) == expected


@pytest.mark.parametrize("seed", range(12))
def test_persons_who_must_all_be_placed_get_the_optimum_of_every_order(
    seed: int, tmp_path: Path
) -> None:
    doc = flow(random.Random(seed), 4, 7)
    doc["rules"]["must_place_all"] = True
    for session in doc["sessions"]:
        session["max"] += 1
    optimum = Reference(doc, draw_of(doc)).optima()
    if optimum is None:
        with pytest.raises(Infeasible) as raised:
            solve(Market.from_json(doc))
        assert raised.value.code == "infeasible"
        return
    found = examined(doc, tmp_path)
    rows = [{"stage": s, "value": v, "bound": v, "claim": c} for s, v, c in found]
    check_stages({"stages": rows}, optimum, None)


def test_a_large_assignment_in_which_everyone_must_be_placed_is_proved_by_prices() -> None:
    r = random.Random(1)
    doc = head("x", ("cost", "rank", "leximin", "lottery"), must_place_all=True)
    doc["sessions"] = [{"id": f"s{i}", "max": 28} for i in range(40)]
    doc["applicants"] = [
        person(f"p{j}", *((f"s{(7 * k + j) % 40}", k, r.randint(-500, 500)) for k in range(6)))
        for j in range(1000)
    ]
    answer = solve(Market.from_json(doc), compare=False)
    assert answer.engine == "flow"
    assert {s.claim for s in answer.stages} == {"proved"}
    assert answer.numbers["placed"] == 1000
