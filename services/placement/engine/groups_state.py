"""A placement under construction: seats, running sessions and totals, kept up to date.

`refusal` answers which rule a further part would break with everything else left as it is. The
minimum sizes are not among those rules, since a session fills up one part at a time; ask
`below_minimum` at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from services.placement.engine.answer import Part
from services.placement.engine.answer_check import Breach
from services.placement.engine.groups_model import clash_moments, wishes_collide
from services.placement.engine.market import NONE, Market
from services.placement.engine.market_filters import Barrier, barriers
from services.placement.engine.once import once


@dataclass(frozen=True)
class Static:
    """What never changes while placing: stops, seats, barriers, clash moments of each session."""

    market: Market
    barrier: list[Barrier | None]
    stops: list[list[int]]
    own_seats: list[list[int]]
    moments: list[tuple[int, int, list[int]]]
    moments_of: list[list[int]]

    @staticmethod
    @once
    def of(market: Market) -> Static:
        """Collect the constants of a market once; they are shared by many states."""
        moments = clash_moments(market)
        moments_of: list[list[int]] = [[] for _ in range(len(market.sessions))]
        for i, (_, _, members) in enumerate(moments):
            for s in members:
                moments_of[s].append(i)
        ptr = market.wishes.stop_ptr.tolist()
        session, seats = market.wishes.stop_session.tolist(), market.wishes.stop_seats.tolist()
        spans = list(pairwise(ptr))
        return Static(
            market,
            barriers(market),
            [session[lo:hi] for lo, hi in spans],
            [seats[lo:hi] for lo, hi in spans],
            moments,
            moments_of,
        )


class State:
    """Counts of one placement, changed by `add` and `remove` in the number of stops."""

    def __init__(self, static: Static, parts: Iterable[Part] = ()) -> None:
        self.static = static
        m = self.market = static.market
        self.max, self.low = m.sessions.max.tolist(), m.sessions.min.tolist()
        self.taken = [0] * len(m.sessions)
        self.grants = [0] * len(m.sessions)
        self.opened: list[bool] = m.sessions.open.tolist()
        self.closed = [False] * len(m.sessions)
        self.at_moment = [0] * len(static.moments)
        self.on_day = [0] * len(m.day_names)
        self.spent = [0] * len(m.budget_names)
        self.school_parts = [0] * len(m.schools)
        self.schools = 0
        self.students = 0
        self.own: dict[int, list[Part]] = {}
        for s, on in enumerate(self.opened):
            if on:
                self._start(s, 1)
        for part in parts:
            self.add(part)

    def running(self, s: int) -> bool:
        """Whether session `s` runs now."""
        return self.opened[s] or self.grants[s] > 0

    def _start(self, s: int, sign: int) -> None:
        x = self.market.sessions
        for i in self.static.moments_of[s]:
            self.at_moment[i] += sign
        if x.day_limit[s] != NONE:
            self.on_day[int(x.day_limit[s])] += sign
        if x.budget[s] != NONE:
            self.spent[int(x.budget[s])] += sign * int(x.fixed_cost[s])

    def seats(self, w: int, people: int) -> list[int]:
        """Seats that a part of `people` takes at each stop of wish `w`."""
        return [people if n < 0 else n for n in self.static.own_seats[w]]

    def add(self, part: Part) -> None:
        """Seat a part, whatever the rules say."""
        self._change(part, 1)
        self.own.setdefault(part.applicant, []).append(part)

    def remove(self, part: Part) -> None:
        """Take a part out again."""
        self.own[part.applicant].remove(part)
        if not self.own[part.applicant]:
            del self.own[part.applicant]
        self._change(part, -1)

    def _change(self, part: Part, sign: int) -> None:
        m, a = self.market, part.applicant
        for s, n in zip(
            self.static.stops[part.wish], self.seats(part.wish, part.people), strict=True
        ):
            before = self.running(s)
            self.taken[s] += sign * n
            self.grants[s] += sign
            if self.running(s) != before:
                self._start(s, sign)
            if m.sessions.budget[s] != NONE:
                self.spent[int(m.sessions.budget[s])] += sign * n * int(m.sessions.seat_cost[s])
        school = int(m.applicants.school[a])
        before = self.school_parts[school] > 0
        self.school_parts[school] += sign
        if (self.school_parts[school] > 0) != before:
            self.schools += sign
        others = len(self.own.get(a, ()))
        if m.applicants.splits(a) or others == 0:
            self.students += sign * part.people

    def refusal(self, part: Part) -> Breach | None:
        """The first rule, in published order, that adding this part would break."""
        barrier = self.static.barrier[part.wish]
        if barrier is not None:
            return Breach(barrier.code, barrier.facts)
        return self._own(part) or self._caps(part) or self._at_sessions(part)

    def _own(self, part: Part) -> Breach | None:
        x, a = self.market.applicants, part.applicant
        mine = self.own.get(a, [])
        limit = int(x.split_parts[a]) if x.splits(a) else int(x.wants[a])
        if any(p.wish == part.wish for p in mine) or len(mine) >= limit:
            return Breach("granted_other", {"granted": len(mine), "limit": limit})
        if x.splits(a):
            return None
        for p in mine:
            if wishes_collide(self.market, p.wish, part.wish):
                return Breach("overlap", {})
        return None

    def _caps(self, part: Part) -> Breach | None:
        rules, x, a = self.market.rules, self.market.applicants, part.applicant
        new = self.school_parts[int(x.school[a])] == 0
        if rules.max_schools is not None and new and self.schools >= rules.max_schools:
            return Breach("school_cap", {"chosen": self.schools, "cap": rules.max_schools})
        adds = part.people if x.splits(a) or a not in self.own else 0
        if rules.max_students is not None and self.students + adds > rules.max_students:
            facts = {"placed": self.students, "cap": rules.max_students, "people": part.people}
            return Breach("student_cap", facts)
        return None

    def _at_sessions(self, part: Part) -> Breach | None:
        stops, seats = self.static.stops[part.wish], self.seats(part.wish, part.people)
        x = self.market.sessions
        for s, need in zip(stops, seats, strict=True):
            if self.closed[s]:
                return Breach("closed", {"session": x.id[s]})
            if self.taken[s] + need > self.max[s]:
                free = self.max[s] - self.taken[s]
                facts = {"session": x.id[s], "max": self.max[s], "free": free, "need": need}
                return Breach("full", facts)
        starting = [s for s in stops if not self.running(s)]
        return self._clash(starting) or self._day(starting) or self._budget(stops, seats)

    def _clash(self, starting: list[int]) -> Breach | None:
        m = self.market
        adds: dict[int, list[int]] = {}
        for s in starting:
            for i in self.static.moments_of[s]:
                adds.setdefault(i, []).append(s)
        for i, new in adds.items():
            key, minute, members = self.static.moments[i]
            capacity = int(m.clash_capacity[key])
            if self.at_moment[i] + len(new) > capacity:
                on = [m.sessions.id[t] for t in members if self.running(t)]
                facts: dict[str, Any] = {"session": m.sessions.id[new[0]], "minute": minute}
                facts |= {"key": m.clash_names[key], "capacity": capacity, "running": on}
                return Breach("team_busy", facts)
        return None

    def _day(self, starting: list[int]) -> Breach | None:
        m = self.market
        adds: dict[int, list[int]] = {}
        for s in starting:
            if m.sessions.day_limit[s] != NONE:
                adds.setdefault(int(m.sessions.day_limit[s]), []).append(s)
        for key, new in adds.items():
            limit = int(m.day_capacity[key])
            if self.on_day[key] + len(new) > limit:
                facts = {"session": m.sessions.id[new[0]], "key": m.day_names[key]}
                return Breach("day_limit", {**facts, "limit": limit, "running": self.on_day[key]})
        return None

    def _budget(self, stops: list[int], seats: list[int]) -> Breach | None:
        m = self.market
        adds: dict[int, int] = {}
        for s, need in zip(stops, seats, strict=True):
            key = int(m.sessions.budget[s])
            if key != NONE:
                price = need * int(m.sessions.seat_cost[s])
                if not self.running(s):
                    price += int(m.sessions.fixed_cost[s])
                adds[key] = adds.get(key, 0) + price
        for key, price in adds.items():
            left = int(m.budget_limit[key]) - self.spent[key]
            if price > left:
                facts = {"key": m.budget_names[key], "limit": int(m.budget_limit[key])}
                return Breach("budget", {**facts, "left": left, "price": price})
        return None

    def below_minimum(self, sessions: Iterable[int] | None = None) -> list[int]:
        """Running sessions (all, or among these) whose seats taken are below their minimum."""
        return [
            s
            for s in (range(len(self.grants)) if sessions is None else sessions)
            if self.grants[s] > 0 and not self.opened[s] and self.taken[s] < self.low[s]
        ]

    def parts(self) -> tuple[Part, ...]:
        """The placement as sorted parts."""
        return tuple(sorted(p for own in self.own.values() for p in own))
