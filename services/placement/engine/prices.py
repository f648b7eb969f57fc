"""Why not? Facts behind a refusal, read from the prices of the stages without a second solve.

Pure functions over an answer and its evidence (`docs/engine-flow.md`); the sentences are made
elsewhere. All arrays are int64 unless said otherwise; -1 means "none".

Source: the prices are the dual solution of a minimum-cost flow, e.g. R. Ahuja, T. Magnanti and
J. Orlin, Network Flows (1993), chapter 9.4; L. Shapley and M. Shubik, Int. J. Game Theory 1 (1971)
for prices of indivisible seats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from services.placement.engine.flow import FlowAnswer, FlowMarket

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SealedRegion:
    """Sessions that no free seat can help an applicant reach: all full, all their people bound.

    `people` are seated there and wish for no session outside; `seats` is what the sessions hold.
    """

    sessions: Array
    people: Array
    seats: int


@dataclass(frozen=True, eq=False)
class WishPrice:
    """What granting one wish would cost others.

    `steps` is the rank sum that seating one more person there costs the others, as the stage
    `rank` prices it; the chain names `movers` and the wishes they would move to (`to_wish`), and
    the last of them either reaches a free seat (`leaver` -1) or `leaver` would stay unplaced.
    """

    steps: int
    movers: Array
    to_wish: Array
    leaver: int


@dataclass(frozen=True, eq=False)
class Cutoff:
    """The lottery cut-off at a session among equals.

    `position` and `last` are the places in the lottery order (0 first) of the applicant and of the
    last one seated there with the same rank; `last_applicant` is who that is, -1 for nobody.
    """

    position: int
    last: int
    last_applicant: int


@njit(cache=True)
def _closed_region(
    wish_start: Array,
    wish_session: Array,
    member_start: Array,
    member: Array,
    seeds: Array,
) -> Array:
    """Sessions reachable from `seeds` by anybody's wishes, ascending."""
    seen = np.zeros(len(member_start) - 1, np.bool_)
    stack = np.empty(len(seen), np.int64)
    top = 0
    for s in seeds:
        if not seen[s]:
            seen[s] = True
            stack[top] = s
            top += 1
    while top > 0:
        top -= 1
        s = stack[top]
        for p in range(member_start[s], member_start[s + 1]):
            i = member[p]
            for w in range(wish_start[i], wish_start[i + 1]):
                t = wish_session[w]
                if not seen[t]:
                    seen[t] = True
                    stack[top] = t
                    top += 1
    return np.nonzero(seen)[0]


class Prices:
    """Reads facts from one answer. `market` and `answer` as given to and by `solve_flow`."""

    def __init__(self, market: FlowMarket, answer: FlowAnswer) -> None:
        self.market = market
        self.answer = answer
        self.evidence: Mapping[str, Array] = answer.evidence
        sessions = len(market.capacity)
        seated = np.nonzero(answer.seat_wish >= 0)[0]
        at = market.wish_session[answer.seat_wish[seated]]
        self.taken = np.bincount(at, minlength=sessions)
        self.member = seated[np.argsort(at, kind="stable")]
        self.member_start = np.concatenate([[0], np.cumsum(self.taken)]).astype(np.int64)
        self.free = market.capacity - self.taken

    def people(self, session: int) -> Array:
        """Applicants seated at a session, by index."""
        return self.member[self.member_start[session] : self.member_start[session + 1]]

    def sealed_region(self, applicant: int) -> SealedRegion | None:
        """The smallest sealed region around an unplaced applicant's wishes, or None if not sealed.

        It proves by counting that nobody could be placed in addition: its people and this
        applicant wish for nothing outside, and its seats are all taken.
        """
        m = self.market
        wishes = m.wish_session[m.wish_start[applicant] : m.wish_start[applicant + 1]]
        if len(wishes) == 0:
            return None
        region = _closed_region(
            m.wish_start, m.wish_session, self.member_start, self.member, wishes.astype(np.int64)
        )
        if (self.free[region] > 0).any():
            return None
        people = np.sort(np.concatenate([self.people(int(s)) for s in region]))
        return SealedRegion(region, people, int(m.capacity[region].sum()))

    def wish_price(self, wish: int) -> WishPrice:
        """What granting `wish` to its unplaced or otherwise seated owner would cost the others.

        A cheapest chain in ranks, found along arcs of zero reduced cost where a chain to a free
        seat exists; else the seat of the person with the greatest cost plus price is needed.
        """
        m = self.market
        price = self.evidence["rank"]
        target = int(m.wish_session[wish])
        owner = int(np.searchsorted(m.wish_start, wish, side="right")) - 1
        came: dict[int, tuple[int, int]] = {target: (-1, -1)}
        queue = [target]
        end, leaver = -1, -1
        fixed = m.fixed
        for s in queue:
            if self.free[s] > 0:
                end = s
                break
            for i in self.people(s).tolist():
                if i == owner or (fixed is not None and fixed[i] >= 0):
                    continue
                mine = int(self.answer.seat_wish[i])
                full = int(m.wish_rank[mine]) + int(price[s])
                if full == 0 and self.evidence["placed"][s] > 0:
                    end, leaver = s, i
                    break
                for w in range(int(m.wish_start[i]), int(m.wish_start[i + 1])):
                    t = int(m.wish_session[w])
                    if t not in came and int(m.wish_rank[w]) + int(price[t]) == full:
                        came[t] = (s, w)
                        queue.append(t)
            if end >= 0:
                break
        movers: list[int] = []
        wishes: list[int] = []
        s = end
        while s >= 0 and came[s][0] >= 0:
            s, w = came[s]
            wishes.append(w)
            movers.append(int(np.searchsorted(m.wish_start, w, side="right")) - 1)
        return WishPrice(
            int(price[target]),
            np.array(movers[::-1], np.int64),
            np.array(wishes[::-1], np.int64),
            leaver,
        )

    def lottery_cutoff(self, wish: int) -> Cutoff:
        """The applicant's and the cut-off lottery place at the session of `wish`, equal ranks."""
        m = self.market
        owner = int(np.searchsorted(m.wish_start, wish, side="right")) - 1
        people = self.people(int(m.wish_session[wish]))
        same = people[m.wish_rank[self.answer.seat_wish[people]] == m.wish_rank[wish]]
        last = int(same[np.argmax(self.answer.position[same])]) if len(same) else -1
        return Cutoff(
            int(self.answer.position[owner]),
            int(self.answer.position[last]) if last >= 0 else -1,
            last,
        )

    def envied(self, wish: int) -> Array:
        """People at the session of `wish` who rank it no better and have a worse lottery number.

        These are whom its owner could envy; the rule that overrode the lottery is the first stage
        in which exchanging the two would make the answer worse.
        """
        m = self.market
        owner = int(np.searchsorted(m.wish_start, wish, side="right")) - 1
        people = self.people(int(m.wish_session[wish]))
        rank = m.wish_rank[self.answer.seat_wish[people]]
        later = self.answer.position[people] > self.answer.position[owner]
        envied: Array = people[later & (rank >= m.wish_rank[wish])]
        return envied
