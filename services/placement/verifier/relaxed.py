"""Persons with minimum sizes: bounds by weak duality from a flow that ignores the minimums.

Leaving the minimums out can only improve an answer, so a bound of that flow is one of the market.
For prices p >= 0 of sessions with capacities k, every answer costs at least
    sum over applicants of the least (cost + price) of an option  -  sum of p·k,
whatever the prices are: nothing about them is trusted. Where the answer attains the bound of
`placed`, every answer that places as many uses only options that are least there and fills every
session with a price; on those the same formula bounds `rank`, and the price of a filled session
may then have any sign (R. Ahuja, T. Magnanti, J. Orlin: Network Flows, 1993, chapter 9).
"""

from __future__ import annotations

import numpy as np

from services.placement.verifier.files import Ints
from services.placement.verifier.market import Market
from services.placement.verifier.rules import barred

FAR = np.int64(2**62)
#: With prices below this, sums over any market stay within 64 bits.
LARGEST = 2**36


class Relaxed:
    """Bounds stage by stage: `placed`, then `rank` where the answer attains the first bound."""

    def __init__(self, m: Market) -> None:
        self.m = m
        self.node = m.col["wishes.stop_session"]
        fixed = np.array([row[1] for row in m.rules["fixed"]], dtype=np.int64)
        held = np.zeros(m.applicants, np.bool_)
        held[[row[0] for row in m.rules["fixed"]]] = True
        self.fixed, self.free = fixed, ~held
        self.alive = ~barred(m) & ~held[m.owner]
        self.home = ~held
        taken = np.bincount(self.node[fixed], minlength=m.sessions)
        self.room = m.col["sessions.max"] - taken
        self.full = np.zeros(m.sessions, np.bool_)
        self.some = np.nonzero(np.diff(m.col["applicants.wish_ptr"]))[0]

    def bound(self, stage: str, price: Ints) -> int | str:
        """The proven bound in the stage's own direction, or why there is none."""
        m = self.m
        if stage not in {"placed", "rank"}:
            return "only placed and rank can be bounded so"
        if len(price) != m.sessions + len(m.names["schools"]):
            return "a price for every session and school is needed"
        at, home = price[: m.sessions], price[m.sessions :]
        if (home != 0).any() or (np.abs(at) > LARGEST).any():
            return "schools must have the price 0, and no price may be out of range"
        if (at[~self.full] < 0).any():
            return "a session that need not be full has a negative price"
        cost = 0 if stage == "placed" else m.col["wishes.rank"]
        full = np.where(self.alive, cost + at[self.node], FAR)
        least = np.where(self.home, 1 if stage == "placed" else 0, FAR)
        if len(self.some):
            first = m.col["applicants.wish_ptr"][:-1][self.some]
            own = np.minimum.reduceat(full, first)
            least[self.some] = np.minimum(least[self.some], own)
        total = int(least[self.free].sum()) - int((at * self.room).sum())
        tight = full == least[m.owner]
        self.home &= least == (1 if stage == "placed" else 0)
        self.alive &= tight
        self.full |= at > 0
        if stage == "placed":
            return m.applicants - total
        return total + int(m.col["wishes.rank"][self.fixed].sum())
