"""Whole runs of the engine on one market, and the same program handed to HiGHS.

`python -m bench.engine.whole WHAT SIZE SEED LIMIT` prints one line of JSON. `cpu_s` is processor
time, `wall_s` beside it. The engine's limits are seconds of processor time, which on an idle
machine are those of the wall; HiGHS counts its limit by the wall.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import highspy
import numpy as np

from bench.engine.problems import Reference, assignment, blocking, residents
from services.placement.engine import Market, solve
from services.placement.engine.answer import Answer
from services.placement.engine.cli_files import read_market, write_answer, write_market
from services.placement.engine.generate import generate
from services.placement.engine.groups_highs import Program
from services.placement.engine.groups_model import build
from services.placement.engine.groups_points import linear_cost
from services.placement.engine.market_draws import draw_places

Row = dict[str, Any]


def stages_of(answer: Answer) -> dict[str, Any]:
    """Value, bound, claim and gap of every stage."""
    out: dict[str, Any] = {}
    for s in answer.stages:
        gap = None
        if s.bound is not None:
            gap = round(abs(s.bound - s.value) / max(1, abs(s.bound), abs(s.value)), 6)
        out[s.stage] = {"value": s.value, "bound": s.bound, "claim": s.claim, "gap": gap}
    return out


def verified(folder: Path) -> Row:
    """The separate verifier on a directory: its verdict and its processor time with start-up."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    command = [sys.executable, "-m", "services.placement.verifier", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    verdict = {0: "accepted", 1: "refused", 2: "unusable"}.get(done.returncode, "failed")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.perf_counter() - begin
    return {"verifier": verdict, "verifier_cpu_s": round(cpu, 3), "verifier_wall_s": round(wall, 3)}


def solved(market: Market, method: str, limit: float | None, *, compare: bool = True) -> Row:
    """Solve, write the directory, verify it."""
    with tempfile.TemporaryDirectory() as name:
        cpu, wall = time.process_time(), time.perf_counter()
        answer = solve(market, time_limit=limit, now=time.process_time, compare=compare)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        write_answer(Path(name), answer, {}, columnar=True)
        checked = verified(Path(name))
    other = answer.other_mode.get("placed")
    return {
        "method": method,
        "applicants": len(market.applicants),
        "cpu_s": round(cpu, 4),
        "wall_s": round(wall, 4),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "placed": answer.numbers["placed"],
        "rank": answer.numbers["rank"],
        "stages": stages_of(answer),
        "first_come": other,
        "over_first_come": None if not other else round(answer.numbers["placed"] / other - 1, 4),
        **checked,
        "verifier_share": round(checked["verifier_cpu_s"] / max(cpu, 1e-9), 3),
    }


def groups(size: str, seed: int, limit: float) -> Row:
    """Whole groups by branch and price, all stages within the limit."""
    return solved(generate(size, seed, 90), "engine", limit)


def minimum(size: str, seed: int, limit: float) -> Row:
    """Persons with minimum sizes: fill or close, by the two stages that HiGHS is given as well."""
    market = generate(size, seed, 110)
    solve(generate("city", seed, 110), compare=False)
    market = replace(market, rules=replace(market.rules, stages=("placed", "rank")))
    return solved(market, "engine", limit, compare=False)


def by_highs(market: Market, limit: float, *, only_sessions: bool) -> Row:
    """The compact program in HiGHS: most placed, then least rank at that number.

    Its second solve starts from the first one's answer; the limit is that of both together. Where
    only sessions are whole, one solve with a weight on a person placed is what HiGHS does quickest.
    """
    model = build(market)
    program = Program(model, integer=not only_sessions)
    if only_sessions:
        column = model.z.astype(np.int32)
        kind = np.full(len(column), highspy.HighsVarType.kInteger.value, np.uint8)
        program.solver.changeColsIntegrality(len(column), column, kind)
    draw = draw_places(market)
    placed, rank = (linear_cost(model, stage, draw) for stage in ("placed", "rank"))
    weighted = rank + placed * (int(market.wishes.rank.max()) * 4 + 1)
    costs = {"placed and rank": weighted} if only_sessions else {"placed": placed, "rank": rank}
    program.solver.setOptionValue("time_limit", limit)
    cpu, wall = time.process_time(), time.perf_counter()
    proved = dict[str, int]()
    for stage, cost in costs.items():
        for before, value in proved.items():
            reached = program.solver.getSolution()
            used = np.nonzero(costs[before])[0].astype(np.int32)
            weights = costs[before][used].astype(np.float64)
            program.solver.addRow(-highspy.kHighsInf, value, len(used), used, weights)
            program.solver.setSolution(reached)
        program.set_cost(cost)
        program.solver.run()
        info, status = program.solver.getInfo(), program.solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            break
        proved[stage] = round(info.objective_function_value)
    row: Row = {
        "method": "HiGHS",
        "applicants": len(market.applicants),
        "cpu_s": round(time.process_time() - cpu, 4),
        "wall_s": round(time.perf_counter() - wall, 4),
        "status": program.solver.modelStatusToString(status),
        "proved": list(proved),
        "gap": round(float(info.mip_gap), 6) if np.isfinite(info.mip_gap) else None,
    }
    if np.isfinite(info.objective_function_value):
        x = np.rint(np.asarray(program.solver.getSolution().col_value)).astype(np.int64)
        row |= {"placed": -int(placed @ x), "rank": int(rank @ x)}
    return row


def files(size: str, seed: int) -> Row:
    """From a frozen market file to all files of the answer: cold process, then warm."""
    with tempfile.TemporaryDirectory() as name:
        source, out = Path(name) / "market.npz", Path(name) / "answer"
        write_market(source, generate(size, seed, 90))
        words = ["solve", str(source), "--out", str(out), "--quiet"]
        words += ["--time-limit", "60"] if size.startswith("groups") else []
        command = [sys.executable, "-m", "services.placement.engine", *words]
        cpu, wall = _children(), time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        cold = {"cpu_s": round(_children() - cpu, 3)}
        cold["wall_s"] = round(time.perf_counter() - wall, 3)
        row = {"method": "command", **cold, **verified(out)}
        if size in {"city", "groups-13"}:
            spent = []
            for _ in range(6):
                begin, used = time.perf_counter(), time.process_time()
                market = read_market(source)
                write_answer(out, solve(market), {}, columnar=True)
                spent.append((time.perf_counter() - begin, time.process_time() - used))
            wall, cpu = 1e3 * np.median(np.array(spent[1:]), axis=0)
            row |= {"warm_ms": round(float(wall), 1), "warm_cpu_ms": round(float(cpu), 1)}
    return row


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def instance(kind: str, seed: int, limit: float) -> Row:
    """Generalised assignment of a classic type against the optimum of HiGHS on the plain model."""
    doc = assignment(random.Random(seed), kind, 5, 60)
    row = solved(Market.from_json(doc), "engine", limit)
    begin = time.process_time()
    best = Reference(doc, [0] * len(doc["applicants"]), limit=2 * limit).optima()
    row["optimum"] = None if best is None else best["cost"]
    row["optimum_cpu_s"] = round(time.process_time() - begin, 3)
    found = row["stages"]["cost"]
    if row["optimum"] is not None:
        row["met"] = found["value"] == row["optimum"]
        if found["value"] < row["optimum"] or (found["bound"] or 0) > row["optimum"]:
            raise AssertionError(f"{found} contradicts the optimum {row['optimum']}")
    return row


def hospitals(seed: int, limit: float) -> Row:
    """Hospitals and residents with ties: nobody blocks."""
    doc = residents(random.Random(seed), 60, 500)
    market = Market.from_json(doc)
    answer = solve(market, mode="stable")
    seat = {market.applicants.id[p.applicant]: p.wish - int(
        market.applicants.wish_ptr[p.applicant]) for p in answer.parts}  # fmt: skip
    row = solved(market, "engine", limit)
    return {**row, "blocking": len(blocking(doc, seat, draw_places(market).tolist()))}


def main(what: str, size: str, seed: int, limit: float) -> None:
    """Run one and print its row."""
    row: Row
    if what == "groups":
        row = groups(size, seed, limit)
    elif what == "groups-highs":
        row = by_highs(generate(size, seed, 90), limit, only_sessions=False)
    elif what == "minimum":
        row = minimum(size, seed, limit)
    elif what == "minimum-highs":
        row = by_highs(generate(size, seed, 110), limit, only_sessions=True)
    elif what == "files":
        row = files(size, seed)
    elif what == "assignment":
        row = instance(size, seed, limit)
    else:
        row = hospitals(seed, limit)
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
