"""The answer of the mode that was not chosen is checked as the chosen one is: forge any part of it.

Each fixture is a run in mode `stable`, so that the other answer is that of `max`, with stages that
its own certificate proves: by prices for persons, by trees for groups.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.placement.verifier.check import verify
from tests.unit.verifier.answers import forge, forge_arrays, load, persons, publish
from tests.unit.verifier.forging import adding, integers, put, putting, refused, without

OTHER, EVIDENCE = "other.json", "other-certificate.json"


@pytest.fixture(scope="module")
def stable_flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stable_flow")
    assert publish(persons(random.Random(4), people=14), folder, mode="stable")
    assert not verify(folder).refused
    return folder


@pytest.fixture(scope="module")
def stable_groups(groups: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stable_groups")
    assert publish(load(groups / "market.json"), folder, mode="stable")
    assert not verify(folder).refused
    return folder


def twice(number: int) -> Callable[[Any], None]:
    """A change that writes one placement a second time."""
    return lambda d: d["placements"].append(d["placements"][number])


def replacing(column: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change that puts another column in the place of one, or takes it out."""

    def change(arrays: dict[str, Any]) -> None:
        if value is None:
            del arrays[column]
        else:
            arrays[column] = value

    return change


KINDS = pytest.mark.parametrize("kind", ["stable_flow", "stable_groups"])


@KINDS
def test_every_number_of_the_other_answer_counts(kind: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(kind)
    document, tried = load(folder / OTHER), 0
    for at in integers(document):
        if at[-1] == "solver_bound":
            continue
        assert refused(folder, OTHER, adding(at, 1)), at
        assert refused(folder, OTHER, adding(at, -1)), at
        tried += 1
    assert tried > 20


@KINDS
def test_nobody_can_be_added_moved_or_taken_out_of_the_other_answer(
    kind: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(kind)
    for i in range(len(load(folder / OTHER)["placements"])):
        assert refused(folder, OTHER, without(("placements", i)))
        assert refused(folder, OTHER, twice(i))
        assert refused(folder, OTHER, putting(("placements", i, "applicant"), "nobody"))


@KINDS
def test_the_other_answer_is_of_this_market_and_of_the_other_mode(
    kind: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(kind)
    for key, value in (("mode", "stable"), ("mode", "best"), ("market", "0" * 64), ("stages", [])):
        assert refused(folder, OTHER, putting((key,), value)), key


@KINDS
def test_claims_of_the_other_answer_go_no_further_than_its_evidence(
    kind: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(kind)
    for number, row in enumerate(load(folder / EVIDENCE)["stages"]):
        bare = putting(("stages", number, "evidence"), {})
        assert refused(folder, EVIDENCE, bare), row["stage"]
        for key, value in (("claim", "bounded"), ("stage", "lottery" if number == 0 else "placed")):
            assert refused(folder, EVIDENCE, putting(("stages", number, key), value)), key
        for key in ("value", "bound"):
            for step in (1, -1):
                assert refused(folder, EVIDENCE, adding(("stages", number, key), step)), key
    for at in (("stages", 0), ("stages",), ("market",), ("result",)):
        assert forge(folder, EVIDENCE, without(at), sealed=at != ("result",)).refused
    assert refused(folder, EVIDENCE, lambda d: d["stages"].reverse())


def test_prices_of_the_other_answer_are_recomputed(stable_flow: Path) -> None:
    name = "other-certificate.npz"
    with np.load(stable_flow / name) as stored:
        stages = {key: stored[key] for key in stored.files}
    assert list(stages) == ["placed", "rank", "leximin", "cost", "lottery"]
    for stage, prices in stages.items():
        wrongs = [prices[:-1], prices.astype(np.float64), prices.reshape(1, -1), prices - 2**62]
        if stage in {"placed", "rank"}:
            wrongs += [prices + 2**50 * (np.arange(len(prices)) == v) for v in range(4)]
        for wrong in wrongs:
            assert forge_arrays(stable_flow, name, replacing(stage, wrong)).refused
        assert forge_arrays(stable_flow, name, replacing(stage, None)).refused


def test_trees_of_the_other_answer_are_recomputed(stable_groups: Path) -> None:
    tried = 0
    for i, stage in enumerate(load(stable_groups / EVIDENCE)["stages"]):
        evidence = stage["evidence"]
        if evidence.get("kind") != "tree":
            continue
        place = ("stages", i, "evidence")
        assert refused(stable_groups, EVIDENCE, adding((*place, "target"), 1000))
        for bad in ([], [{"scale": 1, "rows": {"nothing:0": 1}}], [{"column": "z:0", "at": 0,
                    "down": 0, "up": 0}], [{"scale": 0, "rows": {}}]):  # fmt: skip
            assert refused(stable_groups, EVIDENCE, putting((*place, "nodes"), bad))
        for k, node in enumerate(evidence["nodes"]):
            for row, y in node.get("rows", {}).items():
                far = putting((*place, "nodes", k, "rows", row), -y - 2**55)
                assert refused(stable_groups, EVIDENCE, far)
                tried += 1
    assert tried > 3


@KINDS
def test_the_published_comparison_is_that_of_the_other_answer(
    kind: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(kind)
    for file in ("result.json", "report.json"):
        told = load(folder / file)["other_mode"]
        for key in ("placed", "rank", "worst_school", "justified_envy"):
            assert refused(folder, file, adding(("other_mode", key), 1)), (file, key)
            assert refused(folder, file, without(("other_mode", key))), (file, key)
        assert refused(folder, file, putting(("other_mode", "mode"), told["mode"] + "x"))
    for name in (OTHER, EVIDENCE):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        try:
            assert verify(folder).refused, name
        finally:
            (folder / name).write_bytes(kept)


@KINDS
def test_what_is_only_bounded_is_not_called_exact(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder: Path = request.getfixturevalue(kind)
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())

    def weaker(document: Any) -> None:
        put(document, ("stages", 0, "claim"), "bounded")

    assert not verify(tmp_path).refused
    assert refused(tmp_path, OTHER, weaker)


@KINDS
def test_every_number_of_the_report_counts(kind: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(kind)
    tried = 0
    for at in integers(load(folder / "report.json")):
        if at[0] != "seconds" and at[-1] != "solver_bound":
            assert refused(folder, "report.json", adding(at, 1)), at
            tried += 1
    assert tried > 10
