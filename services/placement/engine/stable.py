"""The mode `stable`: deferred acceptance with host priorities and a lottery.

Idea. Applicants propose to their best wish; a full session keeps the better ones by (priority
class, lottery) and turns the others away, who propose to their next wish. Equal ranks in a wish
list are tried in the order of the list.

Invariant. A session never takes back a refusal that its people would not also make at the end, so
nobody with justified envy remains (weakly stable where hosts rank with ties). For applicants it is
strategy-proof except for the limit on the length of lists; it makes no claim of placing most.

Complexity. Each wish is proposed once: O(m log(largest capacity)).

Sources: D. Gale and L. S. Shapley, Amer. Math. Monthly 69 (1962); L. Dubins and D. Freedman (1981)
and A. Roth, Math. Oper. Res. 7 (1982), strategy-proofness; A. Abdulkadiroglu, P. Pathak and
A. Roth, Amer. Econ. Rev. 99 (2009), ties broken by one lottery.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class StableMarket:
    """n applicants, m wishes, S sessions.

    `wish_start` int64 [n + 1], `wish_session` int32 [m], `wish_rank` int32 [m] (0 is best, need not
    be sorted), `wish_priority` int32 [m] (class at the session, 0 is best), `capacity` int32 [S],
    `lottery` orders the applicants (lower first, equal ones by index).
    """

    wish_start: Array
    wish_session: Array
    wish_rank: Array
    wish_priority: Array
    capacity: Array
    lottery: Array


def preference_order(wish_start: Array, wish_rank: Array) -> Array:
    """Wish indices by applicant, then rank, then list order (int64 [m])."""
    owner = np.repeat(np.arange(len(wish_start) - 1), np.diff(wish_start))
    if len(wish_rank) < 2:
        return np.arange(len(wish_rank), dtype=np.int64)
    falls = np.diff(wish_rank) < 0
    if not (falls & (np.diff(owner) == 0)).any():
        return np.arange(len(wish_rank), dtype=np.int64)
    return np.lexsort((wish_rank, owner)).astype(np.int64)


def lottery_position(lottery: Array) -> Array:
    """Place of each applicant in the lottery order, 0 first (int64 [n])."""
    position = np.empty(len(lottery), np.int64)
    position[np.argsort(lottery, kind="stable")] = np.arange(len(lottery))
    return position


@njit(cache=True)
def _propose(
    wish_start: Array,
    wish_session: Array,
    priority: Array,
    capacity: Array,
    position: Array,
    order: Array,
    seat_wish: Array,
) -> None:
    """Deferred acceptance; each session is a heap of its people with the worst on top."""
    n = len(seat_wish)
    sessions = len(capacity)
    start = np.zeros(sessions + 1, np.int64)
    for s in range(sessions):
        start[s + 1] = start[s] + capacity[s]
    key = np.empty(start[sessions], np.int64)
    held = np.empty(start[sessions], np.int64)
    many = np.zeros(sessions, np.int64)
    owner_next = wish_start[:-1].copy()
    for first in range(n):
        i = first
        while owner_next[i] < wish_start[i + 1]:
            w = order[owner_next[i]]
            owner_next[i] += 1
            s = wish_session[w]
            if capacity[s] == 0:
                continue
            mine = np.int64(priority[w]) * n + position[i]
            base = start[s]
            if many[s] < capacity[s]:
                p = many[s]
                many[s] += 1
                while p > 0 and key[base + (p - 1) // 2] < mine:
                    key[base + p] = key[base + (p - 1) // 2]
                    held[base + p] = held[base + (p - 1) // 2]
                    p = (p - 1) // 2
                key[base + p] = mine
                held[base + p] = w
                seat_wish[i] = w
                break
            if key[base] < mine:
                continue
            out = held[base]
            p = 0
            while True:
                c = 2 * p + 1
                if c >= many[s]:
                    break
                if c + 1 < many[s] and key[base + c + 1] > key[base + c]:
                    c += 1
                if key[base + c] <= mine:
                    break
                key[base + p] = key[base + c]
                held[base + p] = held[base + c]
                p = c
            key[base + p] = mine
            held[base + p] = w
            seat_wish[i] = w
            loser = np.searchsorted(wish_start, out, side="right") - 1
            seat_wish[loser] = -1
            i = loser


def solve_stable(market: StableMarket, fixed: Array | None = None) -> Array:
    """Granted wish per applicant or -1 (int64 [n]); `fixed` wishes (or -1) stay granted.

    Fixed applicants neither propose nor lose their seat. Raises ValueError when they exceed a
    capacity.
    """
    n = len(market.wish_start) - 1
    seat_wish = np.full(n, -1, np.int64)
    capacity = market.capacity.astype(np.int64)
    start, order = market.wish_start, preference_order(market.wish_start, market.wish_rank)
    position = lottery_position(market.lottery)
    if fixed is None or (fixed < 0).all():
        _propose(
            start,
            market.wish_session,
            market.wish_priority,
            capacity,
            position,
            order,
            seat_wish,
        )
        return seat_wish
    stays = fixed >= 0
    taken = np.bincount(market.wish_session[fixed[stays]], minlength=len(capacity))
    capacity -= taken
    if (capacity < 0).any():
        raise ValueError("fixed placements exceed the capacity of a session")
    rows = np.nonzero(~stays)[0]
    mask = np.repeat(~stays, np.diff(start))
    kept = np.nonzero(mask)[0]
    small = StableMarket(
        np.concatenate([[0], np.cumsum(np.diff(start)[rows])]).astype(np.int64),
        market.wish_session[mask],
        market.wish_rank[mask],
        market.wish_priority[mask],
        capacity,
        position[rows],
    )
    part = solve_stable(small)
    seat_wish[stays] = fixed[stays]
    seat_wish[rows[part >= 0]] = kept[part[part >= 0]]
    return seat_wish


@njit(cache=True)
def _envious(
    wish_start: Array,
    wish_session: Array,
    rank: Array,
    priority: Array,
    position: Array,
    seat_wish: Array,
    worst: Array,
    free: Array,
    n_total: int,
    flags: Array,
) -> int:
    """Mark wishes that justify envy; the number of applicants with at least one."""
    people = 0
    for i in range(len(seat_wish)):
        mine = seat_wish[i]
        any_envy = False
        for w in range(wish_start[i], wish_start[i + 1]):
            if mine >= 0 and rank[w] >= rank[mine]:
                continue
            s = wish_session[w]
            if free[s] or np.int64(priority[w]) * n_total + position[i] < worst[s]:
                flags[w] = True
                any_envy = True
        people += any_envy
    return people


def justified_envy(
    market: StableMarket, seat_wish: Array, fixed: Array | None = None
) -> tuple[int, Array]:
    """Applicants with justified envy and the wishes that justify it (bool [m]).

    A wish justifies envy when its rank is strictly better than what was granted and the session
    has a free seat or somebody worse by (priority class, lottery). People with a `fixed` wish
    neither feel nor cause it.
    """
    n, sessions = len(seat_wish), len(market.capacity)
    position = lottery_position(market.lottery)
    seated = seat_wish >= 0
    wish = seat_wish[seated]
    at = market.wish_session[wish]
    free = np.bincount(at, minlength=sessions) < market.capacity
    worst = np.full(sessions, -1, np.int64)
    causes = np.ones(len(wish), np.bool_) if fixed is None else fixed[seated] < 0
    key = market.wish_priority[wish].astype(np.int64) * n + position[seated]
    np.maximum.at(worst, at[causes], key[causes])
    flags = np.zeros(len(market.wish_session), np.bool_)
    _envious(
        market.wish_start,
        market.wish_session,
        market.wish_rank,
        market.wish_priority,
        position,
        seat_wish,
        worst,
        free,
        n,
        flags,
    )
    owner = np.repeat(np.arange(n), np.diff(market.wish_start))
    if fixed is not None:
        flags &= fixed[owner] < 0
    return int((np.bincount(owner[flags]) > 0).sum()), flags
