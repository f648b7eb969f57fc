"""Assignments improved by moves, exchanges and dives: answers where only seats bind.

Where nothing but `max` ties applicants together (generalised assignment: everybody placed keeps
one session each, with own seats and cost per wish), answers are close to each other: those of a few
sessions are placed anew (`groups_dive`), and where sessions hold many, one applicant moves, or two
change places. Simulated annealing over these steps may overfill sessions; each seat
too many costs a charge that falls while the answer fits and rises while it does not, so that the
search crosses the border of what fits again and again. It proves nothing: the bound comes from the
tree. Its numbers are drawn by a generator of its own, so that a run repeats byte for byte.

Sources: S. Kirkpatrick, C. Gelatt and M. Vecchi, Science 220 (1983); for the changing charge M.
Yagiura, T. Ibaraki and F. Glover, INFORMS J. Comput. 16 (2004).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from services.placement.engine.groups_dive import APPLICANTS, Dives, regrets, seat_prices
from services.placement.engine.groups_master import Master
from services.placement.engine.market import Ints

#: Rows by which a program is an assignment; every other row needs another search.
ROWS = frozenset({"once", "max", "link"})
#: Above so many (applicant, session) pairs the table of wishes would be too large.
PAIRS = 4_000_000
#: Steps of one run, and for each applicant in it.
STEPS, STEPS_EACH = 1_000_000, 10_000
#: The first and last temperature as a share of the spread of costs.
HOT, COLD = 0.1, 0.002
SEED = 88172645463325252
#: Points are given back as long as they have no more columns together than this.
MOST_CELLS = 500_000
#: Nodes of dives in one run, and for each applicant in it.
NODES, NODES_EACH = 1_000_000, 20_000


@dataclass(frozen=True)
class Assignment:
    """Placed applicants by sessions: cost and seats of each pair, and the column, -1 for none.

    `who` is the applicant of each row, `at` where it sits.
    """

    who: Ints
    cost: Ints
    seats: Ints
    column: Ints
    room: Ints
    at: Ints


def seats_only(rows: Iterable[str]) -> bool:
    """Whether rows of these names tie applicants together by nothing but sessions' seats."""
    return {name.partition(":")[0] for name in rows if name != "stage:placed"} <= ROWS


def fits(master: Master) -> bool:
    """Whether a program is an assignment."""
    blocks = master.blocks
    free = not master.model.market.rules.fixed and not (blocks.low > 0).any()
    return free and bool(blocks.covers.all()) and seats_only(master.names)


def assigned(master: Master) -> bool:
    """Whether everybody has to be placed as well: a generalised assignment."""
    return master.model.market.rules.must_place_all and fits(master)


def assignment_of(master: Master, cost: Ints, x: Ints) -> Assignment | None:
    """The program as an assignment around the point `x`; None where more than seats binds."""
    model, blocks = master.model, master.blocks
    if not fits(master) or len(blocks.item) + len(blocks.z) < len(cost):
        return None
    wish = np.full(len(cost), -1, np.int64)
    there = np.nonzero(model.g >= 0)[0]
    wish[model.g[there]] = there
    who = model.market.wish_applicant[wish[blocks.item]]
    session = np.repeat(np.arange(len(blocks)), np.diff(blocks.ptr))
    taken = x[blocks.item] > 0
    count = np.bincount(who[taken], minlength=len(model.market.applicants))
    if len(blocks) * int((count > 0).sum()) > PAIRS or count.max(initial=0) > 1:
        return None
    row = np.where(count > 0, np.cumsum(count > 0) - 1, -1)[who]
    used = row >= 0
    shape = (int(count.sum()), len(blocks))
    table = np.full(shape, -1, np.int64)
    table[row[used], session[used]] = blocks.item[used]
    price, seats = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    price[row[used], session[used]] = cost[blocks.item[used]]
    seats[row[used], session[used]] = blocks.seats[used]
    at = np.zeros(shape[0], np.int64)
    at[row[taken]] = session[taken]
    # A session may cost something by itself; then where people sit is not all that counts.
    if cost[blocks.z].any() or (used.sum() > (table >= 0).sum()):
        return None
    placed = np.nonzero(count > 0)[0]
    return Assignment(placed, price, seats, table, blocks.high.astype(np.int64), at)


def improved(
    master: Master, cost: Ints, x: Ints, go_on: Callable[[int], bool], runs: int
) -> list[Ints]:
    """Points for the program, the best of them last: better than `x`, or as good.

    `go_on` hears the least cost so far between runs and answers whether to continue.
    """
    a = assignment_of(master, cost, x)
    if a is None or len(a.at) < 2 or a.cost.shape[1] < 2:
        return []
    there = a.column >= 0
    spread = float(a.cost[there].std())
    dear = np.where(there, a.cost, np.iinfo(np.int64).min).max(axis=1)
    if (dear == np.where(there, a.cost, np.iinfo(np.int64).max).min(axis=1)).all():
        # Wherever one sits costs the same.
        return []
    state = np.array([SEED], np.uint64)
    price = seat_prices(a.cost, a.seats, there, a.room)
    regret = regrets(a.cost, a.seats, there, price)
    dives = Dives(a.cost, a.seats, a.room, regret, price, a.at.copy(), state)
    crowded = len(a.at) > APPLICANTS * a.cost.shape[1]
    for run in range(runs):
        if crowded and run % 2 == 0:
            best = _annealed(a, spread, dives.best, dives.value, state)
            dives = Dives(a.cost, a.seats, a.room, regret, price, best, state)
        else:
            dives.go(min(NODES, NODES_EACH * len(a.at)))
        if not go_on(dives.value):
            break
    points: list[Ints] = []
    for at in dives.answers[-max(1, MOST_CELLS // len(x)) :]:
        point = np.array(master.low, dtype=np.int64)
        point[a.column[np.arange(len(at)), at]] = 1
        point[master.blocks.z[at]] = 1
        points.append(point)
    return points


def _annealed(
    a: Assignment, spread: float, begin: Ints, value: int, state: NDArray[np.uint64]
) -> Ints:
    """The best answer met by annealing from `begin`, which costs `value`."""
    at, best = begin.copy(), begin.copy()
    taken = np.bincount(at, a.seats[np.arange(len(at)), at], minlength=len(a.room))
    free = a.room - taken.astype(np.int64)
    steps = min(STEPS, STEPS_EACH * len(at))
    seats = float(a.seats[a.column >= 0].mean()) or 1.0
    anneal(
        a.cost, a.seats, a.column, at, free, steps, HOT * spread, COLD * spread,
        spread / seats, state, best, value,
    )  # fmt: skip
    return best


@njit(cache=True)
def _draw(state):  # type: ignore[no-untyped-def]
    """The next number of a 64-bit xorshift generator (G. Marsaglia 2003)."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return x


@njit(cache=True)
def anneal(cost, seats, column, at, free, steps, hot, cold, charge, state, best, found):  # type: ignore[no-untyped-def]
    """Anneal from `at`; writes the best answer that fits into `best` and returns its cost."""
    people, sessions = cost.shape
    total, over = 0, 0
    for who in range(people):
        total += cost[who, at[who]]
    for where in range(sessions):
        over += max(0, -free[where])
    fall = (cold / hot) ** (1.0 / steps)
    heat = hot
    for step in range(steps):
        heat *= fall
        if step % 1000 == 999:
            charge *= 0.99 if over == 0 else 1.01
        r = _draw(state)
        i = np.int64(r % np.uint64(people))
        r = r // np.uint64(people)
        s, k = at[i], np.int64(-1)
        if r % np.uint64(2) == np.uint64(1):
            t = np.int64((r // np.uint64(2)) % np.uint64(sessions))
        else:
            k = np.int64((r // np.uint64(2)) % np.uint64(people))
            t = at[k]
        if t == s or column[i, t] < 0 or (k >= 0 and column[k, s] < 0):
            continue
        more = cost[i, t] - cost[i, s]
        left, right = free[s] + seats[i, s], free[t] - seats[i, t]
        if k >= 0:
            more += cost[k, s] - cost[k, t]
            left -= seats[k, s]
            right += seats[k, t]
        extra = max(0, -left) + max(0, -right) - max(0, -free[s]) - max(0, -free[t])
        worse = more + charge * extra
        if worse > 0:
            chance = np.float64(_draw(state) >> np.uint64(11)) / 9007199254740992.0
            if chance >= np.exp(-worse / heat):
                continue
        at[i], free[s], free[t] = t, left, right
        if k >= 0:
            at[k] = s
        total += more
        over += extra
        if over == 0 and total < found:
            found = total
            best[:] = at
    return found
