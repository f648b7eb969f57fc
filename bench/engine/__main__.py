"""`python -m bench.engine`: the engine and its peers on markets of every size, in one run.

Writes `engine-results.json`, `engine-results.txt` and `engine-times.svg` into bench/results. Every
method runs in a process of its own on the same stored market; ratios are of processor time, method
by engine, in the same run. All of it takes at most `--budget` seconds; a row that fails or finds no
time left says so. `--sizes` chooses less; with `--keep` all other rows stay as they were before.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bench.engine.drawing import draw, ended, table
from bench.engine.jobs import GROUPS, PERSONS, Job, Row, plan, run

RESULTS = Path(__file__).parents[1] / "results"
SIZES = (*(p[0] for p in PERSONS), *(g[0] for g in GROUPS), "assignment")
#: Methods for persons that must agree on people placed and rank sum.
EXACT = ("engine", "engine+leximin", "engine, all stages", "OR-Tools", "HiGHS LP")


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    model, memory = platform.processor(), 0
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        names = [x for x in lines if x.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    packages = ("numpy", "numba", "ortools", "highspy")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_mb": memory,
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }


def exponents(rows: list[Row]) -> dict[str, float]:
    """Slope of log time over log applicants at 90 %, per method, from 1,000 applicants on."""
    out = {}
    chosen = [r for r in rows if r.get("load") == 90 and r.get("cpu_s") and ended(r)]
    for kind, least in (("persons", 1000), ("groups", 100)):
        own = [r for r in chosen if r["kind"] == kind and r.get("applicants", 0) > least]
        for method in dict.fromkeys(r["method"] for r in own):
            points = [(r["applicants"], r["cpu_s"]) for r in own if r["method"] == method]
            if len(points) > 1:
                x, y = np.log(np.array(points)).T
                out[f"{kind}: {method}"] = round(float(np.polyfit(x, y, 1)[0]), 2)
    return out


def judge(rows: list[Row]) -> int:
    """Adds ratios and agreement to the rows for persons; answers how many contradict."""
    wrong = 0
    for row in rows:
        if row["kind"] != "persons":
            wrong += row.get("verifier") == "refused"
            if row.get("status") == "Optimal":
                wrong += _beaten(row, rows)
            continue
        same = [r for r in rows if (r["kind"], r["size"], r["load"], r["method"]) == (
            "persons", row["size"], row["load"], "engine")]  # fmt: skip
        if not same or "cpu_s" not in row or "cpu_s" not in same[0]:
            continue
        row["ratio"] = round(row["cpu_s"] / max(same[0]["cpu_s"], 1e-9), 2)
        if row["method"] in EXACT:
            agrees = all(row[k] == same[0][k] for k in ("placed", "rank")) and row["feasible"]
            row["agrees"] = agrees
            wrong += not agrees
    return wrong


def _beaten(best: Row, rows: list[Row]) -> int:
    """Adds ratio and distance to a proven optimum; counts engine rows that contradict it."""
    wrong = 0
    for row in rows:
        alike = all(row.get(k) == best[k] for k in ("kind", "size", "load"))
        if not alike or row.get("method") != "engine" or "cpu_s" not in row:
            continue
        best["ratio"] = round(best["cpu_s"] / max(row["cpu_s"], 1e-9), 2)
        if row["placed"] == best["placed"]:
            row["over_optimum"] = round(row["rank"] / max(best["rank"], 1) - 1, 5)
            bound = row["stages"]["rank"]["bound"]
            wrong += row["rank"] < best["rank"] or (bound or 0) > best["rank"]
    return wrong


def measure(jobs: list[Job], budget: float) -> list[Row]:
    """Run the jobs one after another."""
    begin, rows = time.monotonic(), list[Row]()
    for job in jobs:
        found = run(job, begin + budget - time.monotonic())
        if job.kind == "market" and not any("failed" in row for row in found):
            continue
        rows.extend(found)
        for row in found:
            sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
    return rows


def kept(rows: list[Row], path: Path) -> list[Row]:
    """The rows of an earlier run about what has not been measured again."""
    if not path.exists():
        return []
    again = {(row["kind"], row["size"], row["load"]) for row in rows if "failed" not in row}
    before: list[Row] = json.loads(path.read_text("utf-8"))["rows"]
    return [row for row in before if (row["kind"], row["size"], row["load"]) not in again]


def main() -> int:
    """Measure, print, store and draw."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=SIZES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=2700, help="seconds for everything")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--keep", action="store_true", help="keep earlier rows of other sizes")
    options = parser.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(plan(Path(folder), options.sizes, options.seed), options.budget)
    if options.keep:
        earlier = kept(rows, options.out / "engine-results.json")
        there = {(row["kind"], row["size"], row["load"]) for row in earlier}
        fresh = [r for r in rows if (r["kind"], r["size"], r["load"]) not in there]
        rows = [*earlier, *fresh]
    wrong = judge(rows)
    report = {
        "machine": machine(),
        "time": "processor seconds of the solve; ratio = method by engine (placed, rank)",
        "seed": options.seed,
        "seconds": round(time.monotonic() - begin),
        "growth_exponent": exponents(rows),
        "rows": rows,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1)
    (options.out / "engine-results.json").write_text(text + "\n", "utf-8")
    (options.out / "engine-results.txt").write_text(table(report), "utf-8")
    draw(rows, options.out / "engine-times.svg")
    sys.stdout.write(f"{report['growth_exponent']}\n{wrong} rows contradict\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
