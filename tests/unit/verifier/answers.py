"""Answers on disk for the verifier's tests, and ways to forge them."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from services.placement.engine import Infeasible, Market, solve
from services.placement.engine.cli_files import write_answer
from services.placement.verifier.check import verify
from services.placement.verifier.ledger import Ledger

Doc = dict[str, Any]


def publish(
    document: Doc, folder: Path, *, mode: str | None = None, columnar: bool = False
) -> bool:
    """Solve a market and write its directory; False where no placement keeps every rule."""
    try:
        answer = solve(Market.from_json(document), mode=mode)
    except Infeasible:
        return False
    write_answer(folder, answer, {}, columnar=columnar)
    return True


def persons(r: random.Random, *, people: int = 12) -> Doc:
    """A market of persons alone: some sessions are wanted by more than fit."""
    sessions = [
        {"id": f"s{i}", "max": r.randint(1, 3), "start": 60 * i, "end": 60 * i + 50}
        for i in range(4)
    ]
    return {
        "format": "ieum.market",
        "version": 1,
        "sessions": sessions,
        "applicants": [
            {
                "id": f"p{i}",
                "school": f"c{r.randint(0, 2)}",
                "busy": [{"start": 10, "end": 20}] if r.random() < 0.1 else [],
                "wishes": [
                    {"stops": [s], "rank": k, "cost": r.randint(0, 3)}
                    for k, s in enumerate(r.sample(["s0", "s1", "s2", "s3"], r.randint(1, 3)))
                ],
            }
            for i in range(people)
        ],
        "rules": {"seed": f"seed {r.randint(0, 9)}"},
    }


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def store(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seal(folder: Path) -> None:
    """Make all hashes fit again, as a careful forger would."""
    result = next(p for p in folder.iterdir() if p.stem == "result")
    for name in ("certificate.json", "reasons.json"):
        document = load(folder / name)
        store(folder / name, {**document, "result": sha256(result)})
    other = folder / "other-certificate.json"
    if other.exists():
        answer = next(p for p in folder.iterdir() if p.stem == "other")
        store(other, {**load(other), "result": sha256(answer)})
    report = load(folder / "report.json")
    for name in report["hashes"]:
        if name != "market":
            report["hashes"][name] = sha256(folder / name)
    store(folder / "report.json", report)


def forge(folder: Path, name: str, change: Callable[[Any], None], *, sealed: bool = True) -> Ledger:
    """Change one JSON file and verify; the file is put back afterwards."""
    kept = {p: p.read_bytes() for p in folder.iterdir()}
    try:
        document = load(folder / name)
        change(document)
        store(folder / name, document)
        if sealed:
            seal(folder)
        return verify(folder)
    finally:
        for path, data in kept.items():
            path.write_bytes(data)


def forge_arrays(
    folder: Path, name: str, change: Callable[[dict[str, Any]], None], *, sealed: bool = True
) -> Ledger:
    """Change one .npz file and verify; the file is put back afterwards."""
    kept = {p: p.read_bytes() for p in folder.iterdir()}
    try:
        with np.load(folder / name) as stored:
            arrays = {key: stored[key].copy() for key in stored.files}
        change(arrays)
        np.savez(folder / name, **arrays)
        if sealed:
            seal(folder)
        return verify(folder)
    finally:
        for path, data in kept.items():
            path.write_bytes(data)


def status(ledger: Ledger) -> dict[str, str]:
    return {line.check: line.status for line in ledger.lines}


def faults(ledger: Ledger) -> list[str]:
    return [f"{line.check}: {f.place}: {f.detail}" for line in ledger.lines for f in line.faults]
