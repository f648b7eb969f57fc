"""Reasons in markets of persons alone, read from the flow's prices.

An unplaced person of a `max` answer is always in a *sealed region*: her sessions, and all that the
people seated there wish for, are full, so nobody could be placed in addition by any exchange. Who
is placed but not as wished is told the *price*: how many rank steps her seat there would cost the
others, which is what made the whole better without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.placement.engine.answer import Answer
from services.placement.engine.flow import FlowAnswer
from services.placement.engine.market import Ints
from services.placement.engine.market_filters import barred
from services.placement.engine.prices import Prices
from services.placement.engine.solve_individuals import PersonColumns, flow_market

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
        self.columns = PersonColumns(market)
        self.place = np.full(len(market.wishes), -1, np.int64)
        self.place[self.columns.wish] = np.arange(len(self.columns.wish))
        seat = np.full(len(market.applicants), -1, np.int64)
        who, wish, _ = answer.columns
        seat[who] = self.place[wish]
        found = FlowAnswer(seat, {}, answer.evidence_arrays, (), draw)
        self.prices = Prices(flow_market(market, self.columns, draw), found)

    def sealed(self, a: int) -> Sealed | None:
        """The sealed region around an unplaced person, or None."""
        region = self.prices.sealed_region(a)
        if region is None:
            return None
        return Sealed([int(s) for s in region.sessions], region.seats)

    def price(self, w: int) -> int | None:
        """Rank steps that granting wish `w` would cost others; None in a sealed region."""
        evidence = self.prices.evidence
        session = int(self.prices.market.wish_session[self.place[w]])
        if "rank" not in evidence or evidence["placed"][session] > 0:
            return None
        return int(evidence["rank"][session])


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
