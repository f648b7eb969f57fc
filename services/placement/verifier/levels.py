"""The leximin stage over whole groups: the worst-served school, then the next, level by level.

Each level states a share of unplaced people, proves by an empty tree that no answer keeps every
school strictly below it (schools settled at earlier levels excepted), and by a second tree that no
answer has fewer schools at it. With the schools that are left wholly placed after the last level,
the answer's shares are the leximin optimum (docs/market-file.md, section 6).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from services.placement.verifier.market import Market
from services.placement.verifier.numbers import school_placed, school_sizes
from services.placement.verifier.program import NoRow, Program, Row, make_row
from services.placement.verifier.result import Result
from services.placement.verifier.tree import Broken, Prover, Rows

#: Each level costs a program over all schools; no honest certificate has more.
MOST_LEVELS = 10_000


class Levels:
    """Reads levels one after another; `rows` offers their rows to later trees."""

    def __init__(self, m: Market, r: Result, prover: Prover) -> None:
        self.program: Program = prover.program
        self.prover = prover
        self.size = school_sizes(m).tolist()
        self.placed = school_placed(m, r).tolist()
        self.asked = [c for c, n in enumerate(self.size) if n]
        self.share = {c: Fraction(self.size[c] - self.placed[c], self.size[c]) for c in self.asked}
        self.extra = 0
        self.exempt: dict[int, list[int]] = {c: [] for c in self.asked}
        self.settled: dict[str, Row] = {}
        self.worst_proved = False

    def _row(self, c: int, most: int, own: list[tuple[int, int]], exempt: list[int]) -> Row:
        """At most `most` people of school `c` unplaced, unless excepted."""
        allowed = [(q, self.size[c]) for q in exempt]
        terms = [*self.program.school_terms(c), *allowed, *own]
        return make_row(terms, self.size[c] - most, None)

    def rows(self, more: dict[str, Row], earlier: Rows) -> Rows:
        """Rows by name: the levels settled so far, `more`, and those of `earlier`."""

        def find(name: str) -> Row:
            row = self.settled.get(name) or more.get(name)
            return row if row is not None else earlier(name)

        return find

    def read(self, levels: Any, earlier: Rows) -> None:
        """Check all levels; raises `Broken` at the first that does not hold."""
        if not isinstance(levels, list) or len(levels) > MOST_LEVELS:
            raise Broken("levels must be a list")
        above: Fraction | None = None
        for number, level in enumerate(levels):
            try:
                above = self._level(number, level, above, earlier)
            except (Broken, NoRow) as error:
                raise Broken(f"levels/{number}: {error}") from error
        if any(t > 0 and not any(t == known for known in self.known) for t in self.share.values()):
            raise Broken("a school of the answer has people unplaced, at no level")
        for c in self.asked:
            self.settled[f"rest:{c}"] = self._row(c, 0, [], self.exempt[c])

    known: tuple[Fraction, ...] = ()

    def _level(self, number: int, level: Any, above: Fraction | None, earlier: Rows) -> Fraction:
        t, count, listed = _fields(level)
        if not 0 < t <= 1 or (above is not None and t >= above):
            raise Broken("levels fall, from at most 1 to above 0")
        at = {c: t.numerator * self.size[c] // t.denominator for c in self.asked}
        below = {c: -(-t.numerator * self.size[c] // t.denominator) - 1 for c in self.asked}
        if sorted(listed) != [c for c in self.asked if at[c] > below[c]]:
            raise Broken("schools must be all those that can stand exactly at the level")
        if number == 0 and max(self.share.values(), default=Fraction(0)) != t:
            raise Broken("the first level is not the worst share of the answer")
        if sum(self.share[c] == t for c in self.asked) != count:
            raise Broken(f"the answer does not have {count} schools at the level")
        before = self.prover
        trial = {f"below:{c}": self._row(c, below[c], [], self.exempt[c]) for c in self.asked}
        cost = np.zeros(len(self.program.low) + self.extra, np.int64)
        _within("below", lambda: before.check(
            level.get("below"), cost, self.rows(trial, earlier), empty=True))  # fmt: skip
        self.worst_proved = True
        first = len(self.program.low) + self.extra
        column = {c: first + i for i, c in enumerate(listed)}
        self.extra += len(listed)
        for c in self.asked:
            own = [(column[c], at[c] - below[c])] if c in column else []
            most = below[c] if own else at[c]
            self.settled[f"level:{number}:{c}"] = self._row(c, most, own, self.exempt[c])
        cost = np.zeros(len(self.program.low) + self.extra, np.int64)
        cost[first:] = 1
        rows = self.rows({}, earlier)
        target = _within("fewest", lambda: before.check(level.get("fewest"), cost, rows))
        if target < count:
            raise Broken(f"fewest proves {target} schools at the level, not {count}")
        terms = [(q, 1) for q in column.values()]
        self.settled[f"count:{number}"] = make_row(terms, None, count)
        for c, q in column.items():
            self.exempt[c].append(q)
        self.known = (*self.known, t)
        return t


def _fields(level: Any) -> tuple[Fraction, int, list[int]]:
    if not isinstance(level, dict):
        raise Broken("a level is an object")
    share, count, listed = level.get("level"), level.get("count"), level.get("schools")
    pair = isinstance(share, list) and len(share) == 2 and all(type(v) is int for v in share)
    if not pair or share is None or share[1] < 1:
        raise Broken("level is [numerator, denominator]")
    if type(count) is not int or count < 0:
        raise Broken("count is an integer")
    if not isinstance(listed, list) or any(type(c) is not int for c in listed):
        raise Broken("schools is a list of indices")
    if len(set(listed)) != len(listed):
        raise Broken("a school is listed twice")
    return Fraction(share[0], share[1]), count, listed


def _within(name: str, check: Callable[[], int]) -> int:
    try:
        return check()
    except (Broken, NoRow) as error:
        raise Broken(f"{name}: {error}") from error
