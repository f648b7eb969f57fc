"""What a seat costs others: shortest chains of people who each take another of their wishes.

Whoever moves from one session to another loses (or gains) rank steps. A seat is given away at a
session by a chain that ends at a free seat, or at the seat that the newcomer leaves. The least cost
between all pairs of sessions is computed at once (R. Floyd 1962, S. Warshall 1962); it takes the
cube of the number of sessions, row by row in numpy.
"""

from __future__ import annotations

import numpy as np

from services.placement.verifier.files import Ints
from services.placement.verifier.market import Market
from services.placement.verifier.result import Result
from services.placement.verifier.rules import barred

FAR = np.int64(2**40)


class Chains:
    """Least costs of chains between the sessions of an answer of persons."""

    def __init__(self, m: Market, r: Result, taken: Ints) -> None:
        rank, at = m.col["wishes.rank"], m.col["wishes.stop_session"]
        own = np.full(m.applicants, -1, np.int64)
        own[r.who] = r.wish
        own[[row[0] for row in m.rules["fixed"]]] = -1
        arcs = np.nonzero(~barred(m) & (own[m.owner] >= 0))[0]
        tail, head = at[own[m.owner[arcs]]], at[arcs]
        self.far = np.full((m.sessions, m.sessions), FAR, np.int64)
        np.minimum.at(self.far, (tail, head), rank[arcs] - rank[own[m.owner[arcs]]])
        np.fill_diagonal(self.far, np.minimum(self.far.diagonal(), 0))
        for k in range(m.sessions):
            through = self.far[:, k, None] + self.far[None, k, :]
            # In an answer that is not optimal, cycles could run away: they are stopped.
            np.maximum(through, -FAR, out=through)
            np.minimum(self.far, through, out=self.far)
        self.free = np.nonzero(taken < m.col["sessions.max"])[0]

    def cost(self, left: int, session: int) -> int | None:
        """Rank steps others lose where somebody leaves `left` for `session`; None if impossible."""
        row = self.far[session]
        least = min(int(row[left]), int(row[self.free].min(initial=FAR)))
        return least if least < FAR // 2 else None
