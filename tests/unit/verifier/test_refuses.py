"""Whatever is forged is refused, even where all hashes are made to fit again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.placement.verifier import cli
from services.placement.verifier.check import verify
from services.placement.verifier.ledger import Unusable
from tests.unit.engine.markets import random_market
from tests.unit.verifier.answers import (
    faults,
    forge,
    forge_arrays,
    load,
    persons,
    publish,
    seal,
    status,
    store,
)
from tests.unit.verifier.test_accepts import MARKETS

Path_ = tuple[Any, ...]


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole groups with a minimum; every stage proved by trees."""
    folder = tmp_path_factory.mktemp("groups")
    sessions = [{"id": f"s{i}", "min": 4 * (i % 2), "max": 8, "start": 60 * i, "end": 60 * i + 90,
                 "clash": ["team"]} for i in range(4)]  # fmt: skip
    applicants = [
        {"id": f"g{i}", "school": f"c{i % 3}", "people": 3 + i % 3,
         "wishes": [{"stops": [f"s{(i + k) % 4}"], "rank": k, "cost": i} for k in range(3)]}
        for i in range(7)
    ]  # fmt: skip
    doc = {"format": "ieum.market", "version": 1, "clashes": {"team": 1}, "sessions": sessions,
           "applicants": applicants, "rules": {"seed": "a"}}  # fmt: skip
    assert publish(doc, folder)
    assert not verify(folder).refused
    return folder


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Persons, proved by prices; some of them unplaced."""
    folder = tmp_path_factory.mktemp("flow")
    assert publish(persons(random.Random(4), people=14), folder)
    assert not verify(folder).refused
    return folder


def integers(document: Any, at: Path_ = ()) -> Iterator[Path_]:
    """The place of every integer in a document."""
    if type(document) is int:
        yield at
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from integers(value, (*at, key))
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from integers(value, (*at, i))


def put(document: Any, at: Path_, value: Any) -> None:
    for key in at[:-1]:
        document = document[key]
    document[at[-1]] = value


def putting(at: Path_, value: Any) -> Callable[[Any], None]:
    """A change that puts a value in one place."""
    return lambda document: put(document, at, value)


def adding(at: Path_, number: int) -> Callable[[Any], None]:
    """A change that adds to the number in one place."""
    return lambda document: put(document, at, get(document, at) + number)


def without(at: Path_) -> Callable[[Any], None]:
    """A change that takes one entry out."""

    def change(document: Any) -> None:
        del get(document, at[:-1])[at[-1]]

    return change


def refused(folder: Path, name: str, change: Callable[[Any], None]) -> bool:
    """Whether a change is refused, or makes the file unusable."""
    try:
        return forge(folder, name, change).refused
    except Unusable:
        return True


def get(document: Any, at: Path_) -> Any:
    for key in at:
        document = document[key]
    return document


@pytest.mark.parametrize("kind", ["groups", "flow"])
def test_every_number_of_the_answer_counts(kind: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(kind)
    document = load(folder / "result.json")
    tried = 0
    for at in integers(document):
        if at[0] == "other_mode" or at[-1] == "solver_bound" or at[:2] == ("numbers", "justified"):
            continue
        if at == ("numbers", "justified_envy") and kind == "groups":
            continue
        assert refused(folder, "result.json", adding(at, 1)), at
        tried += 1
    assert tried > 20


@pytest.mark.parametrize("kind", ["groups", "flow"])
def test_a_person_taken_out_or_put_elsewhere_is_noticed(
    kind: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(kind)
    for i in range(len(load(folder / "result.json")["placements"])):
        assert forge(folder, "result.json", without(("placements", i))).refused

        def rename(d: Any, i: int = i) -> None:
            d["placements"][i]["applicant"] = "nobody"

        assert "there is no applicant 'nobody'" in " ".join(
            faults(forge(folder, "result.json", rename))
        )


@pytest.mark.parametrize("kind", ["groups", "flow"])
def test_a_worse_answer_with_fitting_numbers_is_not_proved(
    kind: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(kind)
    ledger = verify(folder)
    assert status(ledger)["stage placed"] == "ok"
    lost = load(folder / "result.json")["placements"][0]
    people = sum(p["people"] for p in lost["parts"])

    def worse(d: Any) -> None:
        d["placements"].pop(0)
        d["stages"][0]["value"] -= people
        d["stages"][0]["bound"] -= people
        d["numbers"]["placed"] -= people

    found = status(forge(folder, "result.json", worse))
    assert found["certificate fits the answer"] == "refused"
    kept = (folder / "certificate.json").read_bytes()
    try:
        certificate = load(folder / "certificate.json")
        certificate["stages"][0]["value"] -= people
        certificate["stages"][0]["bound"] -= people
        store(folder / "certificate.json", certificate)
        assert status(forge(folder, "result.json", worse))["stage placed"] == "refused"
    finally:
        (folder / "certificate.json").write_bytes(kept)


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


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_garbage_anywhere_is_told_and_never_crashes(seed: int) -> None:
    r = random.Random(seed)
    garbage = [None, True, -1, 10**30, 1.5, "x", [], {}, [[1]], {"a": 1}, -(2**63)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        doc = random_market(r) if r.random() < 0.5 else persons(r, people=6)
        if not publish(doc, folder):
            return
        for _ in range(20):
            file = r.choice(sorted(p.name for p in folder.glob("*.json")))
            at = r.choice(list(everything(load(folder / file))))
            value = r.choice(garbage)
            with suppress(Unusable):
                forge(
                    folder,
                    file,
                    putting(at, value),
                    sealed=file != "report.json",
                )


def everything(document: Any, at: Path_ = ()) -> Iterator[Path_]:
    """The place of every value in a document."""
    pairs: Any = ()
    if isinstance(document, dict):
        pairs = document.items()
    elif isinstance(document, list):
        pairs = enumerate(document)
    for key, value in pairs:
        yield (*at, key)
        yield from everything(value, (*at, key))


def test_a_price_that_no_longer_fits_is_refused(flow: Path) -> None:
    with np.load(flow / "certificate.npz") as stored:
        stages = {name: stored[name] for name in stored.files}
    assert list(stages) == ["placed", "rank", "leximin", "cost", "lottery"]
    for name, prices in stages.items():
        # On a later stage's face a session may have nobody left who could come or go.
        for v in range(4) if name in {"placed", "rank"} else ():
            for change in (-(2**50), 2**50):

                def shift(d: dict[str, Any], name: str = name, v: int = v, c: int = change) -> None:
                    d[name][v] += c

                ledger = forge_arrays(flow, "certificate.npz", shift)
                if load(flow / "market.json")["sessions"][v]["max"]:
                    assert status(ledger)[f"stage {name}"] == "refused", (name, v, change)
        for wrong in (prices[:-1], prices.astype(np.float64), prices.reshape(1, -1)):

            def replace(d: dict[str, Any], name: str = name, wrong: Any = wrong) -> None:
                d[name] = wrong

            ledger = forge_arrays(flow, "certificate.npz", replace)
            assert status(ledger)[f"stage {name}"] == "refused"


def test_claims_beyond_the_evidence_are_refused(flow: Path, groups: Path) -> None:
    for folder in (flow, groups):
        for number in range(5):
            bare = putting(("stages", number, "evidence"), {})
            assert forge(folder, "certificate.json", bare).refused
    for name in ("certificate.json", "certificate.npz"):
        kept = (flow / name).read_bytes()
        (flow / name).unlink()
        try:
            assert verify(flow).refused
        finally:
            (flow / name).write_bytes(kept)


@pytest.mark.parametrize("kind", ["groups", "flow"])
def test_any_change_of_the_market_is_noticed(kind: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(kind)
    places = list(integers(load(folder / "market.json")))
    for at in random.Random(1).sample(places, 40):
        kept = (folder / "market.json").read_bytes()
        document = load(folder / "market.json")
        put(document, at, get(document, at) + 1)
        store(folder / "market.json", document)
        try:
            assert cli.main([str(folder), "--json"]) != cli.ACCEPTED
        finally:
            (folder / "market.json").write_bytes(kept)


def test_hashes_cover_every_file(flow: Path) -> None:
    for name in ("market.json", "result.json", "certificate.json", "reasons.json"):
        ledger = forge(flow, name, lambda d: None, sealed=False)
        assert status(ledger)["hashes"] == "refused", name
    for name in ("result.json", "certificate.json", "reasons.json"):
        ledger = forge(flow, name, lambda d: put(d, ("market",), "0" * 64))
        assert status(ledger)["hashes"] == "refused", name


def test_reasons_are_checked_against_answer_and_prices(flow: Path) -> None:
    rows = load(flow / "reasons.json")["applicants"]
    codes = {w["code"] for row in rows for w in row["wishes"]}
    assert {"sealed"} <= codes
    tried = 0
    for i, row in enumerate(rows):
        for k, wish in enumerate(row["wishes"]):
            place = ("applicants", i, "wishes", k)
            for at in integers(wish["facts"]):
                whole = (*place, "facts", *at)
                ledger = forge(flow, "reasons.json", adding(whole, -100))
                assert ledger.refused, (wish, at)
                tried += 1
            ledger = forge(flow, "reasons.json", without(place))
            assert ledger.refused
    assert tried > 5
    assert forge(flow, "reasons.json", lambda d: d["applicants"].pop()).refused


def test_every_fault_is_told_with_its_place_and_exit_codes_differ(
    flow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([str(flow)]) == cli.ACCEPTED
    assert capsys.readouterr().out.endswith("verdict: accepted\n")
    assert cli.main([str(tmp_path)]) == cli.UNUSABLE
    (tmp_path / "result.json").write_text('{"a": 1, "a": 2}')
    (tmp_path / "market.json").write_text("{")
    assert cli.main([str(tmp_path), "--json"]) == cli.UNUSABLE
    shown = json.loads(capsys.readouterr().out)
    assert [f["place"] for f in shown["faults"]] == ["market.json", "result.json"]
    broken = load(flow / "market.json")
    broken["sessions"][0]["max"] = "many"
    broken["applicants"][0]["wishes"][0]["stops"] = ["nowhere"]
    broken["rules"]["speed"] = 3
    store(tmp_path / "market.json", broken)
    store(tmp_path / "result.json", load(flow / "result.json"))
    assert cli.main([str(tmp_path), "--json"]) == cli.UNUSABLE
    places = {f["place"] for f in json.loads(capsys.readouterr().out)["faults"]}
    assert places == {
        "market.json:/sessions/0/max",
        "market.json:/applicants/0/wishes/0/stops/0",
        "market.json:/rules/speed",
    }
    (tmp_path / "market.json").unlink()
    (tmp_path / "market.npz").write_bytes(b"PK")
    assert cli.main([str(tmp_path)]) == cli.UNUSABLE
