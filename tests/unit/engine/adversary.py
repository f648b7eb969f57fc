"""Random instances through the command line, each answer checked against an independent optimum.

`python -m tests.unit.engine.adversary --seconds 300 --seed 7` runs for that long and prints the
first contradiction it finds: a wrong optimum, an answer that breaks a rule, a claim or bound that
does not hold, an answer that the verifier refuses, or a time limit that was overrun.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

from bench.engine.problems import Reference, assignment, blocking, flow, minimum, residents
from services.placement.engine import Infeasible, Market, cli
from services.placement.engine import solve as engine_solve
from services.placement.engine.cli_files import read_answer, write_answer
from services.placement.verifier.check import verify
from tests.unit.engine.brute import Brute
from tests.unit.engine.markets import random_market

Doc = dict[str, Any]
#: Seconds that a run may exceed its limit by: start, model, writing, and a busy machine.
SLACK = 6.0
#: In place of seconds: the run is cut by a counting clock or by its caller.
CUT = -1.0


class Wrong(AssertionError):
    """The engine or the verifier contradicts the reference."""


def say(line: str) -> None:
    """One line at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def need(holds: bool, what: str) -> None:
    if not holds:
        raise Wrong(what)


def draw_of(doc: Doc) -> list[int]:
    """Place of each applicant in the lottery, from the published definition."""
    number = [
        hashlib.sha256((doc["rules"]["seed"] + x["id"]).encode()).hexdigest()
        for x in doc["applicants"]
    ]
    place = {n: i for i, n in enumerate(sorted(number))}
    return [place[n] for n in number]


def solve(
    doc: Doc, folder: Path, *, mode: str | None = None, limit: float | None = None
) -> tuple[int, Doc]:
    """Solve through the command line; answers exit code and the printed document."""
    source = folder / "in.json"
    source.write_text(json.dumps(doc), "utf-8")
    words = ["solve", str(source), "--out", str(folder / "out"), "--quiet", "--json"]
    words += ["--mode", mode] if mode else []
    words += ["--time-limit", str(limit)] if limit else []
    begin, said = time.monotonic(), StringIO()
    with redirect_stdout(said):
        code = cli.main(words)
    spent = time.monotonic() - begin
    need(limit is None or spent < limit + SLACK, f"{spent:.1f} s with a limit of {limit} s")
    return code, json.loads(said.getvalue())


def cut_short(doc: Doc, folder: Path, r: random.Random) -> tuple[int, Doc]:
    """Solve with a clock that only counts, or cancel after some news: the cut falls anywhere."""
    calls, news = count(), count()
    ticks, heard = r.choice([None, r.randint(1, 300)]), r.choice([10**6, r.randint(0, 20)])
    try:
        answer = engine_solve(
            Market.from_json(doc),
            time_limit=ticks,
            now=lambda: float(next(calls)),
            on_progress=lambda _: next(news) < heard,
        )
    except Infeasible as error:
        return cli.NO_ANSWER, {"error": error.code}
    write_answer(folder / "out", answer, {}, columnar=r.random() < 0.3)
    return cli.OK, {}


def repaired(doc: Doc, folder: Path, r: random.Random) -> None:
    """Repair the answer after a random change; the verifier must accept what comes out."""
    session, applicant = r.choice(doc["sessions"])["id"], r.choice(doc["applicants"])["id"]
    change = r.choice(
        [
            {"kind": "cancel_session", "session": session},
            {"kind": "capacity", "session": session, "max": r.randint(0, 3)},
            {"kind": "withdraw", "applicant": applicant},
        ]
    )
    (folder / "change.json").write_text(json.dumps(change), "utf-8")
    words = ["repair", str(folder / "out"), "--change", str(folder / "change.json"), "--json"]
    words += ["--out", str(folder / "again")]
    said = StringIO()
    with redirect_stdout(said):
        code = cli.main(words)
    if code in (cli.NO_ANSWER, cli.BAD_MARKET):
        return
    need(code == cli.OK, f"repair: exit code {code}")
    accepted(folder / "again")


def accepted(folder: Path) -> None:
    """What the verifier refuses is a contradiction."""
    ledger = verify(folder)
    faults = [f"{x.check}: {f.place} {f.detail}" for x in ledger.lines for f in x.faults]
    need(not ledger.refused, f"{folder.name}: " + "; ".join(faults[:3]))


def read(folder: Path) -> tuple[Doc, dict[str, int]]:
    """The result, and each person's granted wish; refused by the verifier is a contradiction."""
    accepted(folder / "out")
    columnar = not (folder / "out" / "result.json").exists()
    if columnar:
        answer = read_answer(folder / "out")
        result: Doc = answer.result_json()
        return result, {row["applicant"]: row["parts"][0]["wish"] for row in result["placements"]}
    result = json.loads((folder / "out" / "result.json").read_text("utf-8"))
    seat = {row["applicant"]: row["parts"][0]["wish"] for row in result["placements"]}
    return result, seat


def check_stages(result: Doc, optimum: dict[str, int], limit: float | None) -> None:
    """Values, bounds and claims of the stages against true optima, as far as they compare."""
    for row in result["stages"]:
        stage, value, bound = row["stage"], row["value"], row["bound"]
        best = optimum[stage]
        up = stage == "placed"
        need(value <= best if up else value >= best, f"{stage} {value} beats the optimum {best}")
        if bound is not None:
            need(bound >= best if up else bound <= best, f"{stage}: bound {bound}, true {best}")
        if row["claim"] == "proved":
            need(value == best, f"{stage}: {value} is called proved, the optimum is {best}")
        if limit is None:
            need(row["claim"] == "proved", f"{stage} is {row['claim']} without a limit")
        if value != best:
            # Later stages are optimal among answers that reach another value of this one.
            return


def linear(doc: Doc, folder: Path, limit: float | None, r: random.Random) -> None:
    """Generalised assignment and flows: every stage against HiGHS."""
    if limit == CUT:
        code, said = cut_short(doc, folder, r)
    else:
        code, said = solve(doc, folder, mode="max", limit=limit)
    optimum = Reference(doc, draw_of(doc)).optima()
    if optimum is None:
        need(code == cli.NO_ANSWER, f"exit code {code} for a market without an answer")
        return
    if code == cli.NO_ANSWER:
        need(limit is not None and said["error"] == "none_found", f"{said} yet {optimum} exists")
        return
    need(code == cli.OK, f"exit code {code}")
    check_stages(read(folder)[0], optimum, limit)


def thinned(doc: Doc, folder: Path) -> None:
    """Minimum sizes beyond the exact program: a heuristic whose bounds and claims must be true."""
    code, said = solve(doc, folder, mode="max")
    need(code == cli.OK, f"exit code {code}: {said}")
    result = read(folder)[0]
    optimum = Reference(doc, draw_of(doc), limit=20).optima()
    if optimum is None:
        return
    placed, rank = result["stages"]
    check_stages({"stages": [placed, rank]}, optimum, 0.0)
    if placed["value"] == optimum["placed"] and rank["bound"] is not None:
        need(rank["bound"] <= optimum["rank"], f"bound {rank['bound']}, true {optimum['rank']}")


def stable(doc: Doc, folder: Path, limit: float | None) -> None:
    """Hospitals and residents: no pair blocks."""
    code, _ = solve(doc, folder, limit=limit)
    need(code == cli.OK, f"exit code {code}")
    pairs = blocking(doc, read(folder)[1], draw_of(doc))
    need(not pairs, f"blocking: {pairs[:3]}")


def general(doc: Doc, folder: Path, limit: float | None, r: random.Random) -> None:
    """Markets with every rule: feasibility and, where proved, the optimum of brute force."""
    if limit == CUT:
        code, said = cut_short(doc, folder, r)
    else:
        code, said = solve(doc, folder, limit=limit)
    brute = Brute(doc)
    best = brute.best()
    if code == cli.NO_ANSWER:
        late = limit is not None or doc["rules"]["mode"] == "stable"
        need(best is None or (late and said["error"] == "none_found"), f"{said} yet {best}")
        return
    need(best is not None and code == cli.OK, f"exit code {code}, brute force {best}")
    result, _ = read(folder)
    index = {x["id"]: i for i, x in enumerate(doc["applicants"])}
    chosen = [
        (index[row["applicant"]], p["wish"], p["people"])
        for row in result["placements"]
        for p in row["parts"]
    ]
    need(brute.feasible(chosen), "the answer breaks a rule")
    key = brute.key(chosen)
    if best is None or doc["rules"]["mode"] == "stable":
        return
    for row, mine, true in zip(result["stages"], key, best[0], strict=True):
        if limit is None or row["claim"] == "proved":
            need(mine == true, f"{row['stage']} {row['claim']}: {mine}, brute force {true}")
        if mine != true:
            return


def one(seed: int, folder: Path, *, large: bool = False) -> str:
    """One instance; raises `Wrong`. Answers what it was."""
    r = random.Random(seed)
    limit = r.choice([None, None, CUT, CUT, 0.05, 2.0])
    family = r.choice(["gap", "gap", "residents", "flow", "flow", "general", "general"])
    if family == "gap":
        kind = r.choice("abcde")
        agents, jobs = (r.randint(3, 8), r.randint(15, 40)) if large else (r.randint(1, 4), 10)
        limit = r.choice([2.0, 10.0]) if large else limit
        doc = assignment(r, kind, agents, jobs)
        linear(doc, folder, limit, r)
    elif large and family == "general":
        doc = minimum(r, r.randint(4, 12), r.randint(301, 420))
        thinned(doc, folder)
    elif family == "residents":
        doc = residents(r, r.randint(1, 6), r.randint(1, 60 if large else 14))
        stable(doc, folder, None)
    elif family == "flow":
        size = (r.randint(1, 25), r.randint(1, 200)) if large else (r.randint(1, 5), 12)
        doc = flow(r, *size)
        doc["rules"]["must_place_all"] = r.random() < 0.3
        linear(doc, folder, limit, r)
    else:
        doc = random_market(r)
        doc["rules"]["mode"] = r.choice(["max", "max", "stable"])
        doc["rules"]["must_place_all"] = r.random() < 0.2
        general(doc, folder, limit, r)
    if (folder / "out" / "report.json").exists() and r.random() < 0.4:
        repaired(doc, folder, r)
    return f"{family}, limit {limit}"


def main() -> int:
    """Run until the time is up or something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--large", action="store_true", help="larger instances")
    parser.add_argument("--keep-going", action="store_true", help="do not end at the first")
    options = parser.parse_args()
    begin, seed, wrong = time.monotonic(), options.seed, 0
    while time.monotonic() < begin + options.seconds:
        with tempfile.TemporaryDirectory() as folder:
            try:
                what = one(seed, Path(folder), large=options.large)
            except Exception as error:
                wrong += 1
                say(f"seed {seed}: {error!r}")
                if not options.keep_going:
                    raise
            else:
                if seed % 100 == 0:
                    say(f"seed {seed}: {what} ok")
        seed += 1
    say(f"{seed - options.seed} instances, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
