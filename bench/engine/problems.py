"""Random instances of well-known problems, written as markets, with independent optima.

Generalised assignment (every job to one agent, own load and cost per pair; the four classic types
of Chu and Beasley), hospitals and residents with ties, and flows of persons. The references build
their own integer programs from the instance and share no line with the engine.
"""

from __future__ import annotations

import random
from typing import Any

import highspy
import numpy as np

Doc = dict[str, Any]
ORDERS = (
    ("placed", "rank"),
    ("placed", "cost"),
    ("placed", "cost", "rank", "lottery"),
    ("placed", "rank", "cost", "lottery"),
    ("rank", "placed", "cost"),
    ("cost", "placed", "rank"),
    ("placed", "lottery"),
    ("placed",),
)


def head(seed: str, stages: tuple[str, ...], **rules: Any) -> Doc:
    return {
        "format": "ieum.market",
        "version": 1,
        "rules": {"stages": list(stages), "seed": seed, **rules},
    }


def assignment(r: random.Random, kind: str, agents: int, jobs: int) -> Doc:
    """Generalised assignment: jobs are applicants, agents sessions; the cost is the stage."""
    most = {"a": 25, "b": 25, "c": 25, "d": 100, "e": 100}[kind]
    load = [[r.randint(5 if most == 25 else 1, most) for _ in range(jobs)] for _ in range(agents)]
    if kind == "d":
        cost = [[max(1, 111 - a + r.randint(-10, 10)) for a in row] for row in load]
    else:
        cost = [[r.randint(10, 50) for _ in range(jobs)] for _ in range(agents)]
    tight = {"a": 1.0, "b": 0.8, "c": 0.8, "d": 0.8, "e": r.uniform(0.5, 0.8)}[kind]
    room = [max(most, int(tight * sum(row) / agents)) for row in load]
    doc = head(f"gap {r.random()}", ("cost",), must_place_all=True)
    doc["sessions"] = [{"id": f"agent{i}", "max": room[i]} for i in range(agents)]
    doc["applicants"] = [
        {
            "id": f"job{j}",
            "school": f"job{j}",
            "people": 1,
            "wishes": [
                {"stops": [f"agent{i}"], "rank": 0, "cost": cost[i][j], "seats": load[i][j]}
                for i in range(agents)
            ],
        }
        for j in range(jobs)
    ]
    return doc


def residents(r: random.Random, hospitals: int, people: int, *, ties: float = 0.4) -> Doc:
    """Hospitals and residents, ties on both sides, incomplete lists; mode `stable`."""
    doc = head(f"hr {r.random()}", ("placed", "rank"), mode="stable")
    doc["sessions"] = [{"id": f"h{i}", "max": r.randint(1, 3)} for i in range(hospitals)]
    doc["applicants"] = []
    for j in range(people):
        wishes, rank = [], 0
        for k, i in enumerate(r.sample(range(hospitals), r.randint(1, hospitals))):
            rank += int(k > 0 and r.random() >= ties)
            wishes.append({"stops": [f"h{i}"], "rank": rank, "priority": r.randint(0, 4)})
        doc["applicants"].append({"id": f"r{j}", "school": f"c{j % 3}", "wishes": wishes})
    return doc


def flow(r: random.Random, sessions: int, people: int) -> Doc:
    """Persons with ties, costs and a random order of stages."""
    doc = head(f"flow {r.random()}", r.choice(ORDERS))
    doc["sessions"] = [{"id": f"s{i}", "max": r.randint(0, 3)} for i in range(sessions)]
    doc["applicants"] = [
        {
            "id": f"p{j}",
            "school": f"c{r.randint(0, 3)}",
            "wishes": [
                {"stops": [f"s{i}"], "rank": r.choice([k, k, 0, 9]), "cost": r.randint(0, 6)}
                for k, i in enumerate(r.sample(range(sessions), r.randint(0, min(5, sessions))))
            ],
        }
        for j in range(people)
    ]
    return doc


def minimum(r: random.Random, sessions: int, people: int) -> Doc:
    """Persons at sessions that run from a minimum on; more persons than the exact program takes."""
    doc = head(f"min {r.random()}", ("placed", "rank"))
    doc["sessions"] = []
    for i in range(sessions):
        most = r.randint(people // sessions, 2 * people // sessions)
        doc["sessions"].append({"id": f"s{i}", "max": most, "min": r.randint(0, most)})
    doc["applicants"] = [
        {
            "id": f"p{j}",
            "school": f"c{r.randint(0, 3)}",
            "wishes": [
                {"stops": [f"s{i}"], "rank": k}
                for k, i in enumerate(r.sample(range(sessions), r.randint(1, min(4, sessions))))
            ],
        }
        for j in range(people)
    ]
    return doc


class Reference:
    """One binary per (applicant, wish): stage optima by HiGHS, in the reported direction."""

    def __init__(self, doc: Doc, draw: list[int], *, limit: float | None = None) -> None:
        self.doc, self.draw, self.limit = doc, draw, limit
        pairs = [(a, w) for a, x in enumerate(doc["applicants"]) for w in x["wishes"]]
        self.pairs = pairs
        place = {s["id"]: i for i, s in enumerate(doc["sessions"])}
        must = bool(doc["rules"].get("must_place_all"))
        rows: list[tuple[dict[int, float], float, float]] = []
        for a in range(len(doc["applicants"])):
            own = {k: 1.0 for k, (b, _) in enumerate(pairs) if b == a}
            rows.append((own, 1.0 if must else 0.0, 1.0))
        for s, i in place.items():
            used = {k: float(w.get("seats") or 1) for k, (_, w) in enumerate(pairs)
                    if w["stops"] == [s]}  # fmt: skip
            rows.append((used, 0.0, float(doc["sessions"][i]["max"])))
        self.rows = rows
        # A session with a minimum has a column of its own: it runs, or nobody sits in it.
        self.extra = [i for i, x in enumerate(doc["sessions"]) if x.get("min")]
        first = len(doc["applicants"])
        for k, i in enumerate(self.extra):
            used, _, most = rows[first + i]
            column = len(pairs) + k
            rows[first + i] = ({**used, column: -most}, -np.inf, 0.0)
            least = float(doc["sessions"][i]["min"])
            rows.append(({**used, column: -least}, 0.0, np.inf))

    def weights(self, stage: str) -> list[float]:
        none = [0.0] * len(self.extra)
        if stage == "placed":
            return [-1.0] * len(self.pairs) + none
        if stage == "lottery":
            return [float(self.draw[a]) for a, _ in self.pairs] + none
        return [float(w.get(stage, 0)) for _, w in self.pairs] + none

    def optima(self) -> dict[str, int] | None:
        """The value of every stage in order; None where there is no answer."""
        found: dict[str, int] = {}
        rows = list(self.rows)
        if any(not row and low > 0 for row, low, _ in rows):
            return None
        for stage in self.doc["rules"]["stages"]:
            cost = self.weights(stage)
            best = self._least(cost, rows)
            if best is None:
                return None
            found[stage] = -best if stage == "placed" else best
            rows.append(({k: c for k, c in enumerate(cost) if c}, -np.inf, best + 0.0))
        return found

    def _least(self, cost: list[float], rows: list[tuple[dict[int, float], float, float]]) -> Any:
        if not cost:
            return 0
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(cost), len(rows)
        lp.col_cost_ = np.array(cost)
        lp.col_lower_, lp.col_upper_ = np.zeros(len(cost)), np.ones(len(cost))
        lp.row_lower_ = np.array([r[1] for r in rows])
        lp.row_upper_ = np.array([r[2] for r in rows])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(r[0]) for r in rows)]).astype(np.int32)
        lp.a_matrix_.index_ = np.array([k for r in rows for k in r[0]], np.int32)
        lp.a_matrix_.value_ = np.array([v for r in rows for v in r[0].values()])
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(cost)
        make: Any = highspy.Highs
        solver = make()
        for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0),
                              ("mip_abs_gap", 0.5)):  # fmt: skip
            solver.setOptionValue(option, value)
        if self.limit is not None:
            solver.setOptionValue("time_limit", self.limit)
        solver.passModel(lp)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return round(solver.getInfo().objective_function_value)


def blocking(doc: Doc, seat: dict[str, int], draw: list[int]) -> list[tuple[str, str]]:
    """Pairs that would rather have each other, for `seat`: applicant to wish position."""
    where = {s["id"]: (s["max"], list[tuple[int, int]]()) for s in doc["sessions"]}
    for j, x in enumerate(doc["applicants"]):
        if x["id"] in seat:
            wish = x["wishes"][seat[x["id"]]]
            where[wish["stops"][0]][1].append((wish["priority"], draw[j]))
    found = []
    for j, x in enumerate(doc["applicants"]):
        has = x["wishes"][seat[x["id"]]]["rank"] if x["id"] in seat else None
        for wish in x["wishes"]:
            room, inside = where[wish["stops"][0]]
            if has is not None and wish["rank"] >= has:
                continue
            if len(inside) < room or any(other > (wish["priority"], draw[j]) for other in inside):
                found.append((x["id"], wish["stops"][0]))
    return found
