"""`python -m bench.engine`: the engine and its peers on markets of every size.

Writes `engine.json` and `engine.png` into bench/results. Every method runs in its own process on
the same stored market; ratios are of processor time, peer by engine, in the same run. The default
takes some minutes; `--sizes korea` is slow, and so is `--highs seoul` (more than ten minutes).
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

from bench.engine.making import write_instance
from bench.engine.methods import METHODS
from bench.engine.plot import draw

RESULTS = Path(__file__).parents[1] / "results"
SIZES = ("city", "district", "x4", "seoul", "korea")
PEERS = ("OR-Tools", "HiGHS LP")


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
        "load_average": [round(x, 1) for x in os.getloadavg()],
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }


def run(method: str, path: Path, limit: float) -> dict[str, Any]:
    """One row; a method that takes longer than `limit` seconds says so."""
    command = [sys.executable, "-m", "bench.engine.methods", method, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=True)
    except subprocess.TimeoutExpired:
        return {"over_s": limit}
    except subprocess.CalledProcessError as error:
        return {"failed": error.stderr.strip().splitlines()[-1:]}
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def exponents(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Slope of log time over log applicants at a load of 90 %, per method, from district size."""
    out = {}
    for method in METHODS:
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
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300, help="seconds for one method")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            for load in options.loads:
                path = Path(folder) / "market.npz"
                shape = write_instance(path, size, options.seed, load)
                best: dict[str, Any] = {}
                for method in [*METHODS, "repair"]:
                    if method in PEERS and load != 90:
                        continue
                    if method == "HiGHS LP" and size not in options.highs:
                        continue
                    if method == "repair" and load != 110:
                        continue
                    row = run(method, path, options.limit)
                    if method == "engine":
                        best = row
                    if "cpu_s" in row and best.get("cpu_s"):
                        row["ratio"] = round(row["cpu_s"] / best["cpu_s"], 2)
                    exact = method in ("engine", "engine+leximin", "engine, all stages", *PEERS)
                    if exact and "placed" in row:
                        same = [row[k] == best[k] for k in ("placed", "rank")]
                        row["agrees"] = bool(all(same) and row["feasible"])
                        wrong += not row["agrees"]
                    rows.append({"size": size, "load": load, "method": method, **shape, **row})
                    print(size, load, method, json.dumps(row), flush=True)
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
