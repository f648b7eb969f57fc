"""Brute force over tiny markets, straight from docs/market-file.md and from the JSON document.

It shares no code with the engine: rules are read from the document, every combination of granted
parts is tried, and the best is found by comparing the published stages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

Doc = dict[str, Any]
Choice = tuple[int, int, int]


def meet(a: Doc, b: Doc) -> bool:
    if None in (a.get("start"), b.get("start")):
        return False
    return bool(a["start"] < b["end"] and b["start"] < a["end"])


class Brute:
    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.sessions = {s["id"]: s for s in doc["sessions"]}
        self.applicants = doc["applicants"]
        self.rules = doc["rules"]
        self.barred = {(e[0], e[1]) for e in doc["excluded"]}

    def seats(self, wish: Doc, k: int, people: int) -> int:
        own = wish["seats"]
        if own is None:
            return people
        return int(own[k]) if own[k] >= 0 else people

    def grantable(self, a: Doc, wish: Doc) -> bool:
        stops = [self.sessions[s] for s in wish["stops"]]
        if any((a["id"], s["id"]) in self.barred for s in stops):
            return False
        if any(meet(s, busy) for s in stops for busy in a["busy"]):
            return False
        part = a["split"]["smallest"] if a["split"] else a["people"]
        if any(self.seats(wish, k, part) > s["max"] for k, s in enumerate(stops)):
            return False
        for before, after, travel in zip(stops, stops[1:], wish["travel"], strict=False):
            if None in (before["start"], after["start"]):
                continue
            if before["end"] + travel > after["start"]:
                return False
        return True

    def options(self, a: Doc) -> Iterator[list[tuple[int, int]]]:
        """Every admissible set of (wish, people) of one applicant."""
        split = a["split"]
        sizes = [0, a["people"]]
        if split:
            sizes = [0, *range(split["smallest"], a["people"] + 1)]
        per_wish = [sizes if self.grantable(a, w) else [0] for w in a["wishes"]]
        fixed = {f["wish"]: f["people"] for f in self.rules["fixed"] if f["applicant"] == a["id"]}
        for combination in product(*per_wish):
            own = [(w, n) for w, n in enumerate(combination) if n]
            if any(combination[w] != n for w, n in fixed.items()):
                continue
            if self.fits_applicant(a, own):
                yield own

    def fits_applicant(self, a: Doc, own: list[tuple[int, int]]) -> bool:
        total = sum(n for _, n in own)
        if a["split"]:
            if len(own) > a["split"]["parts"] or total > a["people"]:
                return False
            full = total == a["people"]
        else:
            if len(own) > a["wants"]:
                return False
            full = len(own) == a["wants"]
            for i, (w, _) in enumerate(own):
                for v, _ in own[i + 1 :]:
                    if self.collide(a["wishes"][w], a["wishes"][v]):
                        return False
        if self.rules["must_place_all"] and not full:
            return False
        return not (a["all_or_none"] and own and not full)

    def collide(self, w: Doc, v: Doc) -> bool:
        return any(
            s == t or meet(self.sessions[s], self.sessions[t])
            for s in w["stops"]
            for t in v["stops"]
        )

    def answers(self) -> Iterator[list[Choice]]:
        """Every feasible answer as (applicant, wish, people) triples."""
        for combination in product(*(list(self.options(a)) for a in self.applicants)):
            answer = [(a, w, n) for a, own in enumerate(combination) for w, n in own]
            if self.feasible(answer):
                yield answer

    def feasible(self, answer: list[Choice]) -> bool:
        taken = dict.fromkeys(self.sessions, 0)
        used = {s for s, d in self.sessions.items() if d["open"]}
        for a, w, n in answer:
            wish = self.applicants[a]["wishes"][w]
            for k, s in enumerate(wish["stops"]):
                taken[s] += self.seats(wish, k, n)
                used.add(s)
        for s, d in self.sessions.items():
            if taken[s] > d["max"] or (s in used and not d["open"] and taken[s] < d["min"]):
                return False
        for key, capacity in self.doc["clashes"].items():
            on = [self.sessions[s] for s in used if key in self.sessions[s]["clash"]]
            for d in on:
                if d["start"] is None:
                    continue
                same = [
                    e for e in on if e["start"] is not None and e["start"] <= d["start"] < e["end"]
                ]
                if len(same) > capacity:
                    return False
        for key, limit in self.doc["day_limits"].items():
            if sum(self.sessions[s]["day_limit"] == key for s in used) > limit:
                return False
        for key, limit in self.doc["budgets"].items():
            spent = sum(
                self.sessions[s]["fixed_cost"] + self.sessions[s]["seat_cost"] * taken[s]
                for s in used
                if self.sessions[s]["budget"] == key
            )
            if spent > limit:
                return False
        return self.caps(answer)

    def caps(self, answer: list[Choice]) -> bool:
        caps = self.rules["caps"]
        schools = {self.applicants[a]["school"] for a, _, _ in answer}
        if caps["schools"] is not None and len(schools) > caps["schools"]:
            return False
        students = 0
        for i, a in enumerate(self.applicants):
            own = [n for b, _, n in answer if b == i]
            students += sum(own) if a["split"] else max(own, default=0)
        return caps["students"] is None or students <= caps["students"]

    def key(self, answer: list[Choice]) -> list[Any]:
        """The stage vector to be minimised."""
        return [self.stage(stage, answer) for stage in self.rules["stages"]]

    def stage(self, stage: str, answer: list[Choice]) -> Any:
        wish = [(self.applicants[a]["wishes"][w], n) for a, w, n in answer]
        if stage == "placed":
            return -sum(n for _, n in wish)
        if stage == "rank":
            return sum(w["rank"] * n for w, n in wish)
        if stage == "cost":
            return sum(w["cost"] for w, n in wish)
        if stage == "lottery":
            draw = self.draw()
            return sum(n * draw[a] for a, _, n in answer)
        size: dict[str, int] = {}
        got: dict[str, int] = {}
        for i, a in enumerate(self.applicants):
            size[a["school"]] = size.get(a["school"], 0) + a["people"] * a["wants"]
            own = sum(n for b, _, n in answer if b == i)
            got[a["school"]] = got.get(a["school"], 0) + own
        return sorted((Fraction(size[c] - got[c], size[c]) for c in size), reverse=True)

    def draw(self) -> list[int]:
        numbers = [
            hashlib.sha256((self.rules["seed"] + a["id"]).encode()).hexdigest()
            for a in self.applicants
        ]
        return [sorted(numbers).index(n) for n in numbers]

    def best(self) -> tuple[list[Any], list[Choice]] | None:
        return min(((self.key(x), x) for x in self.answers()), default=None, key=lambda p: p[0])
