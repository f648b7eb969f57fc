"""One wish put into the answer, everything else as it is: which rule breaks, which stage suffers?

The applicant first gives up the worst of what it has where it may have no more. The facts of a
reason must then be true: who runs, what is spent, what is placed, and that it is too much.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.placement.verifier.files import Ints
from services.placement.verifier.market import NO_SLOT, Market
from services.placement.verifier.numbers import (
    MAXIMISED,
    MILLION,
    REPAIR,
    school_placed,
    school_sizes,
    stage_values,
)
from services.placement.verifier.result import Result
from services.placement.verifier.rules import collide

CODES = (
    "team_busy", "day_limit", "budget", "school_cap", "student_cap", "overlap", "all_or_none",
    "stage", "equal", "precedence", "search_ended",
)  # fmt: skip


class Tried:
    """The answer's counts, from which each trial departs."""

    def __init__(self, m: Market, r: Result, draw: Ints) -> None:
        self.m, self.r, self.draw = m, r, draw
        self.own: dict[int, list[tuple[int, int]]] = {}
        for a, w, n in zip(r.who.tolist(), r.wish.tolist(), r.people.tolist(), strict=True):
            self.own.setdefault(a, []).append((w, n))
        self.grants = np.zeros(m.sessions, np.int64)
        for w in r.wish.tolist():
            self.grants[m.stops(w)] += 1
        self.values = stage_values(m, r, draw)
        self.placed, self.size = school_placed(m, r), school_sizes(m)
        self.proved = all(s.claim == "proved" for s in r.stages)
        clash = np.repeat(np.arange(m.sessions), np.diff(m.col["sessions.clash_ptr"]))
        self.carriers: dict[int, list[int]] = {}
        for s, key in zip(clash.tolist(), m.col["sessions.clash_key"].tolist(), strict=True):
            self.carriers.setdefault(key, []).append(s)

    def holds(self, a: int, w: int, code: str, facts: dict[str, Any]) -> bool:
        """Whether the reason is true of this wish."""
        mine = sorted(self.own.get(a, []), key=lambda p: (self._rank(p[0]), p[0]))
        split = bool(self.m.splits[a])
        most = self._of("applicants.split_parts" if split else "applicants.wants", a)
        rest, given = (
            (mine[:-1], mine[-1:]) if mine and (split or len(mine) >= most) else (mine, [])
        )
        if code == "overlap":
            return any(collide(self.m, w, v) for v, _ in rest)
        if code == "all_or_none":
            wants = self._of("applicants.people", a) if split else most
            got = sum(n for _, n in rest) + self._people(a) if split else len(rest) + 1
            said = {"wants": wants, "possible": got}
            return facts == said and got < wants and self._of("applicants.all_or_none", a)
        if code == "precedence":
            return self.r.mode == "stable"
        if code == "search_ended":
            return not self.proved
        if code in {"stage", "equal"}:
            return self._stage(a, w, given, facts, code)
        if code in {"school_cap", "student_cap"}:
            return self._cap(a, rest, given, code, facts)
        return self._shared(a, w, given, code, facts)

    def _of(self, column: str, i: int) -> Any:
        return int(self.m.col[column][i])

    def _rank(self, w: int) -> int:
        return int(self.m.col["wishes.rank"][w])

    def _people(self, a: int) -> int:
        column = "applicants.split_smallest" if self.m.splits[a] else "applicants.people"
        return int(self.m.col[column][a])

    def _cap(
        self, a: int, rest: list[tuple[int, int]], given: list[tuple[int, int]], code: str,
        facts: dict[str, Any],
    ) -> bool:  # fmt: skip
        m, school = self.m, self._of("applicants.school", a)
        left = self.placed.copy()
        left[school] -= sum(n for _, n in given)
        if code == "school_cap":
            cap, chosen = m.rules["max_schools"], int((left > 0).sum())
            return facts == {"chosen": chosen, "cap": cap} and left[school] == 0 and chosen >= cap
        split = m.splits[self.r.who]
        students = int(self.r.people[split].sum())
        students += int(m.col["applicants.people"][np.unique(self.r.who[~split])].sum())
        if given and (m.splits[a] or not rest):
            students -= given[0][1]
        people, cap = self._people(a), m.rules["max_students"]
        adds = people if m.splits[a] or not rest else 0
        said = {"placed": students, "cap": cap, "people": people}
        return facts == said and cap is not None and students + adds > cap

    def _shared(
        self, a: int, w: int, given: list[tuple[int, int]], code: str, facts: dict[str, Any]
    ) -> bool:
        m, c = self.m, self.m.col
        grants = self.grants.copy()
        for v, _ in given:
            grants[m.stops(v)] -= 1
        runs = (grants > 0) | (c["sessions.open"] > 0)
        new = [s for s in m.stops(w) if not runs[s]]
        names, kind = m.names["sessions.id"], {"team_busy": "clash", "day_limit": "day"}
        if code == "budget":
            return self._budget(a, w, given, runs, facts)
        known = m.names[f"{kind[code]}_names"]
        if facts.get("key") not in known or facts.get("session") not in [names[s] for s in new]:
            return False
        key = known.index(facts["key"])
        if code == "day_limit":
            same = c["sessions.day_limit"] == key
            running, limit = int((same & runs).sum()), int(c["day_capacity"][key])
            more = sum(bool(same[s]) for s in new)
            return (facts.get("running"), facts.get("limit")) == (running, limit) and (
                running + more > limit
            )
        minute, start = facts.get("minute"), c["sessions.start"]
        if type(minute) is not int:
            return False
        there = [
            s for s in self.carriers.get(key, [])
            if start[s] != NO_SLOT and start[s] <= minute < c["sessions.end"][s]
        ]  # fmt: skip
        on, capacity = [names[s] for s in there if runs[s]], int(c["clash_capacity"][key])
        more = sum(s in there for s in new)
        said = (facts.get("running"), facts.get("capacity"))
        return said == (on, capacity) and more > 0 and len(on) + more > capacity

    def _budget(
        self, a: int, w: int, given: list[tuple[int, int]], runs: Any, facts: dict[str, Any]
    ) -> bool:
        m, c = self.m, self.m.col
        if facts.get("key") not in m.names["budget_names"]:
            return False
        key = m.names["budget_names"].index(facts["key"])
        parts = [(v, n) for own in self.own.values() for v, n in own if (v, n) not in given]
        spent = sum(int(c["sessions.fixed_cost"][s]) for s in np.nonzero(runs)[0].tolist()
                    if c["sessions.budget"][s] == key)  # fmt: skip
        spent += sum(self._seat_cost(v, n, key) for v, n in parts)
        price = self._seat_cost(w, self._people(a), key)
        price += sum(int(c["sessions.fixed_cost"][s]) for s in m.stops(w)
                     if c["sessions.budget"][s] == key and not runs[s])  # fmt: skip
        limit = int(c["budget_limit"][key])
        said = {"key": facts["key"], "limit": limit, "left": limit - spent, "price": price}
        return facts == said and price > limit - spent

    def _seat_cost(self, w: int, people: int, key: int) -> int:
        c, first, total = self.m.col, self._of("wishes.stop_ptr", w), 0
        for k, s in enumerate(self.m.stops(w)):
            if c["sessions.budget"][s] == key:
                own = int(c["wishes.stop_seats"][first + k])
                total += int(c["sessions.seat_cost"][s]) * (people if own < 0 else own)
        return total

    def _stage(
        self, a: int, w: int, given: list[tuple[int, int]], facts: dict[str, Any], code: str
    ) -> bool:
        """The first stage that differs gets worse by what is said; or (`equal`) none differs."""
        c, people, named = self.m.col, self._people(a), facts.get("stage")
        change = {"placed": people, "rank": people * self._rank(w)}
        change |= {"cost": self._of("wishes.cost", w), "lottery": people * int(self.draw[a])}
        prior = ([], [], []) if self.r.previous is None else [c.tolist() for c in self.r.previous]
        before, seated = dict(zip(prior[1], prior[2], strict=True)), a in prior[0]
        change |= {"kept": people if seated else 0, "moved": -before.get(w, 0)}
        for v, n in given:
            change["kept"] -= n if seated else 0
            change["moved"] += before.get(v, 0)
            change["placed"] -= n
            change["rank"] -= n * self._rank(v)
            change["cost"] -= int(c["wishes.cost"][v])
            change["lottery"] -= n * int(self.draw[a])
        placed, asked = self.placed.copy(), self.size > 0
        placed[self._of("applicants.school", a)] += change["placed"]
        worst = int((placed[asked] * MILLION // self.size[asked]).min(initial=MILLION))
        change["leximin"] = worst - self.values["leximin"]
        for stage in self.m.rules["stages"] if self.r.previous is None else REPAIR:
            loss = -change[stage] if stage in MAXIMISED else change[stage]
            if loss or stage == named:
                return bool(stage == named and loss == facts.get("change") and loss > 0)
        return code == "equal"
