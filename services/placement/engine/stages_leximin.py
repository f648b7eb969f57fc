"""The leximin stage over whole groups: the worst-served school first, then the next, and so on.

Idea: let u be a school's unplaced people and n its size. Find the least t such that every school
keeps u/n <= t; among the answers doing so, let as few schools as possible stand at t; exempt
those and go on below. Which schools are exempted stays open (a 0/1 column each), only their number
is held, so that no choice is made too early. Shares are compared as exact fractions. Each step is
one integer program inside all earlier stages. Source: the lexicographic min-max scheme of
Ogryczak, Pioro and Tomaszewski (2005), by counts at each level.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from services.placement.engine.answer import (
    MILLION,
    Progress,
    StageResult,
    school_placed,
    school_sizes,
    unplaced_shares,
    worst_share,
)
from services.placement.engine.groups_highs import Program, Solved
from services.placement.engine.groups_model import Rows
from services.placement.engine.market import Ints
from services.placement.engine.stages import CLAIMED, Run, decode, stage_share

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
    finished = False
    if len(run.market.schools) <= MAX_SCHOOLS and not run.watch.expired():
        levels = _Levels(run, follow)
        finished = levels.search()
        if finished:
            levels.keep()
    parts = run.parts()
    worst = worst_share(run.market, parts)
    rows = unplaced_shares(run.market, parts)[:MAX_SCHOOLS]
    vector = [[run.market.schools[c], missing, size] for missing, size, c in rows]
    bound = worst if finished else MILLION
    detail = {"schools": vector, "exact": finished}
    run.results.append(StageResult("leximin", worst, bound, CLAIMED, detail))
    if not finished:
        _hold_shares(run)
    index = len(run.results) - 1
    progress = Progress("leximin", index, run.watch.stages, worst, bound, run.best_numbers())
    run.watch.tell(progress, force=True)


def _hold_shares(run: Run) -> None:
    """Where the scheme was cut short, every school keeps at least the share it has reached."""
    placed = school_placed(run.market, run.parts())
    held = Rows()
    for c, terms in enumerate(school_terms(run)):
        if terms:
            held.add(f"share:{c}", terms, low=int(placed[c]))
    run.hold(held)


def _below(size: int, level: Fraction) -> int:
    """The most unplaced people of a school that still lie strictly below the level."""
    return -(-(level.numerator * size) // level.denominator) - 1


def _at(size: int, level: Fraction) -> int:
    """The most unplaced people of a school at or below the level."""
    return level.numerator * size // level.denominator


@dataclass
class _Levels:
    """The search over levels; owns a program with the exemption columns appended."""

    run: Run
    follow: int
    exempt: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        run = self.run
        self.size = school_sizes(run.market).tolist()
        self.terms = school_terms(run)
        self.schools = [c for c, n in enumerate(self.size) if n]
        self.held = list(run.held)
        self.columns = run.model.columns + run.more_columns
        self.best: Ints = run.point()

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
            self._target(rows, c, 0, [])
        run = self.run
        run.best = self.best
        run.held = [*self.held, rows]
        run.more_columns = self.columns - run.model.columns
        run.program = self._program()
        run.program.add_rows(rows)

    def search(self) -> bool:
        """Run the scheme; answers whether it ended by itself (then the shares are leximin)."""
        for _ in range(MAX_STEPS):
            free = self.free()
            level = max(
                (Fraction(self.missing(c, self.best), self.size[c]) for c in free),
                default=Fraction(0),
            )
            if level == 0:
                return True
            if self.run.watch.expired():
                return False
            beaten = self._solve(self._targets(level), np.zeros(self.columns, np.int64))
            if beaten.x is not None:
                self._accept(beaten.x)
            elif not beaten.infeasible or not self._count(level):
                return False
        return False

    def _targets(self, level: Fraction) -> Rows:
        """Every school below the level, unless exempted at an earlier one."""
        rows = Rows()
        for c in self.schools:
            self._target(rows, c, _below(self.size[c], level), [])
        return rows

    def _target(self, rows: Rows, c: int, most: int, extra: list[tuple[int, int]]) -> None:
        allowed = [(q, self.size[c]) for q in self.exempt.get(c, [])] + extra
        rows.add(f"target:{c}", [*self.terms[c], *allowed], low=self.size[c] - most)

    def _count(self, level: Fraction) -> bool:
        """As few schools as possible at the level; appends their columns and holds the number."""
        at = [c for c in self.schools if _at(self.size[c], level) > _below(self.size[c], level)]
        first = self.columns
        self.columns += len(at)
        stand = np.array([self._stands(c, level) for c in at], dtype=np.int64)
        self.best = np.concatenate([self.best, stand])
        rows = Rows()
        for c in self.schools:
            low, high = _below(self.size[c], level), _at(self.size[c], level)
            own = [(first + at.index(c), high - low)] if c in at else []
            self._target(rows, c, low if own else high, own)
        cost = np.zeros(self.columns, np.int64)
        cost[first:] = 1
        solved = self._solve(rows, cost)
        if solved.x is not None:
            self._accept(solved.x)
        rows.add("count", [(first + i, 1) for i in range(len(at))], high=int(cost @ self.best))
        self.held.append(rows)
        for i, c in enumerate(at):
            self.exempt.setdefault(c, []).append(first + i)
        return solved.finished

    def _stands(self, c: int, level: Fraction) -> bool:
        exempt = any(self.best[q] for q in self.exempt.get(c, []))
        return not exempt and self.missing(c, self.best) > _below(self.size[c], level)

    def _accept(self, x: Ints) -> None:
        self.best = x
        self.run.best = x[: self.run.model.columns + self.run.more_columns]

    def _program(self) -> Program:
        more = self.columns - self.run.model.columns
        program = Program(self.run.model, integer=True, more_columns=more)
        for held in self.held:
            program.add_rows(held)
        return program

    def _solve(self, rows: Rows, cost: Ints) -> Solved:
        run = self.run
        program = self._program()
        program.add_rows(rows)
        left = run.watch.left()
        limit = None if left is None else left * stage_share(self.follow)
        numbers = run.best_numbers()

        def tick(_dual: float, _value: int | None) -> bool:
            worst = worst_share(run.market, decode(run.model, self.best))
            index = len(run.results)
            progress = Progress("leximin", index, run.watch.stages, worst, MILLION, numbers)
            return run.watch.tell(progress)

        start = self.best if program.keeps(self.best) else None
        return program.minimise(cost, start=start, time_limit=limit, tick=tick)
