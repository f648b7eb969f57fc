"""Files of the command line: markets in, answer directories out and in again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from services.placement.engine import report_files
from services.placement.engine.answer import Answer
from services.placement.engine.market import Market
from services.placement.engine.market_json import parse_market
from services.placement.engine.market_npz import from_arrays, to_arrays
from services.placement.engine.reasons_flow import reason_columns

ENGINE_VERSION = "1"
#: Files of the mode that was not chosen.
OTHER = ("other.json", "other.npz", "other-certificate.json", "other-certificate.npz")


class FileTrouble(Exception):
    """A file is missing, unreadable or not what it should be; the message is for people."""


def read_bytes(path: Path) -> bytes:
    """The bytes of a file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileTrouble(f"{path}: {error.strerror or error}") from error


def read_json(path: Path) -> Any:
    """The JSON document of a file."""
    try:
        return json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise FileTrouble(f"{path}: this is not JSON: {error}") from error


def read_market(path: Path) -> Market:
    """A market from a .json or .npz file; raises `MarketErrors` for a broken one."""
    if path.suffix == ".npz":
        return from_arrays(read_arrays(path))
    return parse_market(read_bytes(path))


def read_arrays(path: Path) -> dict[str, Any]:
    """The arrays of a .npz file (no pickled objects)."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile) as error:
        raise FileTrouble(f"{path}: this is no readable .npz file: {error}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: beside it first, then in its place."""
    beside = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise FileTrouble(f"{path}: {error.strerror or error}") from error


def json_bytes(document: object) -> bytes:
    """A JSON file's bytes: two spaces, keys in the order of the document, a final line feed."""
    try:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Integers beyond 64 bits, which only the slow writer knows.
        return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def write_market(path: Path, market: Market) -> None:
    """Write a market as .json or .npz, by the name of the file."""
    if path.suffix == ".npz":
        write_arrays(path, to_arrays(market))
    else:
        write_bytes(path, json_bytes(market.to_json()))


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Write a .npz file, uncompressed: reading it is what matters."""
    beside = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as out:
            np.savez(out, **arrays)
        beside.replace(path)
    except OSError as error:
        raise FileTrouble(f"{path}: {error.strerror or error}") from error


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """What computed the answer."""
    return {
        "engine": ENGINE_VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "highs": importlib.metadata.version("highspy"),
    }


def write_answer(
    folder: Path, answer: Answer, seconds: dict[str, float], *, columnar: bool
) -> dict[str, Any]:
    """Write all files of an answer; answers the report, with the seconds that its files took."""
    begin = time.monotonic()
    market_file = folder / ("market.npz" if columnar else "market.json")
    result_file = folder / ("result.npz" if columnar else "result.json")
    for name in ("market", "result"):
        for suffix in (".json", ".npz"):
            stale = folder / f"{name}{suffix}"
            if stale not in (market_file, result_file) and stale.exists():
                stale.unlink()
    write_market(market_file, answer.market)
    if columnar:
        write_arrays(result_file, report_files.result_arrays(answer))
    else:
        write_bytes(result_file, json_bytes(answer.result_json()))
    result_hash = sha256(result_file)
    write_bytes(
        folder / "certificate.json", json_bytes(report_files.certificate(answer, result_hash))
    )
    arrays = folder / "certificate.npz"
    if answer.evidence_arrays:
        write_arrays(arrays, dict(answer.evidence_arrays))
    elif arrays.exists():
        arrays.unlink()
    brief = folder / "reasons.npz"
    if report_files.by_columns(answer):
        write_arrays(brief, reason_columns(answer))
    elif brief.exists():
        brief.unlink()
    write_bytes(folder / "reasons.json", json_bytes(report_files.reasons(answer, result_hash)))
    names = [market_file.name, result_file.name, "certificate.json", "reasons.json"]
    names += [path.name for path in (arrays, brief) if path.exists()]
    names += _write_other(folder, answer.other, columnar=columnar)
    hashes = {name: sha256(folder / name) for name in names}
    hashes["market"] = answer.market.hash()
    spent = {**seconds, "files": time.monotonic() - begin}
    document = report_files.report(answer, hashes, spent, versions())
    write_bytes(folder / "report.json", json_bytes(document))
    return document


def _write_other(folder: Path, other: Answer | None, *, columnar: bool) -> list[str]:
    """The other mode's answer and, where it proves something, its evidence; the names written."""
    for name in OTHER:
        (folder / name).unlink(missing_ok=True)
    if other is None:
        return []
    names = ["other.npz" if columnar else "other.json"]
    if columnar:
        write_arrays(folder / names[0], report_files.result_arrays(other))
    else:
        write_bytes(folder / names[0], json_bytes(other.result_json()))
    if any(stage.evidence for stage in other.stages):
        document = report_files.certificate(other, sha256(folder / names[0]))
        names.append("other-certificate.json")
        write_bytes(folder / names[-1], json_bytes(document))
    if other.evidence_arrays:
        names.append("other-certificate.npz")
        write_arrays(folder / names[-1], dict(other.evidence_arrays))
    return names


def read_answer(folder: Path) -> Answer:
    """Market and answer of a directory."""
    columnar = (folder / "market.npz").exists()
    market = read_market(folder / ("market.npz" if columnar else "market.json"))
    try:
        if columnar:
            answer = report_files.answer_from_arrays(market, read_arrays(folder / "result.npz"))
        else:
            answer = report_files.read_answer(market, read_json(folder / "result.json"))
    except (KeyError, IndexError, TypeError) as error:
        raise FileTrouble(f"{folder}: the result does not fit its market: {error!r}") from error
    if (folder / "certificate.npz").exists():
        answer.evidence_arrays = read_arrays(folder / "certificate.npz")
    return answer
