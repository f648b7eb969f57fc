"""The leximin stage over whole groups: the worst-served school first, then the next, and so on.

Idea: let u be a school's unplaced people and n its size. Find the least t such that every school
keeps u/n <= t; among the answers doing so, let as few schools as possible stand at t; exempt
those and go on below. Which schools are exempted stays open (a 0/1 column each), only their number
is held, so that no choice is made too early. Shares are compared as exact fractions. Each step is
one integer program inside all earlier stages. Source: the lexicographic min-max scheme of
Ogryczak, Pioro and Tomaszewski (2005), by counts at each level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from services.placement.engine.answer import (
    MILLION,
    Part,
    Progress,
    StageResult,
    school_placed,
    school_sizes,
    unplaced_shares,
    worst_share,
)
from services.placement.engine.groups_highs import Arrays, Solved
from services.placement.engine.groups_model import Rows
from services.placement.engine.groups_points import decode
from services.placement.engine.groups_tree import LARGE
from services.placement.engine.market import Flags, Ints, Market
from services.placement.engine.stages import BOUNDED, PROVED, Run, stage_share

#: Above this many schools or steps the exact scheme gives way to its best point so far.
MAX_SCHOOLS = 60
MAX_STEPS = 60


def school_terms(run: Run) -> list[list[tuple[int, int]]]:
    """Per school the people placed, as terms over the model's columns."""
    out: list[list[tuple[int, int]]] = [[] for _ in run.market.schools]
    who, school = run.market.wish_applicant, run.market.applicants.school
    for w in range(len(run.market.wishes)):
        out[int(school[who[w]])].extend(run.model.people(w))
    return out


def leximin_stage(run: Run, follow: int) -> None:
    """Improve the worst schools in order; holds every school's share reached."""
    finished = proved = False
    steps: list[dict[str, Any]] = []
    if len(run.market.schools) <= MAX_SCHOOLS and not run.watch.expired():
        levels = _Levels(run, follow)
        finished = levels.search()
        steps, proved = levels.steps, finished and levels.proved
        if finished:
            levels.keep()
    parts = run.parts()
    worst = worst_share(run.market, parts)
    vector = school_vector(run.market, parts)
    first = bool(steps) and bool(steps[0]["below"])
    detail = {"schools": vector, "exact": finished}
    bound, claim = worst, PROVED if proved else BOUNDED
    known: dict[str, Any] = {"kind": "levels", "levels": steps, "complete": proved}
    if not proved and not first:
        bound, known = wished_share(run.market, run.model.g >= 0), {"kind": "wishes"}
        claim = BOUNDED
    run.results.append(StageResult("leximin", worst, bound, claim, detail, known))
    if not finished:
        _hold_shares(run)
    # Without the whole scheme nothing derives what later stages keep, but for the worst share.
    run.underived = not proved and run.model.columns <= LARGE
    index = len(run.results) - 1
    progress = Progress("leximin", index, run.watch.stages, worst, bound, run.best_numbers())
    run.watch.tell(progress, force=True)


def school_vector(market: Market, parts: Sequence[Part]) -> list[list[Any]]:
    """[school, unplaced, size] of the worst-served schools, worst first."""
    rows = unplaced_shares(market, parts)[:MAX_SCHOOLS]
    return [[market.schools[c], missing, size] for missing, size, c in rows]


def wished_share(market: Market, possible_wish: Flags) -> int:
    """What no answer can exceed: the worst share if everyone with a possible wish were placed."""
    x = market.applicants
    possible = np.bincount(market.wish_applicant[possible_wish], minlength=len(x))
    most = np.where(x.split_parts > 0, np.minimum(possible, 1), np.minimum(possible, x.wants))
    reach = np.zeros(len(market.schools), np.int64)
    np.add.at(reach, x.school, x.people * most)
    size = school_sizes(market)
    asked = size > 0
    return int(np.minimum(reach[asked] * MILLION // size[asked], MILLION).min(initial=MILLION))


def _hold_shares(run: Run) -> None:
    """Where the scheme was cut short, every school keeps at least the share it has reached.

    In a large program, where later stages are bounded and not searched, what is held is only that
    no school falls below the worst: every answer as good as this one keeps that.
    """
    market, parts = run.market, run.parts()
    placed, size = school_placed(market, parts), school_sizes(market)
    rows = unplaced_shares(market, parts)
    worst = Fraction(rows[0][0], rows[0][1]) if rows else Fraction(0)
    held = Rows()
    for c, terms in enumerate(school_terms(run)):
        least = int(placed[c])
        if run.model.columns > LARGE:
            least = int(size[c]) - _at(int(size[c]), worst)
        if terms:
            held.add(f"share:{c}", terms, low=least)
    run.hold(held)


def _below(size: int, level: Fraction) -> int:
    """The most unplaced people of a school that still lie strictly below the level."""
    return -(-(level.numerator * size) // level.denominator) - 1


def _at(size: int, level: Fraction) -> int:
    """The most unplaced people of a school at or below the level."""
    return level.numerator * size // level.denominator


@dataclass
class _Levels:
    """The search over levels; the exemption columns `q` come after the model's columns.

    Rows (section 5 of the market page): `below:c` asks of every school to lie below the level
    under trial, `level:L:c` and `count:L` hold a settled level L, `rest:c` closes the scheme.
    """

    run: Run
    follow: int
    exempt: dict[int, list[int]] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    proved: bool = True

    def __post_init__(self) -> None:
        run = self.run
        self.size = school_sizes(run.market).tolist()
        self.terms = school_terms(run)
        self.schools = [c for c, n in enumerate(self.size) if n]
        self.held = list(run.held)
        self.columns = run.model.columns + run.more_columns
        self.best: Ints = run.point()
        left = run.watch.left()
        share = None if left is None else left * stage_share(self.follow)
        self.end = None if share is None else run.watch.now() + share

    def left(self) -> float | None:
        """Seconds left for the whole scheme, or None without a limit."""
        return None if self.end is None else max(0.0, self.end - self.run.watch.now())

    def missing(self, c: int, x: Ints) -> int:
        """Unplaced people of school `c` at the point `x`."""
        return int(self.size[c] - sum(v * int(x[j]) for j, v in self.terms[c]))

    def free(self) -> list[int]:
        """Schools that no exemption of the best point covers."""
        return [c for c in self.schools if not any(self.best[q] for q in self.exempt.get(c, []))]

    def keep(self) -> None:
        """Hold the vector reached, whichever schools stand where, for the later stages."""
        rows = Rows()
        for c in self.schools:
            self._row(rows, f"rest:{c}", c, 0, [])
        run = self.run
        run.best = self.best
        run.held = [*self.held, rows]
        run.more_columns = self.columns - run.model.columns

    def search(self) -> bool:
        """Run the scheme; answers whether it ended by itself (then the shares are leximin)."""
        for _ in range(MAX_STEPS):
            level = max(
                (Fraction(self.missing(c, self.best), self.size[c]) for c in self.free()),
                default=Fraction(0),
            )
            if level == 0:
                return True
            if self.run.watch.expired() or self.left() == 0:
                return False
            beaten = self._solve(self._below_rows(level), np.zeros(self.columns, np.int64))
            if beaten.x is not None:
                self._accept(beaten.x)
                continue
            if not beaten.infeasible or not self._count(level, beaten):
                return False
        return False

    def _below_rows(self, level: Fraction) -> Rows:
        """Every school below the level, unless exempted at an earlier one."""
        rows = Rows()
        for c in self.schools:
            self._row(rows, f"below:{c}", c, _below(self.size[c], level), [])
        return rows

    def _row(self, rows: Rows, name: str, c: int, most: int, extra: list[tuple[int, int]]) -> None:
        """At most `most` people of school `c` unplaced, unless exempted."""
        allowed = [(q, self.size[c]) for q in self.exempt.get(c, [])] + extra
        rows.add(name, [*self.terms[c], *allowed], low=self.size[c] - most)

    def _count(self, level: Fraction, beaten: Solved) -> bool:
        """As few schools as possible at the level; appends their columns and holds the number."""
        at = [c for c in self.schools if _at(self.size[c], level) > _below(self.size[c], level)]
        first, index = self.columns, len(self.steps)
        self.columns += len(at)
        stand = np.array([self._stands(c, level) for c in at], dtype=np.int64)
        self.best = np.concatenate([self.best, stand])
        rows = Rows()
        for c in self.schools:
            low, high = _below(self.size[c], level), _at(self.size[c], level)
            own = [(first + at.index(c), high - low)] if c in at else []
            self._row(rows, f"level:{index}:{c}", c, low if own else high, own)
        cost = np.zeros(self.columns, np.int64)
        cost[first:] = 1
        solved = self._solve(rows, cost)
        if solved.x is not None:
            self._accept(solved.x)
        count = int(cost @ self.best)
        rows.add(f"count:{index}", [(first + i, 1) for i in range(len(at))], high=count)
        self.held.append(rows)
        for i, c in enumerate(at):
            self.exempt.setdefault(c, []).append(first + i)
        self.proved = self.proved and bool(beaten.evidence) and solved.bound == count
        self.steps.append(
            {
                "level": [level.numerator, level.denominator],
                "schools": at,
                "count": count,
                "below": beaten.evidence,
                "fewest": solved.evidence,
            }
        )
        return solved.finished or solved.solver_bound == count

    def _stands(self, c: int, level: Fraction) -> bool:
        exempt = any(self.best[q] for q in self.exempt.get(c, []))
        return not exempt and self.missing(c, self.best) > _below(self.size[c], level)

    def _accept(self, x: Ints) -> None:
        self.best = x
        self.run.best = x[: self.run.model.columns + self.run.more_columns]

    def _solve(self, rows: Rows, cost: Ints) -> Solved:
        run, limit = self.run, self.left()
        numbers = run.best_numbers()
        worst = worst_share(run.market, decode(run.model, self.best))

        def tick(_dual: float, _value: int | None) -> bool:
            index = len(run.results)
            progress = Progress("leximin", index, run.watch.stages, worst, MILLION, numbers)
            return run.watch.tell(progress)

        held = [*self.held, rows]
        more = self.columns - run.model.columns
        exact = all(Arrays.of(r).feasible(self.best) for r in held)
        return run.search(held, more, cost, self.best if exact else None, limit, tick)
