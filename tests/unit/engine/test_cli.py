"""The command line: files, exit codes, and what a person reads."""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from services.placement.engine import Market, cli, solve
from services.placement.engine.cli_files import read_answer, read_json, read_market, sha256
from tests.unit.engine.markets import random_market


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), "utf-8")
    return path


@pytest.fixture
def market_file(tmp_path: Path) -> Path:
    return write(tmp_path / "market.json", random_market(random.Random(8)))


@pytest.fixture
def folder(tmp_path: Path, market_file: Path) -> Path:
    out = tmp_path / "answer"
    assert cli.main(["solve", str(market_file), "--out", str(out), "--quiet", "--json"]) == cli.OK
    return out


def test_solve_writes_every_file_with_matching_hashes(folder: Path) -> None:
    report = read_json(folder / "report.json")
    for name in ("market.json", "result.json", "certificate.json", "reasons.json"):
        assert report["hashes"][name] == sha256(folder / name)
    market = read_market(folder / "market.json")
    certificate = read_json(folder / "certificate.json")
    assert report["hashes"]["market"] == market.hash() == certificate["market"]
    assert certificate["result"] == report["hashes"]["result.json"]
    stages = [s["stage"] for s in report["stages"]]
    assert [s["stage"] for s in certificate["stages"]] == stages == list(market.rules.stages)
    assert not list(folder.glob("*.part"))
    assert set(report["seconds"]) == {"read", "solve", "files"}


def test_the_search_keeps_time_for_judging_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("services.placement.engine.solve")
    judged, search = module.four_numbers, module.solve_groups
    time, ends = [0.0], list[float | None]()

    def slow(*given: Any) -> Any:
        time[0] += 2.0
        return judged(*given)

    def recorded(market: Any, draw: Any, watch: Any, start: Any) -> Any:
        ends.append(watch.deadline)
        return search(market, draw, watch, start)

    monkeypatch.setattr(module, "four_numbers", slow)
    monkeypatch.setattr(module, "solve_groups", recorded)
    market = Market.from_json(random_market(random.Random(8)))
    solve(market, time_limit=100.0, now=lambda: time[0])
    solve(market, time_limit=20.0, now=lambda: time[0])
    assert ends == [94.0, time[0] - 6.0 + 20.0 - 2.0]


def test_the_columnar_answer_is_the_same_answer(folder: Path, tmp_path: Path) -> None:
    columns, again = tmp_path / "market.npz", tmp_path / "columns"
    source = str(folder / "market.json")
    assert cli.main(["convert", source, str(columns)]) == cli.OK
    assert cli.main(["solve", str(columns), "--out", str(again), "--quiet"]) == cli.OK
    assert read_answer(again).parts == read_answer(folder).parts
    assert read_market(columns).hash() == read_market(folder / "market.json").hash()


def test_explain_speaks_korean_and_english(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = read_json(folder / "market.json")["applicants"][0]["id"]
    texts: list[str] = []
    for language in ("ko", "en"):
        capsys.readouterr()
        assert cli.main(["explain", str(folder), "--applicant", name, "--lang", language]) == cli.OK
        texts.append(capsys.readouterr().out)
    assert all(name in text for text in texts)
    assert cli.main(["explain", str(folder), "--applicant", "nobody"]) == cli.BAD_FILE


def test_repair_writes_and_what_if_does_not(folder: Path, tmp_path: Path) -> None:
    session = read_json(folder / "result.json")["open_sessions"][0]
    change = write(tmp_path / "change.json", {"kind": "cancel_session", "session": session})
    before = {p.name: sha256(p) for p in folder.iterdir() if p.is_file()}
    assert cli.main(["what-if", str(folder), "--change", str(change), "--json"]) == cli.OK
    assert {p.name: sha256(p) for p in folder.iterdir()} == before
    assert cli.main(["repair", str(folder), "--change", str(change)]) == cli.OK
    repaired = read_json(folder / "repaired" / "result.json")
    assert session not in repaired["open_sessions"]
    assert read_json(folder / "repaired" / "preview.json")["market"] == repaired["market"]


def test_a_broken_market_is_refused_with_every_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken: dict[str, Any] = {"format": "x", "version": 2, "sessions": [], "applicants": []}
    path = write(tmp_path / "broken.json", broken)
    command = ["solve", str(path), "--out", str(tmp_path / "o"), "--json"]
    assert cli.main(command) == cli.BAD_MARKET
    errors = json.loads(capsys.readouterr().out)["errors"]
    assert [e["pointer"] for e in errors] == ["/format", "/version"]
    assert not (tmp_path / "o").exists()


def test_what_cannot_be_placed_and_what_cannot_be_read_have_exit_codes_of_their_own(
    tmp_path: Path,
) -> None:
    doc: dict[str, Any] = {
        "format": "ieum.market",
        "version": 1,
        "sessions": [{"id": "s", "max": 1}],
        "applicants": [
            {"id": name, "wishes": [{"stops": ["s"], "rank": 0}]} for name in ("a", "b")
        ],
        "rules": {"must_place_all": True},
    }
    path = write(tmp_path / "tight.json", doc)
    out = str(tmp_path / "o")
    assert cli.main(["solve", str(path), "--out", out, "--quiet"]) == cli.NO_ANSWER
    assert cli.main(["solve", str(tmp_path / "none.json"), "--out", out]) == cli.BAD_FILE
    torn = tmp_path / "torn.npz"
    torn.write_bytes(b"PK")
    assert cli.main(["convert", str(torn), str(tmp_path / "x.json")]) == cli.BAD_FILE


def test_wrong_use_ends_with_two() -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["solve"])
    assert caught.value.code == cli.USAGE


def test_generating_twice_gives_the_same_market(tmp_path: Path) -> None:
    files = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for path in files:
        command = ["generate", "groups-13", "--seed", "4", "--out", str(path)]
        assert cli.main(command) == cli.OK
    assert read_market(files[0]).hash() == read_market(files[1]).hash()


def test_an_interrupt_leaves_the_best_answer_on_disk(
    tmp_path: Path, market_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = solve

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return real(*args, **kwargs)

    monkeypatch.setattr(cli, "solve", interrupted)
    out = tmp_path / "answer"
    assert cli.main(["solve", str(market_file), "--out", str(out), "--quiet"]) == cli.STOPPED
    assert not read_json(out / "result.json")["reproducible"]
