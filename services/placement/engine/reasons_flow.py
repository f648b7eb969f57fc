"""Reasons in markets of persons alone, read from the flow's prices.

An unplaced person of a `max` answer is always in a *sealed region*: her sessions, and all that the
people seated there wish for, are full, so nobody could be placed in addition by any exchange. Who
is placed but not as wished is told the *price*: how many rank steps her seat there would cost the
others at least, everybody placed staying placed. It is the length of a shortest chain of people who
each take another of their wishes, from the session to a free seat or to the seat that she leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from services.placement.engine.answer import Answer
from services.placement.engine.flow import FlowAnswer
from services.placement.engine.market import Ints
from services.placement.engine.market_filters import barred
from services.placement.engine.prices import Prices
from services.placement.engine.solve_individuals import flow_market, person_columns

FAR = np.int64(1) << 60
#: Codes of the columns written for large markets, by their number there.
CODES = ("barred", "sealed", "precedence")


@dataclass(frozen=True)
class Sealed:
    """Sessions of a sealed region, the seats there, and the people who fill them."""

    sessions: list[int]
    seats: int


class FlowReasons:
    """Facts about one flow answer; needs the evidence of the stages `placed` and `rank`."""

    def __init__(self, answer: Answer, draw: Ints) -> None:
        market = answer.market
        self.columns = person_columns(market)
        self.place = np.full(len(market.wishes), -1, np.int64)
        self.place[self.columns.wish] = np.arange(len(self.columns.wish))
        seat = np.full(len(market.applicants), -1, np.int64)
        who, wish, _ = answer.columns
        seat[who] = self.place[wish]
        found = FlowAnswer(seat, {}, answer.evidence_arrays, (), draw)
        self.prices = Prices(flow_market(market, self.columns, draw), found)
        self.stages = market.rules.stages
        self.held = np.zeros(len(market.applicants), np.bool_)
        self.held[[f.applicant for f in market.rules.fixed]] = True
        self._from: dict[int, Ints] = {}

    def sealed(self, a: int) -> Sealed | None:
        """The sealed region around an unplaced person, or None."""
        region = self.prices.sealed_region(a)
        if region is None:
            return None
        return Sealed([int(s) for s in region.sessions], region.seats)

    def price(self, a: int, w: int) -> int | None:
        """Rank steps that granting wish `w` to the seated `a` costs others; None if not possible.

        Nothing is known where another stage than `rank` follows `placed`: then ranks alone do not
        decide.
        """
        if self.stages[:2] != ("placed", "rank"):
            return None
        market, seat = self.prices.market, self.prices.answer.seat_wish
        own = int(seat[a])
        if own < 0:
            return None
        target, left = (int(market.wish_session[i]) for i in (self.place[w], own))
        if target not in self._from:
            self._from[target] = chain_costs(
                target, market.wish_start, market.wish_session, market.wish_rank, seat,
                self.prices.member_start, self.prices.member, self.held,
            )  # fmt: skip
        far = self._from[target]
        ends = far[(self.prices.free > 0) | (np.arange(len(far)) == left)]
        least = int(ends.min(initial=FAR))
        return least if least < FAR else None


@njit(cache=True)
def chain_costs(  # type: ignore[no-untyped-def]
    source, wish_start, wish_session, wish_rank, seat, member_start, member, held
):
    """Least rank steps by which somebody leaves `source` for each session, by chains of people.

    Labels are corrected first in, first out (Bellman 1958): no cycle has a negative cost, since
    the answer has the least rank sum. FAR where no chain leads.
    """
    count = len(member_start) - 1
    far = np.full(count, FAR, np.int64)
    waiting = np.zeros(count, np.bool_)
    queue = np.empty(count, np.int64)
    far[source], waiting[source], queue[0] = 0, True, source
    head, size = 0, 1
    while size > 0:
        s = queue[head]
        head = (head + 1) % count
        size -= 1
        waiting[s] = False
        for p in range(member_start[s], member_start[s + 1]):
            i = member[p]
            if held[i]:
                continue
            base = far[s] - wish_rank[seat[i]]
            for w in range(wish_start[i], wish_start[i + 1]):
                t = wish_session[w]
                if base + wish_rank[w] < far[t]:
                    far[t] = base + wish_rank[w]
                    if not waiting[t]:
                        waiting[t] = True
                        queue[(head + size) % count] = t
                        size += 1
    return far


def has_prices(answer: Answer) -> bool:
    """Whether the answer carries the flow's prices."""
    return answer.engine == "flow" and "placed" in answer.evidence_arrays


def reason_columns(answer: Answer) -> dict[str, Any]:
    """For large markets: one row for each wish of each person who is not placed.

    `applicant`, `wish` (position in her list), `code` (index into `codes`), and `price`: the rank
    price of the session where there is one, else 0.
    """
    market = answer.market
    unplaced = np.ones(len(market.applicants), np.bool_)
    unplaced[answer.columns[0]] = False
    wishes = np.nonzero(unplaced[market.wish_applicant])[0]
    who = market.wish_applicant[wishes]
    session = market.wishes.stop_session[wishes]
    usual = CODES.index("sealed" if has_prices(answer) else "precedence")
    code = np.where(barred(market)[wishes], CODES.index("barred"), usual)
    price = np.zeros(len(wishes), np.int64)
    if "rank" in answer.evidence_arrays:
        price = answer.evidence_arrays["rank"][session].astype(np.int64)
    return {
        "codes": np.array([c.encode() for c in CODES]),
        "applicant": who,
        "wish": wishes - market.applicants.wish_ptr[who],
        "code": code.astype(np.int8),
        "price": price,
    }
