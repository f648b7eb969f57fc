"""Ctrl-C as a person presses it: a real signal to a process of its own, while it searches."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from services.placement.engine import cli
from services.placement.engine.cli_files import read_answer, read_json, write_market
from services.placement.engine.generate import generate
from services.placement.verifier.check import verify

#: Far longer than the search goes on: it has to end because of the signal.
LIMIT = 120


def test_ctrl_c_ends_the_search_and_leaves_the_best_answer_verified_on_disk(
    tmp_path: Path,
) -> None:
    source, out = tmp_path / "market.npz", tmp_path / "answer"
    write_market(source, generate("groups-120", 3, 90))
    command = [sys.executable, "-m", "services.placement.engine", "solve", str(source)]
    with subprocess.Popen(
        [*command, "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first.startswith("[1/5] placed"), first
        process.send_signal(signal.SIGINT)
        said, rest = process.communicate(timeout=LIMIT)
    assert process.returncode == cli.STOPPED, rest
    assert "cut short" in said
    report = read_json(out / "report.json")
    assert report["reproducible"] is False
    assert read_answer(out).numbers["placed"] == report["numbers"]["placed"] > 0
    ledger = verify(out)
    assert not ledger.refused, [line for line in ledger.lines if line.faults]
