"""The documents of an answer's directory: certificate, reasons, report (plain data, no I/O)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.placement.engine.answer import Answer, StageResult, columns_of_parts, read_parts
from services.placement.engine.market import Market
from services.placement.engine.reasons import Reasons
from services.placement.engine.report import selection, waitlist

CERTIFICATE, REASONS, REPORT = "ieum.certificate", "ieum.reasons", "ieum.report"
VERSION = 1
#: Above this many persons the reasons are written as columns, for those not placed only.
LARGE = 20_000


def certificate(answer: Answer, result_hash: str) -> dict[str, Any]:
    """The evidence of every stage."""
    return {
        "format": CERTIFICATE,
        "version": VERSION,
        "market": answer.market.hash(),
        "result": result_hash,
        "stages": [
            {
                "stage": s.stage,
                "value": s.value,
                "bound": s.bound,
                "claim": s.claim,
                "evidence": s.evidence,
            }
            for s in answer.stages
        ],
    }


def reasons(answer: Answer, result_hash: str) -> dict[str, Any]:
    """Why not: applicants, schools and the waitlist."""
    head = {
        "format": REASONS,
        "version": VERSION,
        "market": answer.market.hash(),
        "result": result_hash,
    }
    if by_columns(answer):
        return {**head, "columns": "reasons.npz", "schools": selection(answer)}
    book = Reasons(answer)
    rows = [book.explain(a) for a in range(len(answer.market.applicants))]
    return {
        **head,
        "applicants": [row for row in rows if row["wishes"] or "reason" in row],
        "schools": selection(answer),
        "waitlist": waitlist(answer),
    }


def by_columns(answer: Answer) -> bool:
    """Whether the reasons of an answer are written as columns: large markets of persons."""
    return answer.engine in {"flow", "stable"} and len(answer.market.applicants) > LARGE


def report(
    answer: Answer,
    hashes: Mapping[str, str],
    seconds: Mapping[str, float],
    versions: Mapping[str, str],
) -> dict[str, Any]:
    """Both modes' numbers, shares of schools, timings, versions and hashes."""
    return {
        "format": REPORT,
        "version": VERSION,
        "hashes": dict(hashes),
        "mode": answer.mode,
        "engine": answer.engine,
        "reproducible": answer.reproducible,
        "numbers": answer.numbers,
        "other_mode": answer.other_mode,
        "stages": [s.to_json() for s in answer.stages],
        "schools": [
            {k: row[k] for k in ("school", "chosen", "placed", "people", "share")}
            for row in selection(answer)
        ],
        "seconds": {k: round(v, 6) for k, v in seconds.items()},
        "versions": dict(versions),
    }


def read_answer(market: Market, result: Mapping[str, Any]) -> Answer:
    """An answer from its `result.json`; evidence is not read back."""
    stages = []
    for row in result["stages"]:
        known = {"stage", "value", "bound", "claim"}
        detail = {k: v for k, v in row.items() if k not in known}
        named = {k: row[k] for k in known}
        stages.append(StageResult(**named, detail=detail))
    return Answer(
        market=market,
        mode=result["mode"],
        columns=columns_of_parts(read_parts(market, result["placements"])),
        stages=stages,
        other_mode=dict(result["other_mode"]),
        reproducible=bool(result["reproducible"]),
        engine=result["engine"],
    )


def result_arrays(answer: Answer) -> dict[str, NDArray[Any]]:
    """The placement as columns, for `result.npz`."""
    rows = answer.columns
    stages = answer.stages
    before = {}
    if answer.previous is not None:
        was = columns_of_parts(answer.previous)
        names = ("previous_applicant", "previous_wish", "previous_people")
        before = dict(zip(names, was, strict=True))
    return {
        "format": np.array("ieum.result"),
        "version": np.array(VERSION),
        "market": np.array(answer.market.hash()),
        "mode": np.array(answer.mode),
        "engine": np.array(answer.engine),
        "reproducible": np.array(answer.reproducible),
        "part_applicant": rows[0],
        "part_wish": rows[1],
        "part_people": rows[2],
        "stage_names": np.array([s.stage.encode() for s in stages]),
        "stage_values": np.array([s.value for s in stages], dtype=np.int64),
        "stage_bounds": np.array(
            [s.value if s.bound is None else s.bound for s in stages], dtype=np.int64
        ),
        "stage_claims": np.array([s.claim.encode() for s in stages]),
        **before,
    }


def _no_bound(claim: bytes, value: int, bound: int) -> bool:
    """The column of bounds repeats the value where nothing is known."""
    return claim == b"solver-claimed" and bound == value


def answer_from_arrays(market: Market, arrays: Mapping[str, NDArray[Any]]) -> Answer:
    """An answer from its `result.npz`."""
    columns = (arrays["part_applicant"], arrays["part_wish"], arrays["part_people"])
    stages = [
        StageResult(
            name.decode(), int(value), None if _no_bound(claim, value, bound) else int(bound),
            claim.decode(),
        )
        for name, value, bound, claim in zip(
            arrays["stage_names"].tolist(), arrays["stage_values"], arrays["stage_bounds"],
            arrays["stage_claims"].tolist(), strict=True,
        )
    ]  # fmt: skip
    return Answer(
        market, str(arrays["mode"]), columns, stages,
        reproducible=bool(arrays["reproducible"]), engine=str(arrays["engine"]),
    )  # fmt: skip
