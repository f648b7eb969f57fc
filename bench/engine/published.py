"""Published generalised assignments: `python -m bench.engine.published FOLDER [NAME ...]`.

FOLDER holds plain text files of the OR-Library form (agents and jobs, costs by agent, loads by
agent, capacities), one instance each, and `bounds.txt` with lines `NAME_Min LOWER UPPER` (or
`NAME_Max`, where costs are profits): the best bounds known. They are not part of this repository.
Each is solved through the engine within `--limit` seconds and verified; a value or bound that
contradicts what is known ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.engine.problems import head
from services.placement.engine import Infeasible, Market, solve
from services.placement.engine.cli_files import write_answer
from services.placement.verifier.check import verify

Doc = dict[str, Any]


def read_instance(text: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], list[int]]:
    """Costs and loads (agents x jobs) and capacities."""
    numbers = np.array(text.split(), dtype=np.int64)
    agents, jobs = numbers[:2].tolist()
    cells = agents * jobs
    cost = numbers[2 : 2 + cells].reshape(agents, jobs)
    load = numbers[2 + cells : 2 + 2 * cells].reshape(agents, jobs)
    return cost, load, numbers[2 + 2 * cells : 2 + 2 * cells + agents].tolist()


def market_of(cost: Any, load: Any, room: list[int]) -> Doc:
    """Jobs are applicants, agents sessions; everyone must be placed, and the cost is the stage."""
    doc = head("published", ("cost",), must_place_all=True)
    doc["sessions"] = [{"id": f"agent{i}", "max": n} for i, n in enumerate(room)]
    doc["applicants"] = [
        {
            "id": f"job{j}",
            "school": "all",
            "wishes": [
                {"stops": [f"agent{i}"], "rank": 0, "cost": int(cost[i, j]),
                 "seats": int(load[i, j])}
                for i in range(len(room))
            ],
        }
        for j in range(cost.shape[1])
    ]  # fmt: skip
    return doc


def measure(name: str, text: str, known: dict[str, tuple[int, int]], limit: float) -> str:
    """One line about an instance; raises AssertionError where something known is contradicted."""
    cost, load, room = read_instance(text)
    profits = f"{name}_Max" in known and "_" in name
    lower, upper = known[f"{name}_Max" if profits else f"{name}_Min"]
    top = int(cost.max()) if profits else 0
    market = Market.from_json(market_of(top - cost if profits else cost, load, room))
    begin = time.monotonic()
    try:
        answer = solve(market, time_limit=limit, now=time.monotonic, compare=False)
    except Infeasible as error:
        if error.code == "infeasible":
            raise AssertionError(f"{name} has an answer of {upper}") from error
        return f"{name:10} {'none found':>24}  known {lower} to {upper}"
    spent = time.monotonic() - begin
    stage = answer.stages[0]
    bound = stage.value if stage.bound is None else stage.bound
    best, dual = stage.value, bound
    if profits:
        shift = cost.shape[1] * top
        best, dual, lower, upper = shift - best, shift - dual, -upper, -lower
        if -best < lower or -dual > upper:
            raise AssertionError(f"{name}: {best}, bound {dual}, known {-upper} to {-lower}")
        lower, upper = -upper, -lower
    elif best < lower or dual > upper:
        raise AssertionError(f"{name}: {best}, bound {dual}, known {lower} to {upper}")
    with tempfile.TemporaryDirectory() as folder:
        write_answer(Path(folder), answer, {}, columnar=False)
        if verify(Path(folder)).refused:
            raise AssertionError(f"{name}: the verifier refuses")
    row = f"{name:10} {best:>7} bound {dual:>7} {stage.claim:8}"
    return f"{row} known {lower} to {upper}, {spent:.1f} s"


def main() -> int:
    """Solve the named instances, or all of the folder."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine.published", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for each")
    options = parser.parse_args()
    lines = (options.folder / "bounds.txt").read_text("utf-8").splitlines()
    rows = [line.split() for line in lines if line.strip()]
    known = {name: (int(low), int(high)) for name, low, high in rows}
    names = options.names or sorted({name.rpartition("_")[0] for name in known})
    wrong = 0
    for name in names:
        path = next((p for p in options.folder.glob(f"{name}*") if p.suffix != ".zip"), None)
        if path is None:
            continue
        try:
            line = measure(name, path.read_text("utf-8"), known, options.limit)
        except AssertionError as error:
            line, wrong = f"{name}: {error}", wrong + 1
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
