"""Whatever is forged is refused, even where all hashes are made to fit again."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
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
    status,
    store,
)
from tests.unit.verifier.forging import (
    Path_,
    adding,
    get,
    integers,
    put,
    putting,
    refused,
    without,
)


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


@pytest.mark.parametrize("kind", [{}, [[1]], 1.5])
def test_a_kind_of_evidence_that_is_no_word_proves_nothing(tmp_path: Path, kind: Any) -> None:
    assert publish(persons(random.Random(1), people=6), tmp_path)

    def worse(d: Any) -> None:
        d["stages"][0]["evidence"]["kind"] = kind

    assert status(forge(tmp_path, "certificate.json", worse))["stage placed"] == "refused"


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


@pytest.mark.parametrize("seed", [3, 7, 8, 21])
def test_every_number_in_a_reason_of_groups_is_recomputed(seed: int, tmp_path: Path) -> None:
    if not publish(random_market(random.Random(seed)), tmp_path):
        return
    rows = load(tmp_path / "reasons.json")["applicants"]
    for i, row in enumerate(rows):
        for k, entry in enumerate(row["wishes"]):
            for name, value in entry["facts"].items():
                at = ("applicants", i, "wishes", k, "facts", name)
                loose = name in {"wished", "left", "own", "need", "free"}
                if type(value) is int and not loose:
                    assert refused(tmp_path, "reasons.json", adding(at, 1)), (entry, name)
