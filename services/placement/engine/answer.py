"""The answer to a market: who sits where, what it is worth, and what is claimed about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from services.placement.engine.market import Ints, Market

FORMAT = "ieum.result"
VERSION = 1
MILLION = 1_000_000
#: Applicant, wish and people of every part.
Columns = tuple[Ints, Ints, Ints]


@dataclass(frozen=True, order=True)
class Part:
    """One granted wish: the applicant, the wish (index in the market) and the people seated."""

    applicant: int
    wish: int
    people: int


@dataclass
class StageResult:
    """One stage: its value, the proven limit on it, and what that may be called.

    `value` and `bound` are in the stage's own unit and direction: `placed` and `leximin` are
    maximised (bound >= value), the others minimised (bound <= value). `evidence` is what the
    certificate file carries for the verifier.
    """

    stage: str
    value: int
    bound: int | None
    claim: str
    detail: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Stage, value, bound, claim and details, without the evidence."""
        out: dict[str, Any] = {
            "stage": self.stage,
            "value": self.value,
            "bound": self.bound,
            "claim": self.claim,
        }
        return {**out, **self.detail}


@dataclass(frozen=True)
class Progress:
    """What a run has reached: sent at least twice a second while it works."""

    stage: str
    index: int
    stages: int
    value: int | None
    bound: int | None
    best: dict[str, int]

    @property
    def gap(self) -> float | None:
        """Distance of value and bound as a share of the greater; None while one is missing."""
        if self.value is None or self.bound is None:
            return None
        return abs(self.bound - self.value) / max(1, abs(self.bound), abs(self.value))


def columns_of_parts(parts: Iterable[Part]) -> Columns:
    """Applicant, wish and people of the parts, as three columns."""
    rows = np.array([[p.applicant, p.wish, p.people] for p in parts], dtype=np.int64)
    rows = rows.reshape(-1, 3)
    return rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2].copy()


@dataclass
class Answer:
    """A feasible placement with its stages; build the public form with `to_json`."""

    market: Market
    mode: str
    columns: Columns
    stages: list[StageResult]
    other_mode: dict[str, Any] = field(default_factory=dict)
    comparison: dict[str, Any] = field(default_factory=dict)
    reproducible: bool = True
    engine: str = "groups"
    previous: tuple[Part, ...] | None = None
    evidence_arrays: dict[str, Ints] = field(default_factory=dict)
    #: The answer of the mode that was not chosen, behind the numbers of `other_mode`.
    other: Answer | None = None

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The granted parts as objects, sorted; large answers are better read as columns."""
        rows = zip(*(c.tolist() for c in self.columns), strict=True)
        return tuple(sorted(Part(*row) for row in rows))

    @cached_property
    def by_applicant(self) -> dict[int, list[Part]]:
        """The granted parts of every placed applicant."""
        out: dict[int, list[Part]] = {}
        for part in self.parts:
            out.setdefault(part.applicant, []).append(part)
        return out

    @cached_property
    def taken(self) -> Ints:
        """Seats taken in every session."""
        return seats_taken(self.market, self.parts)

    @cached_property
    def running(self) -> list[bool]:
        """Whether each session runs: somebody sits in it, or it was already open."""
        return used_sessions(self.market, self.parts)

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """The four numbers of the comparison, and the cost."""
        return numbers_of_columns(self.market, *self.columns)

    def to_json(self) -> dict[str, Any]:
        """The whole answer with reasons, school selection and waitlist, as plain data."""
        from services.placement.engine.reasons import Reasons
        from services.placement.engine.report import selection, waitlist

        reasons = Reasons(self)
        return {
            **self.result_json(),
            "unplaced": reasons.unplaced(),
            "schools": selection(self),
            "waitlist": waitlist(self),
        }

    def result_json(self) -> dict[str, Any]:
        """The answer without its explanations: what `result.json` holds."""
        x = self.market
        before = {}
        if self.previous is not None:
            parts = [[x.applicants.id[p.applicant], part_json(x, p)] for p in self.previous]
            before = {"previous": parts}
        return {
            "format": FORMAT,
            "version": VERSION,
            "market": x.hash(),
            "mode": self.mode,
            "engine": self.engine,
            "reproducible": self.reproducible,
            "placements": [
                {
                    "applicant": x.applicants.id[a],
                    "parts": [part_json(x, p) for p in self.by_applicant[a]],
                }
                for a in sorted(self.by_applicant)
            ],
            "open_sessions": [x.sessions.id[s] for s, on in enumerate(self.running) if on],
            "numbers": {**self.numbers, **self.comparison},
            "stages": [s.to_json() for s in self.stages],
            "other_mode": self.other_mode,
            **before,
        }


def part_json(market: Market, part: Part) -> dict[str, Any]:
    """One granted wish: people, wish position in the applicant's own list, and its sessions."""
    first = int(market.applicants.wish_ptr[part.applicant])
    return {
        "people": part.people,
        "wish": part.wish - first,
        "sessions": [market.sessions.id[s] for s in market.wishes.stops(part.wish)],
    }


def read_parts(market: Market, document: Sequence[dict[str, Any]]) -> tuple[Part, ...]:
    """The parts of a `placements` list; raises KeyError or IndexError on unknown names."""
    parts: list[Part] = []
    for row in document:
        a = market.applicant_index[row["applicant"]]
        own = market.wishes_of(a)
        parts.extend(Part(a, own[p["wish"]], int(p["people"])) for p in row["parts"])
    return tuple(sorted(parts))


def seats_taken(market: Market, parts: Iterable[Part]) -> Ints:
    """Seats taken in every session by these parts."""
    taken = np.zeros(len(market.sessions), np.int64)
    for part in parts:
        for s, n in zip(
            market.wishes.stops(part.wish), market.seats(part.wish, part.people), strict=True
        ):
            taken[s] += n
    return taken


def used_sessions(market: Market, parts: Iterable[Part]) -> list[bool]:
    """Whether each session runs: a wish at it is granted, or it was already open."""
    running: list[bool] = market.sessions.open.tolist()
    for part in parts:
        for s in market.wishes.stops(part.wish):
            running[s] = True
    return running


def school_sizes(market: Market) -> Ints:
    """People who asked, per school: head-count times sessions wanted."""
    x = market.applicants
    size = np.zeros(len(market.schools), np.int64)
    np.add.at(size, x.school, x.people * x.wants)
    return size


def school_placed(market: Market, parts: Iterable[Part]) -> Ints:
    """People placed per school."""
    placed = np.zeros(len(market.schools), np.int64)
    for part in parts:
        placed[market.applicants.school[part.applicant]] += part.people
    return placed


def unplaced_shares(market: Market, parts: Iterable[Part]) -> list[tuple[int, int, int]]:
    """(unplaced, size, school) per school, worst share first: the vector leximin orders."""
    size, placed = school_sizes(market), school_placed(market, parts)
    rows = [(int(n - p), int(n), c) for c, (n, p) in enumerate(zip(size, placed, strict=True)) if n]
    return sorted(rows, key=lambda r: (-Fraction(r[0], r[1]), -r[1], r[2]))


def worst_share(market: Market, parts: Iterable[Part]) -> int:
    """Share placed of the worst school, in millionths, rounded down."""
    rows = unplaced_shares(market, parts)
    if not rows:
        return MILLION
    missing, size, _ = rows[0]
    return (size - missing) * MILLION // size


def stage_value(market: Market, stage: str, parts: Sequence[Part], draw: Ints) -> int:
    """Value of one stage for these parts; `draw` is each applicant's place in the lottery."""
    w = market.wishes
    if stage == "placed":
        return sum(p.people for p in parts)
    if stage == "rank":
        return sum(p.people * int(w.rank[p.wish]) for p in parts)
    if stage == "cost":
        return sum(int(w.cost[p.wish]) for p in parts)
    if stage == "lottery":
        return sum(p.people * int(draw[p.applicant]) for p in parts)
    return worst_share(market, parts)


def numbers_of_columns(market: Market, who: Ints, wish: Ints, people: Ints) -> dict[str, Any]:
    """Placed, rank sum, worst school's share (millionths), cost, and applicants placed."""
    x = market.applicants
    size = school_sizes(market)
    got = np.zeros(len(size), np.int64)
    np.add.at(got, x.school[who], people)
    asked = size > 0
    # Shares are compared exactly: floor(got * million / size) is monotone in the true share.
    worst = (got[asked] * MILLION // size[asked]).min(initial=MILLION)
    return {
        "placed": int(people.sum()),
        "rank": int((people * market.wishes.rank[wish]).sum()),
        "cost": int(market.wishes.cost[wish].sum()),
        "worst_school": int(worst),
        "applicants": int((np.bincount(who) > 0).sum()),
        "people": int((x.people * x.wants).sum()),
    }


def numbers(market: Market, parts: Iterable[Part]) -> dict[str, Any]:
    """The numbers of a list of parts."""
    return numbers_of_columns(market, *columns_of_parts(parts))
