"""Assignments improved by moves and exchanges: a search for answers where only seats bind.

Where nothing but `max` ties applicants together (generalised assignment: everybody placed keeps
one session each, with own seats and cost per wish), answers are close to each other: one applicant
moves, or two change places. Simulated annealing over these steps may overfill sessions; each seat
too many costs a charge that falls while the answer fits and rises while it does not, so that the
search crosses the border of what fits again and again. It proves nothing: the bound comes from the
tree. Its numbers are drawn by a generator of its own, so that a run repeats byte for byte.

Sources: S. Kirkpatrick, C. Gelatt and M. Vecchi, Science 220 (1983); for the changing charge M.
Yagiura, T. Ibaraki and F. Glover, INFORMS J. Comput. 16 (2004).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

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


@dataclass(frozen=True)
class Assignment:
    """Placed applicants by sessions: cost and seats of each pair, and the column, -1 for none."""

    cost: Ints
    seats: Ints
    column: Ints
    room: Ints
    at: Ints


def assignment_of(master: Master, cost: Ints, x: Ints) -> Assignment | None:
    """The program as an assignment around the point `x`; None where more than seats binds."""
    model, blocks = master.model, master.blocks
    kinds = {name.partition(":")[0] for name in master.names if name != "stage:placed"}
    if not kinds <= ROWS or len(blocks.item) + len(blocks.z) < len(cost):
        return None
    if model.market.rules.fixed or (blocks.low > 0).any() or not blocks.covers.all():
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
    return Assignment(price, seats, table, blocks.high.astype(np.int64), at)


def improved(
    master: Master, cost: Ints, x: Ints, go_on: Callable[[], bool], runs: int
) -> Ints | None:
    """A better point than `x` for the program, or None; `go_on` is asked between runs."""
    a = assignment_of(master, cost, x)
    if a is None or len(a.at) < 2 or a.cost.shape[1] < 2:
        return None
    spread = float(a.cost[a.column >= 0].std())
    if spread == 0:
        return None
    state = np.array([SEED], np.uint64)
    steps = min(STEPS, STEPS_EACH * len(a.at))
    value = int(a.cost[np.arange(len(a.at)), a.at].sum())
    best, found = a.at.copy(), value
    seats = float(a.seats[a.column >= 0].mean()) or 1.0
    for _ in range(runs):
        at = best.copy()
        free = a.room - np.bincount(
            at, a.seats[np.arange(len(at)), at], minlength=len(a.room)
        ).astype(np.int64)
        found = anneal(
            a.cost, a.seats, a.column, at, free, steps, HOT * spread, COLD * spread,
            spread / seats, state, best, found,
        )  # fmt: skip
        if not go_on():
            break
    if found >= value:
        return None
    point = np.array(master.low, dtype=np.int64)
    point[a.column[np.arange(len(best)), best]] = 1
    point[master.blocks.z[best]] = 1
    return point


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
