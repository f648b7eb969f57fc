"""The ten markets of the contract: the engine finds what was found by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from services.placement.engine import Market, solve

ROOT = Path(__file__).parents[3] / "contracts"
MARKETS = sorted((ROOT / "examples" / "market").glob("*.market.json"))
SCHEMA = jsonschema_rs.validator_for(json.loads((ROOT / "market.v1.schema.json").read_text()))


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_there_are_ten_of_them() -> None:
    assert len(MARKETS) == 10


@pytest.mark.parametrize("path", MARKETS, ids=lambda p: p.name.split(".")[0])
def test_the_engine_finds_the_answer_worked_out_by_hand(path: Path) -> None:
    document = load(path)
    expected = load(path.with_name(path.name.replace(".market.", ".expected.")))
    market = Market.from_json(document)
    answer = solve(market).to_json()
    for number in ("placed", "rank", "cost", "worst_school"):
        if number in expected:
            assert answer["numbers"][number] == expected[number]
    if "placements" in expected:
        found = {
            row["applicant"]: [part["sessions"] for part in row["parts"]]
            for row in answer["placements"]
        }
        assert found == expected["placements"]
    for school in answer["schools"]:
        if school["school"] in expected.get("schools", {}):
            assert school["placed"] == expected["schools"][school["school"]]
        if school["school"] in expected.get("reserve", {}):
            assert school["reserve_rank"] == expected["reserve"][school["school"]]
    reasons = {u["applicant"]: {str(w["wish"]): w["code"] for w in u["wishes"]}
               for u in answer["unplaced"]}  # fmt: skip
    for applicant, codes in expected.get("reasons", {}).items():
        assert reasons[applicant] == codes


@pytest.mark.parametrize("path", MARKETS, ids=lambda p: p.name.split(".")[0])
def test_the_schema_accepts_the_file_and_what_is_written_back(path: Path) -> None:
    document = load(path)
    SCHEMA.validate(document)
    market = Market.from_json(document)
    SCHEMA.validate(market.to_json())
    assert Market.from_json(market.to_json()).hash() == market.hash()
