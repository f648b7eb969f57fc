"""Sessions as blocks: the exact least value of a linear function over each session's own rules.

A wish of an undivided group is homed at its first stop. The block of session s has the columns
`z:s` and `g:w` of the wishes homed at s; its points are "all 0" and "z = 1 with the homed seats
between low and high". Every answer restricted to those columns is such a point, so the sum of the
blocks' least values is a valid bound (docs/market-file.md, "Blocks").
"""

from __future__ import annotations

import numpy as np

from services.placement.verifier.files import Ints
from services.placement.verifier.knapsacks import Numbers, least_costs, segment_sums
from services.placement.verifier.program import Program

#: A session with more seats in play than this has no block.
MOST_SEATS = 20_000


class Blocks:
    """Blocks in session order; the items of block b are `ptr[b]:ptr[b+1]` of `item`, `seats`."""

    def __init__(self, program: Program) -> None:
        m = program.m
        c = m.col
        first = c["wishes.stop_ptr"][:-1]
        at = c["wishes.stop_session"][first]
        own = c["wishes.stop_seats"][first]
        seats = np.where(own < 0, c["applicants.people"][m.owner], own)
        home = (program.g >= 0) & (program.n < 0)
        stop_home = np.zeros(len(c["wishes.stop_session"]), np.bool_)
        stop_home[first] = home
        touched = (program.g >= 0)[m.stop_wish] & ~stop_home
        foreign = np.bincount(c["wishes.stop_session"][touched], minlength=m.sessions) > 0
        total = np.zeros(m.sessions, np.int64)
        np.add.at(total, at[home], seats[home])
        most = np.minimum(c["sessions.max"], total)
        kept = most <= MOST_SEATS
        homed = np.nonzero(home & kept[at])[0]
        order = homed[np.argsort(at[homed], kind="stable")]
        sessions = np.nonzero(kept)[0]
        sizes = np.bincount(at[order], minlength=m.sessions)[sessions]
        self.ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.item: Ints = program.g[order]
        self.seats: Ints = seats[order]
        self.z: Ints = program.z[sessions]
        self.high: Ints = most[sessions]
        free_low = (c["sessions.open"][sessions] > 0) | foreign[sessions]
        self.low: Ints = np.where(free_low, 0, c["sessions.min"][sessions])

    def sums(self, values: Numbers) -> Numbers:
        """Sum over each block's items."""
        return segment_sums(values, self.ptr)

    def least(self, cost: Numbers, low_box: Ints, high_box: Ints) -> int | None:
        """The sum of all blocks' least values within the box; None if a block has no point.

        Where taking every item that lowers the cost respects low and high, that is the least;
        where it costs something to run and the session may stay closed, closed is the least.
        Only the other blocks need the knapsack.
        """
        own = cost[self.item]
        must, barred = low_box[self.item] > 0, high_box[self.item] < 1
        take = must | (~barred & (own < 0))
        zero = np.zeros(1, own.dtype)[0]
        value = self.sums(np.where(take, own, zero)) + cost[self.z]
        seats = self.sums(np.where(take, self.seats, 0))
        forced = (self.sums(must.astype(np.int64)) > 0) | (low_box[self.z] > 0)
        shut = high_box[self.z] < 1
        if (forced & shut).any():
            return None
        closed_best = ~forced & ((value >= 0) | shut)
        fits = (seats >= self.low) & (seats <= self.high)
        total = int(value[fits & ~closed_best].sum())
        rest = np.nonzero(~fits & ~closed_best)[0]
        sizes = np.diff(self.ptr)[rest]
        ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        items = np.arange(int(ptr[-1])) + np.repeat(self.ptr[:-1][rest] - ptr[:-1], sizes)
        found = least_costs(
            own[items], self.seats[items], ptr, self.low[rest], self.high[rest],
            must[items], barred[items],
        )  # fmt: skip
        for b, best in zip(rest.tolist(), found, strict=True):
            runs = None if best is None else best + int(cost[self.z[b]])
            if runs is None and forced[b]:
                return None
            total += int(runs) if runs is not None and (forced[b] or runs < 0) else 0
        return total
