"""Assignments improved by exact dives: who sits in a few sessions is placed anew, all at once.

Idea. A price for each session's seats makes every place comparable: its cost and the price of the
seats it takes, less the least such sum of the same applicant, is its *regret*. An answer costs a
constant, the regrets of all places and the price of all seats left empty; so of those who sit in a
few sessions only the places with small regrets need to be tried, and a depth-first search over them
is exact and short. Where no few sessions offer anything better, the regrets are shaken: a round of
dives under noise, a round without, and back to where it began if that led to something worse.

It proves nothing: the bound comes from the tree. Numbers are drawn by a generator of its own and
work is counted in nodes, so that a run repeats byte for byte.

Sources: P. Shaw's large neighbourhoods (1998); noising by I. Charon and O. Hudry, Operations
Research Letters 14 (1993); prices by M. Held, P. Wolfe and H. Crowder, Mathematical Programming 6
(1974).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from services.placement.engine.market import Ints

Floats = NDArray[np.float64]
#: The regret of a place that does not exist.
NOWHERE = 1e18
#: Steps that look for prices, as long as that is not more work than this.
STEPS, WORK = 2000, 50_000_000
#: A dive takes at least so many sessions, and about as many applicants at most.
FEWEST, APPLICANTS = 2, 35
#: Sessions of more applicants than this are left alone.
CROWD = 400
#: A dive ends after so many nodes, a round after so many dives without gain.
NODES, TRIES = 20_000, 100
#: Dives under noise at the beginning of a round, and its least size in median second regrets; a
#: round has once, twice, four or eight times that.
SHAKES, NOISE = 6, 0.75
#: A round may end with an answer that is dearer by this share of the least noise.
SLACK = 1.0
#: The ends of so many rounds are remembered.
ENDS = 40
#: Parts of `Dives.count`: tries without gain, shakes done, cost where the round began, best cost,
#: by how much a round may end dearer, and rounds ended.
TRIED, SHAKEN, BEGAN, BEST, DEARER, ENDED = 0, 1, 2, 3, 4, 5


@dataclass
class Dives:
    """A search that can be interrupted: `go` works for a number of nodes, `best` is what it has."""

    cost: Ints
    seats: Ints
    room: Ints
    regret: Floats
    price: Floats
    at: Ints
    state: NDArray[np.uint64]
    noisy: Floats = field(init=False)
    free: Ints = field(init=False)
    best: Ints = field(init=False)

    def __post_init__(self) -> None:
        who = np.arange(len(self.at))
        taken = np.bincount(self.at, self.seats[who, self.at], minlength=len(self.room))
        self.free = self.room - taken.astype(np.int64)
        self.best, self.noisy = self.at.copy(), self.regret.copy()
        self.began, self.began_free = self.at.copy(), self.free.copy()
        value = int(self.cost[who, self.at].sum())
        people, sessions = self.cost.shape
        second = np.partition(self.regret, 1, axis=1)[:, 1]
        some = second[second < NOWHERE]
        self.noise = NOISE * float(np.median(some)) if len(some) else 0.0
        dearer = 1 + int(SLACK * self.noise)
        self.count = np.array([0, SHAKES, value, value, dearer, 0], np.int64)
        self.ends = np.zeros((ENDS, people), np.int64)
        self.most = 1 + max(FEWEST, min(sessions, APPLICANTS * sessions // people))

    @property
    def value(self) -> int:
        """Cost of the best answer."""
        return int(self.count[BEST])

    @property
    def answers(self) -> list[Ints]:
        """The ends of the last rounds, and the best answer."""
        return [*self.ends[: min(ENDS, int(self.count[ENDED]))], self.best]

    def go(self, nodes: int) -> None:
        """Work for about so many nodes."""
        _go(
            self.cost, self.regret, self.noisy, self.seats, self.price, self.at, self.free,
            self.began, self.began_free, self.best, self.ends, self.count, self.state,
            nodes, self.most, self.noise,
        )  # fmt: skip


def seat_prices(cost: Ints, seats: Ints, there: NDArray[np.bool_], room: Ints) -> Floats:
    """A price for each session's seats by steps along who has too few (Held, Wolfe, Crowder)."""
    rounds = max(20, min(STEPS, WORK // max(1, cost.size)))
    return np.asarray(_prices(cost, seats, there, room, rounds), dtype=np.float64)


def regrets(cost: Ints, seats: Ints, there: NDArray[np.bool_], price: Floats) -> Floats:
    """What each place costs more than the applicant's best, at these prices."""
    full = np.where(there, cost + price * seats, NOWHERE)
    best = full.min(axis=1)
    return np.where(there, full - best[:, None], NOWHERE)


@njit(cache=True)
def _prices(cost, seats, there, room, rounds):  # type: ignore[no-untyped-def]
    """Subgradient steps; the prices with the best bound."""
    people, sessions = cost.shape
    price, best_price = np.zeros(sessions), np.zeros(sessions)
    best, factor, waited = -1e300, 2.0, 0
    for _ in range(rounds):
        over = np.zeros(sessions)
        value = 0.0
        for s in range(sessions):
            over[s] = -room[s]
            value -= price[s] * room[s]
        for i in range(people):
            pick, least = -1, 0.0
            for s in range(sessions):
                if there[i, s]:
                    v = cost[i, s] + price[s] * seats[i, s]
                    if pick < 0 or v < least:
                        pick, least = s, v
            if pick >= 0:
                over[pick] += seats[i, pick]
                value += least
        if value > best:
            best, waited = value, 0
            best_price[:] = price
        else:
            waited += 1
            if waited >= 20:
                factor, waited = factor * 0.7, 0
                price[:] = best_price
        size = 0.0
        for s in range(sessions):
            size += over[s] * over[s]
        if size == 0 or factor < 1e-4:
            break
        step = factor * max(1.0, abs(best)) * 0.01 / size
        for s in range(sessions):
            price[s] = max(0.0, price[s] + step * over[s])
    return best_price


@njit(cache=True)
def _next(x):  # type: ignore[no-untyped-def]
    """The next number of a 64-bit xorshift generator (G. Marsaglia 2003)."""
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    return x


@njit(cache=True)
def _dive(regret, seats, price, at, free, chosen, gain):  # type: ignore[no-untyped-def]
    """Place anew who sits in the `chosen` sessions, cheaper by `gain` at least.

    Answers (found, nodes); `at` and `free` change only where it found something.
    """
    people, sessions = regret.shape
    k = len(chosen)
    inside = np.zeros(sessions, np.bool_)
    for s in chosen:
        inside[s] = True
    jobs = np.empty(people, np.int64)
    count = 0
    for i in range(people):
        if inside[at[i]]:
            jobs[count] = i
            count += 1
    if count == 0 or count > CROWD:
        return False, people
    room = np.empty(k, np.int64)
    goal = -gain
    for q in range(k):
        s = chosen[q]
        room[q] = free[s]
        goal += price[s] * free[s]
        for z in range(count):
            if at[jobs[z]] == s:
                room[q] += seats[jobs[z], s]
                goal += regret[jobs[z], s]
    # Each applicant's places by regret, and first those who have most to lose.
    order = np.empty((count, k), np.int64)
    urgency, least = np.empty(count), np.empty(count)
    for z in range(count):
        own = regret[jobs[z]]
        for q in range(k):
            p = q
            while p > 0 and own[chosen[order[z, p - 1]]] > own[chosen[q]]:
                order[z, p] = order[z, p - 1]
                p -= 1
            order[z, p] = q
        least[z] = own[chosen[order[z, 0]]]
        urgency[z] = least[z] - own[chosen[order[z, 1]]] if k > 1 else 0.0
    turn = np.empty(count, np.int64)
    for z in range(count):
        p = z
        while p > 0 and urgency[turn[p - 1]] > urgency[z]:
            turn[p] = turn[p - 1]
            p -= 1
        turn[p] = z
    rest = np.zeros(count + 1)
    for d in range(count - 1, -1, -1):
        rest[d] = rest[d + 1] + least[turn[d]]
    pick = np.full(count, -1, np.int64)
    have, d, nodes = 0.0, 0, 0
    while d >= 0 and nodes < NODES:
        nodes += 1
        z = turn[d]
        i = jobs[z]
        if pick[d] >= 0:
            q = order[z, pick[d]]
            room[q] += seats[i, chosen[q]]
            have -= regret[i, chosen[q]]
        pick[d] += 1
        if pick[d] == k or have + regret[i, chosen[order[z, pick[d]]]] + rest[d + 1] > goal:
            pick[d] = -1
            d -= 1
            continue
        q = order[z, pick[d]]
        room[q] -= seats[i, chosen[q]]
        have += regret[i, chosen[q]]
        if room[q] < 0:
            continue
        if d + 1 < count:
            d += 1
            continue
        total = have
        for p in range(k):
            total += price[chosen[p]] * room[p]
        if total <= goal:
            for e in range(count):
                at[jobs[turn[e]]] = chosen[order[turn[e], pick[e]]]
            for p in range(k):
                free[chosen[p]] = room[p]
            return True, nodes + people
    return False, nodes + people


@njit(cache=True)
def _go(  # type: ignore[no-untyped-def]
    cost, regret, noisy, seats, price, at, free, began, began_free, best, ends, count, state,
    work, most, noise,
):  # fmt: skip
    """Dives until so much work is done; all that the next call needs is in the arrays."""
    people, sessions = cost.shape
    chosen = np.arange(sessions)
    x = state[0]
    while work > 0:
        x = _next(x)
        k = min(sessions, FEWEST + np.int64((x >> np.uint64(20)) % np.uint64(most - FEWEST + 1)))
        for q in range(k):
            x = _next(x)
            p = q + np.int64(x % np.uint64(sessions - q))
            chosen[q], chosen[p] = chosen[p], chosen[q]
        if count[SHAKEN] < SHAKES:
            _, nodes = _dive(noisy, seats, price, at, free, chosen[:k], 1e-6)
            count[SHAKEN] += 1
            work -= nodes
            continue
        found, nodes = _dive(regret, seats, price, at, free, chosen[:k], 0.999)
        work -= nodes
        count[TRIED] = 0 if found else count[TRIED] + 1
        if count[TRIED] < TRIES:
            continue
        value = _kept(cost, at, best, count)
        ends[count[ENDED] % ENDS] = at
        count[ENDED] += 1
        if value <= count[BEGAN] + count[DEARER]:
            count[BEGAN] = value
            began[:] = at
            began_free[:] = free
        else:
            at[:] = began
            free[:] = began_free
        count[TRIED], count[SHAKEN] = 0, 0
        x = _next(x)
        size = noise * 2.0 ** np.float64((x >> np.uint64(20)) % np.uint64(4))
        for i in range(people):
            for s in range(sessions):
                x = _next(x)
                noisy[i, s] = regret[i, s] + size * (np.float64(x >> np.uint64(11)) / 2.0**53)
    _kept(cost, at, best, count)
    state[0] = x


@njit(cache=True)
def _kept(cost, at, best, count):  # type: ignore[no-untyped-def]
    """The cost of the answer in hand, which is kept where it is the best."""
    value = 0
    for i in range(len(at)):
        value += cost[i, at[i]]
    if value < count[BEST]:
        count[BEST] = value
        best[:] = at
    return value
