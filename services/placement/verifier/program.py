"""The integer program of a market, row by row from the rows' published names.

docs/market-file.md, section 5, gives the formula of each name. A proof names the rows that it
uses; each is rebuilt here from the market, never read from the proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.placement.verifier.files import Ints
from services.placement.verifier.market import NO_SLOT, Market
from services.placement.verifier.rules import barred, collide

NAME = re.compile(r"[a-z]+(:-?[0-9]{1,18}){1,2}|schools|students")


class NoRow(Exception):
    """A proof names a row or column that does not exist or may not be used."""


@dataclass(frozen=True)
class Row:
    """low <= sum of coefficient times column <= high; None where there is no such side."""

    column: Ints
    value: Ints
    low: int | None
    high: int | None


def make_row(terms: Iterable[tuple[int, int]], low: int | None, high: int | None) -> Row:
    """A row from (column, coefficient) pairs."""
    pairs = list(terms)
    column = np.array([c for c, _ in pairs], dtype=np.int64)
    return Row(column, np.array([v for _, v in pairs], dtype=np.int64), low, high)


class Program:
    """Columns with their bounds (`low`, `high`) and the rows of the market by name."""

    def __init__(self, m: Market) -> None:
        self.m = m
        x = {k.split(".")[1]: v for k, v in m.col.items() if k.startswith("applicants.")}
        self.people, self.wants, self.school = x["people"], x["wants"], x["school"]
        self.together = x["all_or_none"] > 0
        self.low: list[int] = []
        self.high: list[int] = []
        self.names: dict[str, int] = {}
        self.g, self.n = np.full(m.wishes, -1), np.full(m.wishes, -1)
        self.z, self.h = np.full(m.sessions, -1), np.full(m.applicants, -1)
        self.y = np.full(len(m.names["schools"]), -1)
        for w in np.nonzero(~barred(m))[0].tolist():
            self.g[w] = self._column(f"g:{w}", 0, 1)
            if m.splits[m.owner[w]]:
                self.n[w] = self._column(f"n:{w}", 0, int(self.people[m.owner[w]]))
        for s, opened in enumerate(m.col["sessions.open"].tolist()):
            self.z[s] = self._column(f"z:{s}", opened, 1)
        if m.rules["max_schools"] is not None:
            for c in range(len(self.y)):
                self.y[c] = self._column(f"y:{c}", 0, 1)
        many = self.wants > 1
        counted = many & (m.rules["max_students"] is not None)
        for a in np.nonzero((self.together & (many | m.splits)) | counted)[0].tolist():
            self.h[a] = self._column(f"h:{a}", 0, 1)
        for _, w, people in m.rules["fixed"]:
            if self.g[w] >= 0:
                self.low[self.g[w]] = 1
            if self.n[w] >= 0:
                self.low[self.n[w]] = self.high[self.n[w]] = people
        self.rows: dict[str, Row] = {}
        self._seats: list[list[tuple[int, int]]] | None = None
        self._schools: list[list[tuple[int, int]]] | None = None

    def _column(self, name: str, low: int, high: int) -> int:
        self.names[name] = len(self.low)
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def placed(self, w: int) -> list[tuple[int, int]]:
        """The people seated by wish `w`, as terms."""
        if self.g[w] < 0:
            return []
        if self.n[w] >= 0:
            return [(int(self.n[w]), 1)]
        return [(int(self.g[w]), int(self.people[self.m.owner[w]]))]

    def seats(self, s: int) -> list[tuple[int, int]]:
        """The seats taken in session `s`, as terms."""
        if self._seats is None:
            m = self.m
            self._seats = [[] for _ in range(m.sessions)]
            at, own = m.col["wishes.stop_session"].tolist(), m.col["wishes.stop_seats"].tolist()
            for w, session, seats in zip(m.stop_wish.tolist(), at, own, strict=True):
                if self.g[w] >= 0 and seats >= 0:
                    self._seats[session].append((int(self.g[w]), seats))
                elif self.g[w] >= 0:
                    self._seats[session].extend(self.placed(w))
        return self._seats[s]

    def weights(self, each: Ints | None, once: Ints | None = None) -> Ints:
        """An objective from weights per wish: for each person seated, and once for a grant."""
        cost = np.zeros(len(self.low), np.int64)
        there = self.g >= 0
        if once is not None:
            cost[self.g[there]] += once[there]
        if each is not None:
            split = self.n >= 0
            cost[self.n[split]] += each[split]
            whole = there & ~split
            cost[self.g[whole]] += (each * self.people[self.m.owner])[whole]
        return cost

    def objective(self, stage: str, draw: Ints, previous: Any) -> tuple[Ints, int]:
        """The objective of a stage in minimised form, and the constant added to it."""
        m, one = self.m, np.ones(self.m.wishes, np.int64)
        if stage == "placed":
            return -self.weights(one), 0
        if stage == "rank":
            return self.weights(m.col["wishes.rank"]), 0
        if stage == "cost":
            return self.weights(None, m.col["wishes.cost"]), 0
        if stage == "lottery":
            return self.weights(draw[m.owner]), 0
        who, wish, people = previous
        if stage == "kept":
            return -self.weights(np.isin(m.owner, who).astype(np.int64)), 0
        cost = np.zeros(len(self.low), np.int64)
        there = self.g[wish] >= 0
        np.subtract.at(cost, self.g[wish[there]], people[there])
        return cost, int(people.sum())

    def row(self, name: str) -> Row:
        """The row of this name; raises `NoRow`."""
        if name not in self.rows:
            kind, *rest = name.split(":")
            make = getattr(self, f"_{kind}_row", None)
            if not NAME.fullmatch(name) or make is None:
                raise NoRow(f"there is no row {name!r}")
            try:
                terms, low, high = make(*(int(v) for v in rest))
            except (IndexError, TypeError, ValueError) as error:
                raise NoRow(f"there is no row {name!r}") from error
            self.rows[name] = make_row(terms, low, high)
        return self.rows[name]

    def _need(self, condition: Any) -> None:
        if not condition:
            raise ValueError

    def _grants(self, a: int) -> list[tuple[int, int]]:
        return [(int(self.g[w]), 1) for w in self.m.own_wishes(a) if self.g[w] >= 0]

    def _seated(self, a: int) -> list[tuple[int, int]]:
        return [(int(self.n[w]), 1) for w in self.m.own_wishes(a) if self.n[w] >= 0]

    def _once_row(self, a: int) -> Any:
        self._need(a >= 0 and not self.m.splits[a])
        wants = int(self.wants[a])
        return self._grants(a), wants if self.m.rules["must_place_all"] else None, wants

    def _all_row(self, a: int) -> Any:
        self._need(a >= 0 and self.h[a] >= 0 and self.together[a])
        split = self.m.splits[a]
        terms = self._seated(a) if split else self._grants(a)
        total = int(self.people[a]) if split else int(self.wants[a])
        return [*terms, (int(self.h[a]), -total)], 0, 0

    def _seated_row(self, w: int) -> Any:
        a = int(self.m.owner[w])
        self._need(w >= 0 and self.g[w] >= 0 and self.h[a] >= 0 and not self.m.splits[a])
        return [(int(self.g[w]), 1), (int(self.h[a]), -1)], None, 0

    def _overlap_row(self, w: int, v: int) -> Any:
        a = self.m.owner[w]
        self._need(min(w, v) >= 0 and w != v and a == self.m.owner[v] and not self.m.splits[a])
        self._need(self.g[w] >= 0 and self.g[v] >= 0 and collide(self.m, w, v))
        return [(int(self.g[w]), 1), (int(self.g[v]), 1)], None, 1

    def _parts_row(self, a: int) -> Any:
        self._need(a >= 0 and self.m.splits[a])
        return self._grants(a), None, int(self.m.col["applicants.split_parts"][a])

    def _people_row(self, a: int) -> Any:
        self._need(a >= 0 and self.m.splits[a])
        people = int(self.people[a])
        return self._seated(a), people if self.m.rules["must_place_all"] else None, people

    def _upper_row(self, w: int) -> Any:
        self._need(w >= 0 and self.n[w] >= 0)
        people = int(self.people[self.m.owner[w]])
        return [(int(self.n[w]), 1), (int(self.g[w]), -people)], None, 0

    def _lower_row(self, w: int) -> Any:
        self._need(w >= 0 and self.n[w] >= 0)
        least = int(self.m.col["applicants.split_smallest"][self.m.owner[w]])
        return [(int(self.n[w]), 1), (int(self.g[w]), -least)], 0, None

    def _max_row(self, s: int) -> Any:
        self._need(s >= 0)
        high = int(self.m.col["sessions.max"][s])
        return [*self.seats(s), (int(self.z[s]), -high)], None, 0

    def _min_row(self, s: int) -> Any:
        self._need(s >= 0 and not self.m.col["sessions.open"][s])
        low = int(self.m.col["sessions.min"][s])
        return [*self.seats(s), (int(self.z[s]), -low)], 0, None

    def _link_row(self, w: int, s: int) -> Any:
        self._need(min(w, s) >= 0 and self.g[w] >= 0 and s in self.m.stops(w))
        return [(int(self.g[w]), 1), (int(self.z[s]), -1)], None, 0

    def _clash_row(self, key: int, minute: int) -> Any:
        c = self.m.col
        owner = np.repeat(np.arange(self.m.sessions), np.diff(c["sessions.clash_ptr"]))
        mine = owner[c["sessions.clash_key"] == key]
        start, end = c["sessions.start"][mine], c["sessions.end"][mine]
        running = mine[(start != NO_SLOT) & (start <= minute) & (minute < end)]
        self._need(key >= 0)
        return [(int(v), 1) for v in self.z[running]], None, int(c["clash_capacity"][key])

    def _day_row(self, key: int) -> Any:
        self._need(key >= 0)
        mine = self.z[self.m.col["sessions.day_limit"] == key]
        return [(int(v), 1) for v in mine], None, int(self.m.col["day_capacity"][key])

    def _budget_row(self, key: int) -> Any:
        self._need(key >= 0)
        c = self.m.col
        terms: list[tuple[int, int]] = []
        for s in np.nonzero(c["sessions.budget"] == key)[0].tolist():
            terms.append((int(self.z[s]), int(c["sessions.fixed_cost"][s])))
            price = int(c["sessions.seat_cost"][s])
            terms.extend((column, seats * price) for column, seats in self.seats(s))
        return terms, None, int(c["budget_limit"][key])

    def _chosen_row(self, w: int) -> Any:
        y = int(self.y[self.school[self.m.owner[w]]])
        self._need(w >= 0 and self.g[w] >= 0 and y >= 0)
        return [(int(self.g[w]), 1), (y, -1)], None, 0

    def _schools_row(self) -> Any:
        self._need(self.m.rules["max_schools"] is not None)
        return [(int(v), 1) for v in self.y], None, self.m.rules["max_schools"]

    def _students_row(self) -> Any:
        self._need(self.m.rules["max_students"] is not None)
        terms: list[tuple[int, int]] = []
        for a in range(self.m.applicants):
            if self.h[a] >= 0 and not self.m.splits[a]:
                terms.append((int(self.h[a]), int(self.people[a])))
            else:
                for w in self.m.own_wishes(a):
                    terms.extend(self.placed(w))
        return terms, None, self.m.rules["max_students"]

    def school_terms(self, c: int) -> list[tuple[int, int]]:
        """The people of school `c` placed, as terms."""
        if self._schools is None:
            self._schools = [[] for _ in self.y]
            for w, school in enumerate(self.school[self.m.owner].tolist()):
                self._schools[school].extend(self.placed(w))
        return self._schools[c]
