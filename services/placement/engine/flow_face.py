"""The optimal face: what is still free after the stages so far.

By complementary slackness an answer is optimal for a stage exactly if everyone sits at an option
whose cost plus price is least for her, and every priced node is full (or as empty as allowed). So
the next stage keeps just those options and turns those conditions into limits of the nodes. Who has
one option left is fixed: she is taken off the face and off the limits, which makes every later
stage much smaller than the first.

Source: A. J. Hoffman (1960) and every text on linear programming for the face; lexicographic
stages by zero reduced cost, e.g. H. Isermann, Operations Research Spectrum 4 (1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]
Integer = int | np.signedinteger[Any]


@dataclass(frozen=True, eq=False)
class Face:
    """The applicants who can still move, with their options; k of them, m options, v nodes.

    Nodes are the sessions, then one home per school. `lower` and `upper` limit the movable people
    at each node; `settled` counts the others there. `seat` is an option index, `wish` of an option
    is -1 for the home. `sealed` marks the sessions that no free seat can help.
    """

    who: Array  # int64 [k], applicants
    option_start: Array  # int64 [k + 1]
    option_node: Array  # int32 [m]
    option_wish: Array  # int64 [m]
    seat: Array  # int64 [k]
    lower: Array  # int64 [v]
    upper: Array  # int64 [v]
    settled: Array  # int64 [v]
    sealed: Array  # bool [sessions]


@njit(cache=True)
def _least(
    wish_start: Array,
    wish_session: Array,
    cost: Array,
    sealed: Array,
    price: Array,
    i: int,
) -> tuple[bool, Integer]:
    """Whether applicant `i` may stay at home, and the least cost plus price of her options."""
    home = True
    best = np.int64(0)
    for e in range(wish_start[i], wish_start[i + 1]):
        s = wish_session[e]
        if not sealed[s]:
            full = cost[e] + price[s]
            best = full if home else min(best, full)
            home = False
    if home:
        for e in range(wish_start[i], wish_start[i + 1]):
            best = min(best, cost[e] + price[wish_session[e]])
    return home, best


@njit(cache=True)
def _open_face(
    wish_start: Array,
    wish_session: Array,
    cost: Array,
    sealed: Array,
    price: Array,
    school: Array,
    seat_wish: Array,
    free: Array,
    counts: Array,
) -> tuple[Array, Array, Array, Array, Array]:
    n = len(free)
    sessions = len(sealed)
    movable = 0
    options = 0
    for i in range(n):
        if not free[i]:
            counts[i] = 0
            continue
        home, best = _least(wish_start, wish_session, cost, sealed, price, i)
        tight = 1 if home and best == 0 else 0
        for e in range(wish_start[i], wish_start[i + 1]):
            s = wish_session[e]
            if (home or not sealed[s]) and cost[e] + price[s] == best:
                tight += 1
        counts[i] = tight
        if tight > 1:
            movable += 1
            options += tight
    who = np.empty(movable, np.int64)
    start = np.zeros(movable + 1, np.int64)
    node = np.empty(options, np.int32)
    wish = np.empty(options, np.int64)
    seat = np.empty(movable, np.int64)
    k = 0
    m = 0
    for i in range(n):
        if counts[i] < 2:
            continue
        home, best = _least(wish_start, wish_session, cost, sealed, price, i)
        for e in range(wish_start[i], wish_start[i + 1]):
            s = wish_session[e]
            if (home or not sealed[s]) and cost[e] + price[s] == best:
                if e == seat_wish[i]:
                    seat[k] = m
                node[m] = s
                wish[m] = e
                m += 1
        if home and best == 0:
            if seat_wish[i] < 0:
                seat[k] = m
            node[m] = sessions + school[i]
            wish[m] = -1
            m += 1
        who[k] = i
        k += 1
        start[k] = m
    return who, start, node, wish, seat


def open_face(
    wish_start: Array,
    wish_session: Array,
    cost: Array,
    sealed: Array,
    price: Array,
    school: Array,
    schools: int,
    capacity: Array,
    seat_wish: Array,
    free: Array,
) -> Face:
    """The face after the first solve: `placed` (by `sealed`) and then `cost` (by `price`).

    Applicants with an open wish must be seated at open sessions; the others choose between sealed
    sessions and home, where cost and price are zero. `free` marks who takes part, `capacity` is
    what fixed placements left. O(n + m), two passes.
    """
    sessions = len(sealed)
    counts = np.empty(len(free), np.int32)
    who, start, node, wish, seat = _open_face(
        wish_start,
        wish_session,
        cost,
        sealed,
        price,
        school,
        seat_wish,
        free,
        counts,
    )
    settled = np.zeros(sessions + schools, np.int64)
    still = free & (counts < 2)
    seated = still & (seat_wish >= 0)
    at = wish_session[seat_wish[seated]]
    settled[:sessions] = np.bincount(at, minlength=sessions)
    settled[sessions:] = np.bincount(school[still & ~seated], minlength=schools)
    upper = np.empty(sessions + schools, np.int64)
    upper[:sessions] = capacity
    upper[sessions:] = np.bincount(school[free], minlength=schools) + 1
    lower = np.zeros(sessions + schools, np.int64)
    full = sealed | (price > 0)
    lower[:sessions][full] = capacity[full]
    return Face(
        who,
        start,
        node,
        wish,
        seat,
        np.maximum(lower - settled, 0),
        upper - settled,
        settled,
        sealed,
    )


@njit(cache=True)
def _tight(option_start: Array, option_node: Array, cost: Array, price: Array) -> Array:
    keep = np.zeros(len(option_node), np.bool_)
    for i in range(len(option_start) - 1):
        best = np.int64(0)
        for e in range(option_start[i], option_start[i + 1]):
            full = cost[e] + price[option_node[e]]
            if e == option_start[i] or full < best:
                best = full
        for e in range(option_start[i], option_start[i + 1]):
            keep[e] = cost[e] + price[option_node[e]] == best
    return keep


def narrow(face: Face, cost: Array, price: Array, seat: Array, lower: Array, upper: Array) -> Face:
    """The face after one more stage, given its duals, its answer and the new limits of nodes.

    Options that are dearer by cost plus price than their applicant's best fall away; applicants
    with one option left are settled. O(m).
    """
    keep = _tight(face.option_start, face.option_node, cost, price)
    kept = np.add.reduceat(keep.astype(np.int64), face.option_start[:-1]) if len(seat) else keep
    stays = kept > 1
    per_option = np.repeat(stays, np.diff(face.option_start)) & keep
    start = np.zeros(int(stays.sum()) + 1, np.int64)
    np.cumsum(kept[stays], out=start[1:])
    new_index = np.cumsum(per_option) - 1
    gone = np.bincount(face.option_node[seat[~stays]], minlength=len(lower)).astype(np.int64)
    return Face(
        who=face.who[stays],
        option_start=start,
        option_node=face.option_node[per_option],
        option_wish=face.option_wish[per_option],
        seat=new_index[seat[stays]],
        lower=np.maximum(lower - gone, 0),
        upper=upper - gone,
        settled=face.settled + gone,
        sealed=face.sealed,
    )
