"""`python -m bench.engine`: the engine and its peers on markets of every size.

Writes `engine.json` and `engine.png` into bench/results. Every method runs in its own process on
the same stored market; ratios are of processor time, peer by engine, in the same run. The default
takes some minutes; `--sizes korea` is slow, and so is `--highs seoul` (more than ten minutes).
Rows of earlier runs stay in the file until they are measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bench.engine.instances import read_instance, shape_of
from bench.engine.making import write_instance
from bench.engine.methods import METHODS
from bench.engine.peers import PEERS
from bench.engine.plot import draw

RESULTS = Path(__file__).parents[1] / "results"
SIZES = ("city", "district", "x4", "seoul", "korea")
ALL = (*METHODS, "repair", *PEERS)
#: Methods that must agree on people placed and rank sum.
EXACT = ("engine", "engine+leximin", "engine, all stages", *PEERS)


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    packages = ("numpy", "numba", "ortools", "highspy")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }


def run(methods: list[str], path: Path, limit: float) -> list[dict[str, Any]]:
    """Their rows; a process that takes longer than `limit` seconds says so."""
    module = "bench.engine.peers" if methods[0] in PEERS else "bench.engine.methods"
    command = [sys.executable, "-m", module, str(path), *methods]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=True)
    except subprocess.TimeoutExpired as late:
        text = late.stdout.decode() if isinstance(late.stdout, bytes) else ""
        rows = [json.loads(line) for line in text.splitlines()]
        return [*rows, {"method": methods[len(rows)], "over_s": limit}]
    except subprocess.CalledProcessError as error:
        return [{"method": methods[0], "failed": error.stderr.strip().splitlines()[-1:]}]
    return [json.loads(line) for line in done.stdout.splitlines()]


def groups_of(size: str, load: int, wanted: list[str], highs: list[str]) -> list[list[str]]:
    """Which methods run on a market, by process; the engine always, for the ratios."""
    own = [m for m in METHODS if m in wanted or m == "engine"]
    if load == 110 and "repair" in wanted:
        own.append("repair")
    peers = [m for m in PEERS if m in wanted and load == 90]
    return [own, *([m] for m in peers if m != "HiGHS LP" or size in highs)]


def kept(path: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of earlier runs that this one has not measured again."""
    if not path.exists():
        return []
    new = {(r["size"], r["load"], r["method"]) for r in rows}
    old = json.loads(path.read_text())["rows"]
    return [r for r in old if (r["size"], r["load"], r["method"]) not in new]


def exponents(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Slope of log time over log applicants at a load of 90 %, per method, from district size."""
    out = {}
    for method in (*METHODS, *PEERS):
        points = [
            (r["applicants"], r["cpu_s"])
            for r in rows
            if r["method"] == method
            and r["load"] == 90
            and r["applicants"] > 1000
            and r.get("cpu_s")
        ]
        if len(points) > 1:
            x, y = np.log(np.array(points)).T
            out[method] = round(float(np.polyfit(x, y, 1)[0]), 2)
    return out


def main() -> int:
    """Measure, print, store and draw."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES[:4]), choices=SIZES)
    parser.add_argument("--loads", nargs="+", type=int, default=[90, 100, 110])
    parser.add_argument("--highs", nargs="*", default=list(SIZES[:3]), choices=SIZES)
    parser.add_argument("--methods", nargs="+", default=list(ALL), choices=ALL)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300, help="seconds for one method")
    parser.add_argument("--markets", type=Path, help="folder that keeps the generated markets")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            for load in options.loads:
                path = (options.markets or Path(folder)) / f"{size}-{options.seed}-{load}.npz"
                if not path.exists():
                    write_instance(path, size, options.seed, load)
                shape = shape_of(read_instance(path))
                found = [
                    row
                    for group in groups_of(size, load, options.methods, options.highs)
                    for row in run(group, path, options.limit)
                ]
                best = found[0]
                for row in found:
                    if "cpu_s" in row and best.get("cpu_s"):
                        row["ratio"] = round(row["cpu_s"] / best["cpu_s"], 2)
                    if row["method"] in EXACT and "placed" in row:
                        same = row["placed"] == best["placed"] and row["rank"] == best["rank"]
                        row["agrees"] = same and row["feasible"]
                        wrong += not row["agrees"]
                    busy = round(os.getloadavg()[0], 1)
                    rows.append({"size": size, "load": load, **shape, **row, "load_average": busy})
                    print(size, load, json.dumps(row), flush=True)
    rows = kept(options.out / "engine.json", rows) + rows
    report = {
        "machine": machine(),
        "time": "processor seconds of the solve; ratio = method by engine (placed, rank)",
        "seed": options.seed,
        "growth_exponent": exponents(rows),
        "rows": rows,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "engine.json").write_text(json.dumps(report, indent=1) + "\n")
    draw(rows, options.out / "engine.png")
    print(json.dumps(report["growth_exponent"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
