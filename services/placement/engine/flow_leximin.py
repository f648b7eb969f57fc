"""The school stage: which school's applicants stay unplaced, leximin over the shares unplaced.

Idea. On the face of the earlier stages the sets of applicants who may stay at home are the bases of
a matroid, and the numbers per school those of a polymatroid. So greedy is exact: take the places at
home in the order of their price, the integer rank of (j / size, -size) for a school's j-th unplaced
applicant, and grant each that still leaves a complete answer. Everyone at home first becomes a
*token* without a seat; a place at the home of school c is granted when a chain of zero-cost moves
leads from a token to somebody who may go to that home. Chains are found backwards by distance
labels: tokens only vanish, so a node's distance to its nearest token only grows, and all chains
together share one set of labels. When no node is left at some label, no token can enter the region
beyond it any more: it closes for good.

Invariant. The granted places can be extended to a complete answer. A label never exceeds the number
of moves to the nearest token. The price at which a node closes is its dual value, so the proof
comes with the answer.

Complexity. O(longest chain * m + places granted * length of chain).

Sources: J. Edmonds (1971), matroids and the greedy algorithm; A. Federgruen and H. Groenevelt,
Oper. Res. 34 (1986), greedy over polymatroids; J. B. Orlin and R. K. Ahuja, Math. Program. 54
(1992), distance labels and gaps; A. Frank and K. Murota, Decreasing minimization on
M-convex sets, Math. Program. (2022).
"""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from services.placement.engine.flow_face import Array, Face
from services.placement.engine.flow_network import Integer, Network, build, enter, leave

#: Schools must be smaller than this, so that prices fit 61 bits and different shares differ.
LARGEST_SCHOOL = 1 << 20
#: Price of what no home can be reached from: above the price of any place at home.
TOP = 1 << 62


@njit(cache=True)
def home_price(j: int, size: int) -> int:
    """An integer that orders places at home as (j / size, -size) does; j is 1 for the first.

    Two different shares of schools below 2^20 differ by more than 2^-40, so the rounded share
    keeps their order and equal shares stay equal.
    """
    return ((j << 40) // size << 20) + (LARGEST_SCHOOL - 1 - size)


@njit(cache=True)
def home_prices(j: Array, size: Array) -> Array:
    """`home_price` of the j-th places at the homes of schools of these sizes."""
    out = np.empty(len(j), np.int64)
    for c in range(len(j)):
        out[c] = home_price(j[c], max(size[c], 1))
    return out


@njit(cache=True)
def _token_distances(net: Network, label: Array) -> None:
    """Exact number of moves from each node back to the nearest token; without one: nodes + 1."""
    nodes = len(label)
    none = nodes + 1
    queue = np.empty(nodes, np.int32)
    label[:] = none
    head = tail = 0
    for i in range(len(net.seat)):
        if net.seat[i, 0] < 0:
            for e in range(net.option_start[i], net.option_start[i + 1]):
                v = net.option_node[e]
                if label[v] == none:
                    label[v] = 1
                    queue[tail] = v
                    tail += 1
    while head < tail:
        s = queue[head]
        head += 1
        first = net.member_start[s]
        for p in range(first, first + net.member_count[s]):
            i = net.member[p]
            for e in range(net.option_start[i], net.option_start[i + 1]):
                v = net.option_node[e]
                if label[v] == none:
                    label[v] = label[s] + 1
                    queue[tail] = v
                    tail += 1


@njit(cache=True)
def _relabel(net: Network, label: Array, v: int) -> int:
    """One more than the least label from which somebody could come to `v`."""
    least = len(label) + 1
    for q in range(net.reverse_start[v], net.reverse_start[v + 1]):
        s = net.seat[net.reverse_who[q], 0]
        if s < 0:
            return 1
        if s != v and label[s] + 1 < least:
            least = label[s] + 1
    return int(least)


@njit(cache=True)
def _chain(
    net: Network, home: int, label: Array, many: Array, turn: Array, path: Array, via: Array
) -> int:
    """Depth of a chain from `home` back to a token, or -1 when there is none any more.

    `path` are the nodes, `via` who moves to each. A label without nodes below `home` ends the
    search: then the labels above it are unreachable for good.
    """
    nodes = len(label)
    depth = 0
    path[0] = home
    while label[home] <= nodes:
        v = path[depth]
        step = -1
        while turn[v] < net.reverse_start[v + 1]:
            i = net.reverse_who[turn[v]]
            s = net.seat[i, 0]
            if s < 0 and label[v] == 1:
                via[depth] = i
                return depth
            if s >= 0 and label[s] + 1 == label[v]:
                via[depth] = i
                step = s
                break
            turn[v] += 1
        if step >= 0:
            depth += 1
            path[depth] = step
            continue
        old = label[v]
        many[old] -= 1
        label[v] = _relabel(net, label, v)
        turn[v] = net.reverse_start[v]
        many[label[v]] += 1
        if many[old] == 0:
            for w in range(nodes):
                if old < label[w] <= nodes:
                    many[label[w]] -= 1
                    label[w] = nodes + 1
                    many[nodes + 1] += 1
        depth = max(depth - 1, 0)
    return -1


@njit(cache=True)
def _carry_out(net: Network, depth: int, path: Array, via: Array) -> None:
    """Move everyone on the chain one node on; the first mover was a token."""
    for q in range(depth + 1):
        i = via[q]
        if net.seat[i, 0] >= 0:
            leave(net, i)
        for e in range(net.option_start[i], net.option_start[i + 1]):
            if net.option_node[e] == path[q]:
                enter(net, i, e)
                break


@njit(cache=True)
def _close(
    net: Network,
    settled: Array,
    size: Array,
    label: Array,
    price: Array,
    closed: Array,
    cost: Integer,
) -> None:
    """Give nodes that no token can reach any more their price, which is that of the place in hand.

    A home that nobody can leave is dearer: its own next place has not come up yet.
    """
    first_home = len(price) - len(size)
    for v in range(len(label)):
        if label[v] > len(label) and not closed[v]:
            closed[v] = True
            price[v] = cost
            c = v - first_home
            if c >= 0 and net.member_count[v] == 0 and size[c] > 0:
                price[v] = home_price(settled[v] + 1, size[c])


@njit(cache=True)
def _grant(net: Network, settled: Array, size: Array, price: Array) -> int:
    """Grant places at home in the order of their price until every home has closed.

    Writes each node's price when it closes. Returns the number of tokens left, which is zero on a
    face that has an answer.
    """
    nodes = len(price)
    first_home = nodes - len(size)
    label = np.empty(nodes, np.int64)
    _token_distances(net, label)
    many = np.zeros(nodes + 2, np.int64)
    for v in range(nodes):
        many[label[v]] += 1
    closed = np.zeros(nodes, np.bool_)
    _close(net, settled, size, label, price, closed, 0)
    turn = net.reverse_start[:-1].copy()
    path = np.empty(nodes + 1, np.int32)
    via = np.empty(nodes + 1, np.int64)
    tokens = 0
    for i in range(len(net.seat)):
        if net.seat[i, 0] < 0:
            tokens += 1
    queue: list[tuple[Integer, Integer]] = [(np.int64(0), np.int64(0)) for _ in range(0)]
    for c in range(len(size)):
        home = first_home + c
        if size[c] > 0 and net.upper[home] > 0:
            queue.append((np.int64(home_price(settled[home] + 1, size[c])), np.int64(c)))
    heapq.heapify(queue)
    while len(queue) > 0:
        cost, school = heapq.heappop(queue)
        c = int(school)
        home = first_home + c
        if closed[home]:
            continue
        depth = _chain(net, home, label, many, turn, path, via)
        if depth < 0:
            _close(net, settled, size, label, price, closed, cost)
            continue
        tokens -= 1
        _carry_out(net, depth, path, via)
        j = settled[home] + net.member_count[home] + 1
        if net.member_count[home] < net.upper[home]:
            heapq.heappush(queue, (np.int64(home_price(j, size[c])), np.int64(c)))
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
    if _grant(net, face.settled, size, price):
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
    may_fall = (home == home_prices(total, size)) & (count > 0)
    may_rise = home == home_prices(total + 1, size)
    lower[first:] = np.maximum(lower[first:], np.where(may_fall, count - 1, count))
    upper[first:] = np.minimum(upper[first:], np.where(may_rise, count + 1, count))
    return lower, upper
