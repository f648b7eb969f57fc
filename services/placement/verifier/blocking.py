"""Blocking pairs of groups, counted again from market and answer.

A pair (applicant, wish) blocks when the wish could be granted at all, the applicant would rather
have it than what it has (or has less than it wants), every stop of it runs, and at each stop its
seats are there once everybody leaves who comes later: in priority class, then class at the
session, then place in the lottery. Teams, budgets and caps are left aside.
"""

from __future__ import annotations

import numpy as np

from services.placement.verifier.files import Ints
from services.placement.verifier.market import Market
from services.placement.verifier.numbers import seats_of_parts
from services.placement.verifier.result import Result
from services.placement.verifier.rules import barred


def blocking_pairs(m: Market, r: Result, draw: Ints) -> int:
    """How many pairs block."""
    c = m.col
    part, session, seats = seats_of_parts(m, r)
    taken = np.bincount(session, weights=seats, minlength=m.sessions).astype(np.int64)
    running = (np.bincount(session, minlength=m.sessions) > 0) | (c["sessions.open"] > 0)
    key = list(
        zip(
            c["applicants.priority"][r.who].tolist(),
            c["wishes.priority"][r.wish].tolist(),
            draw[r.who].tolist(),
            strict=True,
        )
    )
    at: dict[int, list[tuple[tuple[int, int, int], int, int]]] = {}
    for p, s, n in zip(part.tolist(), session.tolist(), seats.tolist(), strict=True):
        at.setdefault(s, []).append((key[p], int(r.who[p]), n))
    granted = np.zeros(m.wishes, np.bool_)
    granted[r.wish] = True
    has = np.bincount(r.who, minlength=m.applicants)
    worst = np.full(m.applicants, -1, np.int64)
    np.maximum.at(worst, r.who, c["wishes.rank"][r.wish])
    owner = m.owner
    content = (has >= c["applicants.wants"]) & (has > 0)
    open_wish = ~barred(m) & ~granted
    open_wish &= ~(content[owner] & (c["wishes.rank"] >= worst[owner]))
    least = np.where(m.splits, c["applicants.split_smallest"], c["applicants.people"])
    count = 0
    for w in np.nonzero(open_wish)[0].tolist():
        a = int(owner[w])
        me = (int(c["applicants.priority"][a]), int(c["wishes.priority"][w]), int(draw[a]))
        first = int(c["wishes.stop_ptr"][w])
        for k, s in enumerate(m.stops(w)):
            own = int(c["wishes.stop_seats"][first + k])
            need = int(least[a]) if own < 0 else own
            free = int(c["sessions.max"][s] - taken[s])
            free += sum(n for other, b, n in at.get(s, ()) if b == a or other > me)
            if not running[s] or free < need:
                break
        else:
            count += 1
    return count
