"""The school stage: which school's applicants stay unplaced, leximin over the shares unplaced.

Idea. On the face of the earlier stages the sets of applicants who may stay at home are the bases of
a matroid, and the numbers per school those of a polymatroid. So greedy is exact: take the places at
home in the order of their price, the integer rank of (j / size, -size) for a school's j-th unplaced
applicant, and grant each that still leaves a complete answer. Everyone at home first becomes a
*token* without a seat; a place at the home of school c is granted when a chain of zero-cost moves
leads from a token to somebody who may go to that home.

Invariant. The granted places can be extended to a complete answer. A home from which no token can be
found backwards closes for good, with all nodes met on the way: no token can ever enter that region
again. The price at which a node closes is its dual value, so the proof comes with the answer.

Complexity. O(places granted * length of chain + m) in practice; every failed search closes what it
visited, so all failures together cost O(m).

Sources: J. Edmonds (1971), matroids and the greedy algorithm; A. Federgruen and H. Groenevelt,
Oper. Res. 34 (1986), greedy over polymatroids; A. Frank and K. Murota, Decreasing minimization on
M-convex sets, Math. Program. (2022).
"""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from services.placement.engine.flow_face import Array, Face
from services.placement.engine.flow_network import Network, build, enter, leave

#: Schools must be smaller than this, so that prices fit 61 bits and different shares differ.
LARGEST_SCHOOL = 1 << 20
#: Price of what no home can be reached from: above the price of any place at home.
TOP = 1 << 62

FRESH, TRIED, CLOSED = 0, 1, 2


@njit(cache=True)
def home_price(j: int, size: int) -> int:
    """An integer that orders places at home as (j / size, -size) does; j is 1 for the first.

    Two different shares of schools below 2^20 differ by more than 2^-40, so the rounded share
    keeps their order and equal shares stay equal.
    """
    return ((j << 40) // size << 20) + (LARGEST_SCHOOL - 1 - size)


@njit(cache=True)
def _home_prices(j: Array, size: Array) -> Array:
    out = np.empty(len(j), np.int64)
    for c in range(len(j)):
        out[c] = home_price(j[c], max(size[c], 1))
    return out


@njit(cache=True)
def _chain(net: Network, home: int, state: Array, turn: Array, path: Array, via: Array) -> int:
    """Depth of a chain from a token back to `home`, or -1; `via` are the options that are taken."""
    depth = 0
    path[0] = home
    state[home] = TRIED
    while depth >= 0:
        v = path[depth]
        step = -1
        while turn[v] < net.reverse_start[v + 1]:
            q = turn[v]
            turn[v] = q + 1
            i = net.reverse_who[q]
            s = net.seat[i, 0]
            if s < 0:
                via[depth] = i
                return depth
            if state[s] == FRESH:
                via[depth] = i
                step = s
                break
        if step < 0:
            depth -= 1
        else:
            depth += 1
            path[depth] = step
            state[step] = TRIED
    return -1


@njit(cache=True)
def _carry_out(net: Network, depth: int, path: Array, via: Array) -> None:
    for q in range(depth + 1):
        i = via[q]
        if net.seat[i, 0] >= 0:
            leave(net, i)
        for e in range(net.option_start[i], net.option_start[i + 1]):
            if net.option_node[e] == path[q]:
                enter(net, i, e)
                break


@njit(cache=True)
def _grant(net: Network, settled: Array, size: Array, homes: int, price: Array) -> int:
    """Grant places at home until the tokens are used up and every home is closed.

    Returns the number of tokens left, which is zero on a face that has an answer.
    """
    nodes = len(net.price) - 1
    first_home = nodes - homes
    state = np.zeros(nodes + 1, np.int8)
    turn = net.reverse_start[:-1].copy()
    tried = np.empty(nodes + 1, np.int32)
    path = np.empty(nodes + 1, np.int32)
    via = np.empty(nodes + 1, np.int64)
    tokens = 0
    for i in range(len(net.seat)):
        if net.seat[i, 0] < 0:
            tokens += 1
    queue = [(np.int64(0), np.int64(0)) for _ in range(0)]
    for c in range(homes):
        if size[c] > 0 and net.upper[first_home + c] > 0:
            queue.append((np.int64(home_price(settled[first_home + c] + 1, size[c])), np.int64(c)))
    heapq.heapify(queue)
    clean = True
    while len(queue) > 0:
        cost, c = heapq.heappop(queue)
        home = first_home + c
        while state[home] != CLOSED:
            depth = -1
            if state[home] == FRESH:
                depth = _chain(net, home, state, turn, path, via)
            if depth >= 0:
                tokens -= 1
                _carry_out(net, depth, path, via)
                clean = False
                for q in range(depth + 1):
                    state[path[q]] = FRESH
                    turn[path[q]] = net.reverse_start[path[q]]
                j = settled[home] + net.member_count[home] + 1
                if net.member_count[home] < net.upper[home]:
                    heapq.heappush(queue, (np.int64(home_price(j, size[c])), c))
                break
            met = 0
            for v in range(nodes):
                if state[v] == TRIED:
                    tried[met] = v
                    met += 1
            for q in range(met):
                v = tried[q]
                if clean:
                    state[v] = CLOSED
                    price[v] = cost
                else:
                    state[v] = FRESH
                    turn[v] = net.reverse_start[v]
            clean = True
    return tokens


def solve_leximin(face: Face, size: Array) -> tuple[Array, Array]:
    """Leximin over schools on the face: (price per node, seat).

    `size` is int64 per school (people who count in its share). A home's price lies between those
    of its last unplaced and of its next place; nobody may move to a node of lower price. Every
    sealed session must be bound to be full, which the stage `placed` sees to.
    """
    homes = len(size)
    nodes = len(face.upper)
    sessions = nodes - homes
    if len(size) and int(size.max()) >= LARGEST_SCHOOL:
        raise ValueError(f"a school may have at most {LARGEST_SCHOOL - 1} applicants")
    price = np.full(nodes, TOP, np.int64)
    price[:sessions][~face.sealed] = 0
    price[sessions:][size == 0] = 0
    net = build(
        face.option_start,
        face.option_node,
        np.zeros(len(face.option_node), np.int32),
        face.lower,
        face.upper,
        np.where(face.option_wish[face.seat] >= 0, face.seat, -1) if len(face.seat) else face.seat,
    )
    if _grant(net, face.settled, size, homes, price):
        raise AssertionError("the school stage lost somebody whom its face can seat")
    return price, net.seat_option.copy()


def leximin_limits(face: Face, size: Array, seat: Array, price: Array) -> tuple[Array, Array]:
    """The limits of nodes that keep an answer optimal for the school stage with these prices."""
    homes = len(size)
    lower, upper = face.lower.copy(), face.upper.copy()
    first = len(upper) - homes
    count = np.bincount(face.option_node[seat], minlength=len(upper))[first:]
    total = count + face.settled[first:]
    home = price[first:]
    may_fall = (home == _home_prices(total, size)) & (count > 0)
    may_rise = home == _home_prices(total + 1, size)
    lower[first:] = np.maximum(lower[first:], np.where(may_fall, count - 1, count))
    upper[first:] = np.minimum(upper[first:], np.where(may_rise, count + 1, count))
    return lower, upper
