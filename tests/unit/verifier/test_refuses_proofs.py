"""A proof with anything taken out or changed proves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.placement.verifier.check import verify
from tests.unit.verifier.answers import (
    faults,
    forge,
    load,
    publish,
    seal,
    status,
    store,
)
from tests.unit.verifier.forging import (
    Path_,
    get,
    integers,
    put,
)
from tests.unit.verifier.test_accepts import MARKETS


def test_a_tree_without_its_multipliers_or_branches_proves_nothing(groups: Path) -> None:
    stages = load(groups / "certificate.json")["stages"]
    tried = 0
    for i, stage in enumerate(stages):
        if stage["stage"] == "leximin":
            continue

        def bolder(d: Any, i: int = i) -> None:
            d["stages"][i]["evidence"]["target"] += 1000

        def bare(d: Any, i: int = i) -> None:
            d["stages"][i]["evidence"]["nodes"] = [{"scale": 1, "rows": {}}]

        def foreign(d: Any, i: int = i) -> None:
            d["stages"][i]["evidence"]["nodes"][0] = {"scale": 1, "rows": {"nothing:0": 1}}

        def hole(d: Any, i: int = i) -> None:
            node = {"column": "z:0", "at": 0, "down": -1, "up": -1}
            d["stages"][i]["evidence"]["nodes"] = [node]

        def loop(d: Any, i: int = i) -> None:
            node = {"column": "z:0", "at": 0, "down": 0, "up": 0}
            d["stages"][i]["evidence"]["nodes"] = [node]

        changes = [bolder, foreign, hole, loop]
        if any(node.get("rows") or "column" in node for node in stage["evidence"]["nodes"]):
            changes.append(bare)
        for change in changes:
            ledger = forge(groups, "certificate.json", change)
            assert status(ledger)[f"stage {stage['stage']}"] == "refused", (stage, change)
            tried += 1
    assert tried > 12


def test_a_later_stage_may_not_use_its_own_value_as_a_row(groups: Path) -> None:
    value = load(groups / "certificate.json")["stages"][0]["value"]

    def circular(d: Any) -> None:
        leaf = {"scale": 1, "rows": {"stage:placed": -1}}
        d["stages"][0]["evidence"] = {"kind": "tree", "target": -value, "nodes": [leaf]}

    assert status(forge(groups, "certificate.json", circular))["stage placed"] == "refused"


def test_every_field_of_the_levels_counts(tmp_path: Path) -> None:
    doc = load(next(p for p in MARKETS if "leximin" in p.name))
    doc["rules"]["stages"] = ["placed", "leximin"]
    doc["rules"]["caps"] = {"students": 1000}
    assert publish(doc, tmp_path)
    number = 1
    levels = load(tmp_path / "certificate.json")["stages"][number]["evidence"]["levels"]
    assert levels
    for i, level in enumerate(levels):
        for at in integers({k: level[k] for k in ("level", "schools", "count")}):

            def more(d: Any, i: int = i, at: Path_ = at) -> None:
                own = d["stages"][number]["evidence"]["levels"][i]
                put(own, at, get(own, at) + 1)

            assert forge(tmp_path, "certificate.json", more).refused, (i, at)
        for tree in ("below", "fewest"):

            def bare(d: Any, i: int = i, tree: str = tree) -> None:
                own = d["stages"][number]["evidence"]["levels"][i]
                own[tree] = {"kind": "tree", "target": 0, "nodes": [{"scale": 1, "rows": {}}]}

            assert forge(tmp_path, "certificate.json", bare).refused, (i, tree)
    assert forge(
        tmp_path, "certificate.json",
        lambda d: d["stages"][number]["evidence"]["levels"].pop(),
    ).refused  # fmt: skip


def test_a_scheme_that_was_cut_short_proves_the_worst_school_only(tmp_path: Path) -> None:
    doc = load(next(p for p in MARKETS if "leximin" in p.name))
    doc["rules"] |= {"stages": ["placed", "leximin"], "caps": {"students": 1000}}
    assert publish(doc, tmp_path)

    def cut(d: Any) -> None:
        d["stages"][1]["evidence"]["complete"] = False

    found = faults(forge(tmp_path, "certificate.json", cut))
    assert [f for f in found if "the evidence is about the worst school only" in f]
    certificate, result = load(tmp_path / "certificate.json"), load(tmp_path / "result.json")
    report = load(tmp_path / "report.json")
    cut(certificate)
    for document in (certificate, result, report):
        document["stages"][1]["claim"] = "bounded"
    store(tmp_path / "certificate.json", certificate)
    store(tmp_path / "report.json", report)
    store(tmp_path / "result.json", result)
    seal(tmp_path)
    assert not verify(tmp_path).refused
