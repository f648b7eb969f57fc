"""Serial acceptance as one compiled pass, for markets where each group wants one session.

The same rules in the same order as the general pass of `groups_serial`: the closed, the full, the
team that is busy. Where bundles, several sessions, split groups, budgets, day limits or caps are in
play, the general pass is used.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numba import njit

from services.placement.engine.groups_state import Static
from services.placement.engine.market import Ints, Market


def plain(market: Market) -> bool:
    """Whether the compiled pass knows every rule of the market."""
    a, rules = market.applicants, market.rules
    alone = bool((a.wants == 1).all() and (a.split_parts == 0).all())
    stops = len(market.wishes.stop_session) == len(market.wishes)
    caps = rules.max_schools is None and rules.max_students is None
    return alone and stops and caps and not len(market.budget_names) and not len(market.day_names)


@njit(cache=True)
def _accept(  # type: ignore[no-untyped-def]
    order, wish_ptr, wish_order, session, seats, barred, closed, most,
    moment_ptr, moment, capacity, running, at_moment, taken, grants, seat,
):  # fmt: skip
    """Seat everyone in order; fills `seat` (wish or -1) and the counts."""
    for a in order:
        if seat[a] >= 0:
            continue
        for k in range(wish_ptr[a], wish_ptr[a + 1]):
            w = wish_order[k]
            s = session[w]
            if barred[w] or closed[s] or taken[s] + seats[w] > most[s]:
                continue
            if not running[s]:
                busy = False
                for i in range(moment_ptr[s], moment_ptr[s + 1]):
                    busy = busy or at_moment[moment[i]] + 1 > capacity[moment[i]]
                if busy:
                    continue
                running[s] = True
                for i in range(moment_ptr[s], moment_ptr[s + 1]):
                    at_moment[moment[i]] += 1
            taken[s] += seats[w]
            grants[s] += 1
            seat[a] = w
            break


class Plain:
    """A market's columns as the pass takes them; `run` seats everyone with some sessions closed."""

    def __init__(self, market: Market, static: Static, order: list[int]) -> None:
        self.market, self.order = market, np.array(order, dtype=np.int64)
        w, x = market.wishes, market.applicants
        owner = market.wish_applicant
        self.seats = np.where(w.stop_seats < 0, x.people[owner], w.stop_seats)
        # The wishes of everyone by rank, then by place in the list.
        self.wish_order = np.lexsort((np.arange(len(w)), w.rank, owner)).astype(np.int64)
        self.barred = np.array([b is not None for b in static.barrier], dtype=np.bool_)
        sizes = [len(m) for m in static.moments_of]
        self.moment_ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.moment = np.array([i for m in static.moments_of for i in m], dtype=np.int64)
        keys = [key for key, _, _ in static.moments]
        self.capacity = market.clash_capacity[np.array(keys, dtype=np.int64)]

    def run(self, closed: Iterable[int]) -> tuple[Ints, Ints]:
        """Seats taken and grants of every session."""
        m = self.market
        count, shut = len(m.sessions), np.zeros(len(m.sessions), np.bool_)
        shut[list(closed)] = True
        taken, grants = np.zeros(count, np.int64), np.zeros(count, np.int64)
        seat = np.full(len(m.applicants), -1, np.int64)
        for f in m.rules.fixed:
            s = int(m.wishes.stop_session[f.wish])
            seat[f.applicant] = f.wish
            taken[s] += int(self.seats[f.wish])
            grants[s] += 1
        running = m.sessions.open | (grants > 0)
        at_moment = np.zeros(len(self.capacity), np.int64)
        for s in np.nonzero(running)[0].tolist():
            at_moment[self.moment[self.moment_ptr[s] : self.moment_ptr[s + 1]]] += 1
        _accept(
            self.order, m.applicants.wish_ptr, self.wish_order, m.wishes.stop_session, self.seats,
            self.barred, shut, m.sessions.max, self.moment_ptr, self.moment, self.capacity,
            running, at_moment, taken, grants, seat,
        )  # fmt: skip
        return taken, grants
