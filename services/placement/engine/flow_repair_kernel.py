"""Cheapest chains for the repair: one person seated, or one freed seat passed on, per call.

Idea. Successive shortest paths from a state that is already optimal. A chain starts at an unseated
person and ends at a free seat (`seat_nearest`), or starts at a freed seat and ends where it is
worth least (`pass_on`). The cost of an option is `unit * rank`, plus 1 where a person's option is
not the one she had; `unit` exceeds twice what any chain can move, so rank always comes first.

Invariant. Nobody seated could move to an option that is cheaper by cost plus price; prices are
never negative, and zero where seats are free. So each state is cheapest for the people it seats.

Complexity. Dijkstra over the nodes nearer than the end of the chain; O(touched * log touched).

Sources: R. Busacker and P. Gowen (1961); N. Tomizawa, Networks 1 (1971); J. Edmonds and R. M. Karp,
J. ACM 19 (1972).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]

FAR = np.int64(1) << 62


class Chairs(NamedTuple):
    """Mutable state of a repair: n applicants, m wishes, S sessions."""

    wish_start: Array  # int64 [n + 1]
    wish_session: Array  # int32 [m]
    wish_rank: Array  # int32 [m]
    reverse_start: Array  # int64 [S + 1]
    reverse_who: Array  # int32 [m]
    seat_wish: Array  # int64 [n], -1 unseated
    origin: Array  # int64 [n], the wish she had before the change, -1 for none
    frozen: Array  # bool [n], accepted: stays where it is
    member: Array  # int32 [m]
    member_count: Array  # int64 [S]
    slot: Array  # int64 [n]
    free: Array  # int64 [S]
    price: Array  # int64 [S], in `unit`
    distance: Array  # int64 [S], FAR while untouched
    done: Array  # bool [S]
    from_node: Array  # int64 [S]
    from_wish: Array  # int64 [S]
    touched: Array  # int64 [S]
    heap: Array  # int64 [S]
    heap_at: Array  # int64 [S], -1 outside
    fill: Array  # int64 [3]: touched nodes, heap nodes, applicants in `log`
    log: Array  # int64 [n], whoever sat down or stood up since the change began
    logged: Array  # bool [n]


@njit(cache=True)
def option_cost(c: Chairs, i: int, w: int, unit: int) -> int:
    """Cost of wish `w` to applicant `i`."""
    moved = 1 if c.origin[i] >= 0 and c.origin[i] != w else 0
    return int(unit * c.wish_rank[w] + moved)


@njit(cache=True)
def _remember(c: Chairs, i: int) -> None:
    if not c.logged[i]:
        c.logged[i] = True
        c.log[c.fill[2]] = i
        c.fill[2] += 1


@njit(cache=True)
def sit(c: Chairs, i: int, w: int) -> None:
    """Enter applicant `i` at wish `w`; the caller keeps `free`."""
    t = c.wish_session[w]
    p = c.reverse_start[t] + c.member_count[t]
    c.member[p] = i
    c.slot[i] = p
    c.member_count[t] += 1
    c.seat_wish[i] = w
    _remember(c, i)


@njit(cache=True)
def stand(c: Chairs, i: int) -> None:
    """Take applicant `i` from her seat; the caller keeps `free`."""
    s = c.wish_session[c.seat_wish[i]]
    last = c.reverse_start[s] + c.member_count[s] - 1
    p = c.slot[i]
    c.member[p] = c.member[last]
    c.slot[c.member[p]] = p
    c.member_count[s] -= 1
    c.seat_wish[i] = -1
    _remember(c, i)


@njit(cache=True)
def _nearer(c: Chairs, v: int, distance: int, node: int, wish: int) -> None:
    if c.distance[v] == FAR:
        c.touched[c.fill[0]] = v
        c.fill[0] += 1
    c.distance[v] = distance
    c.from_node[v] = node
    c.from_wish[v] = wish
    p = c.heap_at[v]
    if p < 0:
        p = c.fill[1]
        c.fill[1] += 1
    while p > 0 and c.distance[c.heap[(p - 1) >> 1]] > distance:
        c.heap[p] = c.heap[(p - 1) >> 1]
        c.heap_at[c.heap[p]] = p
        p = (p - 1) >> 1
    c.heap[p] = v
    c.heap_at[v] = p


@njit(cache=True)
def _nearest(c: Chairs) -> int:
    top = c.heap[0]
    c.heap_at[top] = -1
    c.fill[1] -= 1
    size = c.fill[1]
    if size > 0:
        v = c.heap[size]
        p = 0
        while 2 * p + 1 < size:
            q = 2 * p + 1
            if q + 1 < size and c.distance[c.heap[q + 1]] < c.distance[c.heap[q]]:
                q += 1
            if c.distance[c.heap[q]] >= c.distance[v]:
                break
            c.heap[p] = c.heap[q]
            c.heap_at[c.heap[p]] = p
            p = q
        c.heap[p] = v
        c.heap_at[v] = p
    c.done[top] = True
    return int(top)


@njit(cache=True)
def _forget(c: Chairs) -> None:
    for q in range(c.fill[0]):
        v = c.touched[q]
        c.distance[v] = FAR
        c.done[v] = False
        c.heap_at[v] = -1
    c.fill[0] = 0
    c.fill[1] = 0


@njit(cache=True)
def seat_nearest(c: Chairs, sources: Array, unit: int, sealed: int) -> int:
    """Seat the one of the unseated `sources` whose chain to a free seat is cheapest.

    Returns her index in `sources`, or -1 when none can reach a free seat. Equal chains go to the
    earlier source. No chain costs `sealed` or more, so a search that comes so far has failed, and
    what it has seen is made as dear: nobody looks there again.
    """
    for u in range(len(sources)):
        j = sources[u]
        if c.seat_wish[j] >= 0:
            continue
        for w in range(c.wish_start[j], c.wish_start[j + 1]):
            t = c.wish_session[w]
            there = option_cost(c, j, w, unit) + c.price[t]
            if there < c.distance[t]:
                _nearer(c, t, there, -1 - u, w)
    goal = -1
    reach = 2 * sealed
    while c.fill[1] > 0:
        s = _nearest(c)
        if c.distance[s] >= sealed or c.free[s] > 0:
            reach = c.distance[s]
            goal = s if c.free[s] > 0 else -1
            break
        for p in range(c.reverse_start[s], c.reverse_start[s] + c.member_count[s]):
            i = c.member[p]
            if c.frozen[i]:
                continue
            base = c.distance[s] - c.price[s] - option_cost(c, i, c.seat_wish[i], unit)
            for w in range(c.wish_start[i], c.wish_start[i + 1]):
                t = c.wish_session[w]
                if t != s and not c.done[t]:
                    there = base + option_cost(c, i, w, unit) + c.price[t]
                    if there < c.distance[t]:
                        _nearer(c, t, there, s, w)
    won = -1
    for q in range(c.fill[0]):
        v = c.touched[q]
        if c.distance[v] < reach:
            c.price[v] += reach - c.distance[v]
    if goal >= 0:
        c.free[goal] -= 1
        t = goal
        while t >= 0:
            w = c.from_wish[t]
            s = c.from_node[t]
            if s >= 0:
                i = np.searchsorted(c.wish_start, w, side="right") - 1
                stand(c, i)
            else:
                won = -1 - s
                i = sources[won]
            sit(c, i, w)
            t = s
    _forget(c)
    return int(won)


@njit(cache=True)
def pass_on(c: Chairs, hole: int, unit: int) -> None:
    """A seat at `hole` has become free: let people move up until it is worth nothing.

    Ends where leaving the seat empty costs least; the prices on the way fall accordingly.
    """
    _nearer(c, hole, 0, -1, -1)
    best = c.price[hole]
    end = hole
    while c.fill[1] > 0 and c.distance[c.heap[0]] < best:
        v = _nearest(c)
        here = c.distance[v]
        if here + c.price[v] < best:
            best = here + c.price[v]
            end = v
        for q in range(c.reverse_start[v], c.reverse_start[v + 1]):
            i = c.reverse_who[q]
            mine = c.seat_wish[i]
            if mine < 0 or c.frozen[i]:
                continue
            u = c.wish_session[mine]
            if u == v or c.done[u]:
                continue
            base = here + c.price[v] - c.price[u] - option_cost(c, i, mine, unit)
            for w in range(c.wish_start[i], c.wish_start[i + 1]):
                if c.wish_session[w] == v:
                    there = base + option_cost(c, i, w, unit)
                    if there < c.distance[u] and there < best:
                        _nearer(c, u, there, v, w)
    for q in range(c.fill[0]):
        v = c.touched[q]
        if c.distance[v] < best:
            c.price[v] -= best - c.distance[v]
    c.free[end] += 1
    t = end
    while t != hole:
        w = c.from_wish[t]
        i = np.searchsorted(c.wish_start, w, side="right") - 1
        stand(c, i)
        sit(c, i, w)
        t = c.from_node[t]
    _forget(c)
