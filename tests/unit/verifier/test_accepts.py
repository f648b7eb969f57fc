"""What the engine publishes is accepted, and claimed proofs are really checked."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

from services.placement.engine import Infeasible, Market, generate
from services.placement.engine.cli_files import write_answer
from services.placement.engine.repair import repair
from services.placement.engine.solve import solve
from services.placement.verifier.check import verify
from tests.unit.engine.markets import Doc, random_market
from tests.unit.verifier.answers import faults, load, persons, publish, status

MARKETS = sorted((Path(__file__).parents[3] / "contracts/examples/market").glob("*.market.json"))


def accepted(document: Doc, *, mode: str | None = None, columnar: bool = False) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        if not publish(document, folder, mode=mode, columnar=columnar):
            return
        ledger = verify(folder)
        assert not ledger.refused, faults(ledger)
        found = status(ledger)
        for stage in load(folder / "certificate.json")["stages"]:
            proved = stage["claim"] in {"proved", "bounded"}
            assert (found[f"stage {stage['stage']}"] == "ok") == proved


@pytest.mark.parametrize("path", MARKETS, ids=lambda p: p.name.split(".")[0])
@pytest.mark.parametrize("columnar", [False, True], ids=["json", "npz"])
def test_the_ten_hand_markets_are_accepted(path: Path, columnar: bool) -> None:
    accepted(load(path), columnar=columnar)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_random_markets_with_every_rule_are_accepted(seed: int, columnar: bool) -> None:
    accepted(random_market(random.Random(seed)), columnar=columnar)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["max", "stable"]), st.booleans())
def test_random_markets_of_persons_are_accepted(seed: int, mode: str, columnar: bool) -> None:
    accepted(persons(random.Random(seed)), mode=mode, columnar=columnar)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_serial_acceptance_is_accepted_without_a_proof(seed: int) -> None:
    accepted(random_market(random.Random(seed)), mode="stable")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
@example(1521248744)  # a group in two parts, all or none: one part alone has a seat
@example(2834)  # cheaper, but a repair does not ask for what the campaign asks
def test_repaired_answers_are_accepted(seed: int) -> None:
    market = Market.from_json(random_market(random.Random(seed)))
    session = market.sessions.id[seed % len(market.sessions)]
    try:
        answer = solve(market, compare=False)
        done = repair(market, answer, {"kind": "cancel_session", "session": session})
    except Infeasible:
        reject()
    with TemporaryDirectory() as name:
        write_answer(Path(name), done.answer, {}, columnar=False)
        ledger = verify(Path(name))
        assert not ledger.refused, faults(ledger)
        assert status(ledger)["stage kept"] == status(ledger)["stage moved"] == "ok"


def test_persons_with_minimum_sizes_are_bounded_by_the_flow_without(tmp_path: Path) -> None:
    doc = persons(random.Random(5), people=320)
    doc["sessions"] = [
        {"id": f"s{i}", "min": 5, "max": 20 + i, "start": 60 * i, "end": 60 * i + 50}
        for i in range(4)
    ]
    assert publish(doc, tmp_path)
    evidence = load(tmp_path / "certificate.json")["stages"][0]["evidence"]
    assert evidence["relaxed"] == "min"
    ledger = verify(tmp_path)
    assert not ledger.refused, faults(ledger)
    assert status(ledger)["stage placed"] == "ok"


def test_a_city_is_accepted_by_the_command_in_its_own_process(tmp_path: Path) -> None:
    write_answer(tmp_path, solve(generate.generate("city", 3, 110)), {}, columnar=True)
    command = [sys.executable, "-m", "services.placement.verifier", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("verdict: accepted\n")
