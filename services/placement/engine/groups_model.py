"""The integer program of a market: named columns and rows over exact integers.

Columns (all integer, with bounds):
  g[w]  wish w is granted (to one part, if the group may be split)        0..1
  n[w]  people of the part of a split group seated by wish w              0..people
  z[s]  session s runs                                                    0..1, 1 if already open
  y[c]  school c is chosen (only under a cap on schools)                  0..1
  h[a]  applicant a is placed at all (where something depends on it)      0..1

Rows are named by kind and indices, and `docs/market-file.md` gives the formula of each name, so
that a verifier rebuilds a row from the market and its name alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.placement.engine.market import NO_SLOT, Ints, Market
from services.placement.engine.market_filters import Barrier, barriers, overlaps
from services.placement.engine.once import once

INF = 2**62
Floats = NDArray[np.float64]


@dataclass
class Rows:
    """Rows low <= sum(coefficient * column) <= high, in compressed form, each with a name."""

    name: list[str] = field(default_factory=list)
    ptr: list[int] = field(default_factory=lambda: [0])
    col: list[int] = field(default_factory=list)
    val: list[int] = field(default_factory=list)
    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)

    def add(
        self, name: str, terms: list[tuple[int, int]], low: int = -INF, high: int = INF
    ) -> None:
        """Append one row given as (column, coefficient) pairs."""
        self.name.append(name)
        self.low.append(low)
        self.high.append(high)
        for column, value in terms:
            self.col.append(column)
            self.val.append(value)
        self.ptr.append(len(self.col))

    def terms(self, i: int) -> list[tuple[int, int]]:
        """The (column, coefficient) pairs of row `i`."""
        span = range(self.ptr[i], self.ptr[i + 1])
        return [(self.col[k], self.val[k]) for k in span]

    def __len__(self) -> int:
        return len(self.name)


@dataclass
class Model:
    """A market's integer program. `low`/`high` bound the columns; -1 marks an absent column."""

    market: Market
    barrier: list[Barrier | None]
    rows: Rows
    names: list[str]
    low: list[int]
    high: list[int]
    g: Ints
    n: Ints
    z: Ints
    y: Ints
    h: Ints
    #: Other forms of the rows, kept by whoever computes them once for all stages.
    forms: dict[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.low)

    def weights(self, per_person: Ints | None, per_grant: Ints | None = None) -> list[int]:
        """Objective per column from weights per wish: for each person seated, for each grant."""
        cost = [0] * self.columns
        who = self.market.wish_applicant
        people = self.market.applicants.people
        for w in range(len(self.g)):
            column = int(self.g[w])
            if column < 0:
                continue
            if per_grant is not None:
                cost[column] += int(per_grant[w])
            if per_person is not None:
                if self.n[w] >= 0:
                    cost[int(self.n[w])] += int(per_person[w])
                else:
                    cost[column] += int(per_person[w]) * int(people[who[w]])
        return cost

    def people(self, w: int) -> list[tuple[int, int]]:
        """The people seated by wish `w` as terms; empty where it can never be granted."""
        if self.g[w] < 0:
            return []
        if self.n[w] >= 0:
            return [(int(self.n[w]), 1)]
        a = int(self.market.wish_applicant[w])
        return [(int(self.g[w]), int(self.market.applicants.people[a]))]


class _Builder:
    def __init__(self, market: Market) -> None:
        self.market = market
        self.rows = Rows()
        self.names: list[str] = []
        self.low: list[int] = []
        self.high: list[int] = []

    def column(self, name: str, low: int, high: int) -> int:
        self.names.append(name)
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1


def _columns(b: _Builder, blocked: list[Barrier | None]) -> dict[str, Ints]:
    m = b.market
    who, people = m.wish_applicant.tolist(), m.applicants.people.tolist()
    splits = (m.applicants.split_parts > 0).tolist()
    g = np.full(len(m.wishes), -1, np.int64)
    n = np.full(len(m.wishes), -1, np.int64)
    for w, a in enumerate(who):
        if blocked[w] is not None:
            continue
        g[w] = b.column(f"g:{w}", 0, 1)
        if splits[a]:
            n[w] = b.column(f"n:{w}", 0, people[a])
    z = np.array(
        [b.column(f"z:{s}", int(o), 1) for s, o in enumerate(m.sessions.open.tolist())],
        dtype=np.int64,
    )
    y = np.full(len(m.schools), -1, np.int64)
    if m.rules.max_schools is not None:
        for c in range(len(m.schools)):
            y[c] = b.column(f"y:{c}", 0, 1)
    h = np.full(len(m.applicants), -1, np.int64)
    for a in range(len(m.applicants)):
        many = bool(m.applicants.wants[a] > 1)
        together = bool(m.applicants.all_or_none[a]) and (many or splits[a])
        if together or (many and m.rules.max_students is not None):
            h[a] = b.column(f"h:{a}", 0, 1)
    for f in m.rules.fixed:
        if g[f.wish] >= 0:
            b.low[int(g[f.wish])] = 1
        if n[f.wish] >= 0:
            b.low[int(n[f.wish])] = b.high[int(n[f.wish])] = f.people
    return {"g": g, "n": n, "z": z, "y": y, "h": h}


def build(market: Market) -> Model:
    """The model of a market; fixed placements become bounds (see `solve` for impossible ones)."""
    b = _Builder(market)
    blocked = barriers(market)
    c = _columns(b, blocked)
    model = Model(
        market, blocked, b.rows, b.names, b.low, b.high, c["g"], c["n"], c["z"], c["y"], c["h"]
    )
    _applicant_rows(model)
    _session_rows(model)
    _clash_rows(model)
    _cap_rows(model)
    return model


def _applicant_rows(m: Model) -> None:
    x, rows = m.market.applicants, m.rows
    must = m.market.rules.must_place_all
    for a in range(len(x)):
        ws = [w for w in m.market.wishes_of(a) if m.g[w] >= 0]
        grants = [(int(m.g[w]), 1) for w in ws]
        wants, h = int(x.wants[a]), int(m.h[a])
        if x.splits(a):
            people = int(x.people[a])
            seated = [(int(m.n[w]), 1) for w in ws]
            rows.add(f"parts:{a}", grants, high=int(x.split_parts[a]))
            low = people if must else -INF
            rows.add(f"people:{a}", seated, low=low, high=people)
            for w in ws:
                g, n = int(m.g[w]), int(m.n[w])
                rows.add(f"upper:{w}", [(n, 1), (g, -people)], high=0)
                rows.add(f"lower:{w}", [(n, 1), (g, -int(x.split_smallest[a]))], low=0)
            if x.all_or_none[a]:
                rows.add(f"all:{a}", [*seated, (h, -people)], low=0, high=0)
            continue
        rows.add(f"once:{a}", grants, low=wants if must else -INF, high=wants)
        if wants == 1:
            continue
        if x.all_or_none[a]:
            rows.add(f"all:{a}", [*grants, (h, -wants)], low=0, high=0)
        elif h >= 0:
            for w in ws:
                rows.add(f"seated:{w}", [(int(m.g[w]), 1), (h, -1)], high=0)
        for i, w in enumerate(ws):
            for other in ws[i + 1 :]:
                if wishes_collide(m.market, w, other):
                    pair = [(int(m.g[w]), 1), (int(m.g[other]), 1)]
                    rows.add(f"overlap:{w}:{other}", pair, high=1)


def wishes_collide(market: Market, w: int, other: int) -> bool:
    """Whether one applicant cannot have both wishes: a shared session or overlapping slots."""
    x = market.sessions
    for s in market.wishes.stops(w):
        for t in market.wishes.stops(other):
            if s == t:
                return True
            if overlaps(int(x.start[s]), int(x.end[s]), int(x.start[t]), int(x.end[t])):
                return True
    return False


def seat_terms(m: Model) -> list[list[tuple[int, int]]]:
    """For every session the seats taken, as (column, seats) terms."""
    x = m.market.wishes
    out: list[list[tuple[int, int]]] = [[] for _ in range(len(m.market.sessions))]
    ptr, session, seats = x.stop_ptr.tolist(), x.stop_session.tolist(), x.stop_seats.tolist()
    who, people = m.market.wish_applicant.tolist(), m.market.applicants.people.tolist()
    g, n = m.g.tolist(), m.n.tolist()
    for w in range(len(x)):
        if g[w] < 0:
            continue
        for k in range(ptr[w], ptr[w + 1]):
            if seats[k] >= 0:
                out[session[k]].append((g[w], seats[k]))
            elif n[w] >= 0:
                out[session[k]].append((n[w], 1))
            else:
                out[session[k]].append((g[w], people[who[w]]))
    return out


def _session_rows(m: Model) -> None:
    x, rows = m.market.sessions, m.rows
    taken = seat_terms(m)
    lows, highs, opened = x.min.tolist(), x.max.tolist(), x.open.tolist()
    for s, terms in enumerate(taken):
        z = int(m.z[s])
        rows.add(f"max:{s}", [*terms, (z, -highs[s])], high=0)
        if lows[s] > 0 and not opened[s]:
            rows.add(f"min:{s}", [*terms, (z, -lows[s])], low=0)
    ptr, session = m.market.wishes.stop_ptr.tolist(), m.market.wishes.stop_session.tolist()
    for w in range(len(m.g)):
        if m.g[w] < 0:
            continue
        for k in range(ptr[w], ptr[w + 1]):
            s = session[k]
            if not opened[s]:
                rows.add(f"link:{w}:{s}", [(int(m.g[w]), 1), (int(m.z[s]), -1)], high=0)
    for key in range(len(m.market.budget_names)):
        spent: list[tuple[int, int]] = []
        for s in np.nonzero(x.budget == key)[0].tolist():
            spent.append((int(m.z[s]), int(x.fixed_cost[s])))
            spent.extend((c, v * int(x.seat_cost[s])) for c, v in taken[s])
        rows.add(f"budget:{key}", merge(spent), high=int(m.market.budget_limit[key]))
    for key in range(len(m.market.day_names)):
        running = [(int(m.z[s]), 1) for s in np.nonzero(x.day_limit == key)[0].tolist()]
        if len(running) > m.market.day_capacity[key]:
            rows.add(f"day:{key}", running, high=int(m.market.day_capacity[key]))


def merge(terms: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Add up the coefficients of equal columns and leave zeros out."""
    total: dict[int, int] = {}
    for column, value in terms:
        total[column] = total.get(column, 0) + value
    return [(c, v) for c, v in total.items() if v]


@once
def clash_moments(market: Market) -> list[tuple[int, int, list[int]]]:
    """(key, minute, sessions running then) where more sessions share a key than it can carry.

    Intervals overlap in a point exactly when they all contain the latest of their starts, so the
    starts are the only minutes to look at; a set contained in another moment's set is left out.
    """
    x = market.sessions
    members: dict[int, list[int]] = {}
    for s in range(len(x)):
        if x.start[s] != NO_SLOT:
            for key in x.clashes(s):
                members.setdefault(key, []).append(s)
    out: list[tuple[int, int, list[int]]] = []
    for key in sorted(members):
        sets: list[tuple[int, list[int]]] = []
        for t in sorted({int(x.start[s]) for s in members[key]}):
            running = [s for s in members[key] if x.start[s] <= t < x.end[s]]
            if len(running) > market.clash_capacity[key]:
                sets.append((t, running))
        for t, running in sets:
            inside = set(running)
            if not any(u != t and inside < set(other) for u, other in sets):
                out.append((key, t, running))
    return out


def _clash_rows(m: Model) -> None:
    for key, t, running in clash_moments(m.market):
        terms = [(int(m.z[s]), 1) for s in running]
        m.rows.add(f"clash:{key}:{t}", terms, high=int(m.market.clash_capacity[key]))


def _cap_rows(m: Model) -> None:
    rules, x, rows = m.market.rules, m.market.applicants, m.rows
    who = m.market.wish_applicant.tolist()
    if rules.max_schools is not None:
        rows.add("schools", [(int(c), 1) for c in m.y.tolist()], high=rules.max_schools)
        for w, a in enumerate(who):
            if m.g[w] >= 0:
                y = int(m.y[int(x.school[a])])
                rows.add(f"chosen:{w}", [(int(m.g[w]), 1), (y, -1)], high=0)
    if rules.max_students is not None:
        students: list[tuple[int, int]] = []
        for a in range(len(x)):
            if m.h[a] >= 0 and not x.splits(a):
                students.append((int(m.h[a]), int(x.people[a])))
            else:
                for w in m.market.wishes_of(a):
                    students.extend(m.people(w))
        rows.add("students", students, high=rules.max_students)
