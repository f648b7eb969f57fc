"""The residual network of the individual placement: nodes are sessions and homes, never applicants.

A *node* is a session, or the home of one school, where its unplaced applicants are. Every applicant
is at exactly one node (or, during a solve, at none) and may move to any node of her options. A last
node, the *pool*, holds the slack of every node: entering it from `v` means that `v` takes one more
person than before, leaving it to `v` that `v` takes one fewer. With the pool, lower and upper
limits of nodes need no special case: every change of an answer is a path or a cycle of the network.

Applicants as arcs instead of nodes make the graph forty times smaller (a session has about 25
seats) and let the prices of the nodes be the whole proof; see `docs/engine-flow.md`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]
#: What compiled code passes around as one integer.
Integer = int | np.signedinteger[Any]

#: A count that no market reaches; the need of a pool that takes whoever comes.
UNLIMITED = 1 << 40


class Network(NamedTuple):
    """The mutable state of one solve; n applicants, m options, v nodes (the pool is the last).

    `cost`, `price` and `seat` share one integer type: int32 while ranks are small (half the memory
    traffic), int64 otherwise. `seat[i]` is (node, cost of her option) of a seated applicant and
    (-1, level) of an unseated one, where level is what her cheapest option costs in full. `count`
    is people plus holes; a hole is a place that someone has left and that must be filled again.
    """

    option_start: Array  # int64 [n + 1]
    option_node: Array  # int32 [m]
    cost: Array  # int32 or int64 [m]
    reverse_start: Array  # int64 [v + 1]
    reverse_who: Array  # int32 [m]
    reverse_cost: Array  # as cost [m]
    lower: Array  # int64 [v]
    upper: Array  # int64 [v]
    taken: Array  # int64 [v]
    hole: Array  # int64 [v]
    price: Array  # as cost [v]
    seat: Array  # as cost [n, 2]
    seat_option: Array  # int64 [n], -1 while unseated
    member: Array  # int32 [places], people of node v from member_start[v] on
    member_start: Array  # int64 [v + 1]
    member_count: Array  # int64 [v]
    slot: Array  # int64 [n], place of an applicant in `member`


class Scratch(NamedTuple):
    """Working memory of the rounds, kept between them so that a round costs what it touches."""

    distance: Array  # as cost [v], `far` while untouched
    passed: Array  # bool [v], its people have been looked at by the search
    touched: Array  # int32 [v]
    ready: Array  # int32 [v], stack of nodes at the distance in hand
    heap: Array  # int32 [v], binary heap of nodes by distance
    heap_at: Array  # int32 [v], place of a node in the heap, -1 outside
    fill: Array  # int64 [5]: touched nodes, ready nodes, heap nodes, unused, nodes seen
    met: Array  # bool [v], on the way in hand or given up for the round
    seen: Array  # bool [v], met at least once in the round
    seen_list: Array  # int32 [v]
    turn: Array  # int64 [v], current arc into the node
    look: Array  # int64 [v], current arc of the lookahead
    path_node: Array  # int32 [v + 1]
    path_who: Array  # int64 [v + 1], who moves to the node; -1 where the step is slack


@njit(cache=True)
def reverse_options(
    option_start: Array, option_node: Array, cost: Array, nodes: int
) -> tuple[Array, Array, Array]:
    """Options by node, applicants ascending: start, applicant, cost. Counting sort, O(n + m)."""
    start = np.zeros(nodes + 1, np.int64)
    for e in range(len(option_node)):
        start[option_node[e] + 1] += 1
    for v in range(nodes):
        start[v + 1] += start[v]
    place = start.copy()
    who = np.empty(len(option_node), np.int32)
    what = np.empty(len(option_node), cost.dtype)
    for i in range(len(option_start) - 1):
        for e in range(option_start[i], option_start[i + 1]):
            q = place[option_node[e]]
            place[option_node[e]] = q + 1
            who[q] = i
            what[q] = cost[e]
    return start, who, what


def build(
    option_start: Array,
    option_node: Array,
    cost: Array,
    lower: Array,
    upper: Array,
    seat_option: Array | None = None,
) -> Network:
    """A network over `len(upper)` nodes plus the pool, everyone unseated or seated as told.

    `cost` decides the integer type of prices. Prices start at zero, levels at zero. O(n + m).
    """
    nodes = len(upper) + 1
    n = len(option_start) - 1
    reverse_start, reverse_who, reverse_cost = reverse_options(
        option_start, option_node, cost, nodes
    )
    room = np.minimum(np.append(upper, 0), np.diff(reverse_start))
    member_start = np.zeros(nodes + 1, np.int64)
    np.cumsum(room, out=member_start[1:])
    net = Network(
        option_start=option_start,
        option_node=option_node,
        cost=cost,
        reverse_start=reverse_start,
        reverse_who=reverse_who,
        reverse_cost=reverse_cost,
        lower=np.append(lower, 0).astype(np.int64),
        upper=np.append(upper, 0).astype(np.int64),
        taken=np.zeros(nodes, np.int64),
        hole=np.zeros(nodes, np.int64),
        price=np.zeros(nodes, cost.dtype),
        seat=np.zeros((n, 2), cost.dtype),
        seat_option=np.full(n, -1, np.int64),
        member=np.empty(int(member_start[-1]), np.int32),
        member_start=member_start,
        member_count=np.zeros(nodes, np.int64),
        slot=np.zeros(n, np.int64),
    )
    net.seat[:, 0] = -1
    if seat_option is not None:
        _seat_all(net, seat_option)
    return net


@njit(cache=True)
def _seat_all(net: Network, seat_option: Array) -> None:
    for i in range(len(seat_option)):
        e = seat_option[i]
        if e >= 0:
            net.taken[net.option_node[e]] += 1
            enter(net, i, e)


@njit(cache=True)
def enter(net: Network, i: int, e: int) -> None:
    """Seat applicant `i` by option `e`; the caller keeps `taken` and `hole`."""
    t = net.option_node[e]
    p = net.member_start[t] + net.member_count[t]
    net.member[p] = i
    net.slot[i] = p
    net.member_count[t] += 1
    net.seat[i, 0] = t
    net.seat[i, 1] = net.cost[e]
    net.seat_option[i] = e


@njit(cache=True)
def leave(net: Network, i: int) -> int:
    """Unseat applicant `i` and return the place that she left in her node's list of people."""
    s = net.seat[i, 0]
    p = net.slot[i]
    last = net.member_start[s] + net.member_count[s] - 1
    net.member[p] = net.member[last]
    net.slot[net.member[p]] = p
    net.member_count[s] -= 1
    net.seat[i, 0] = -1
    net.seat_option[i] = -1
    return int(p - net.member_start[s])


def scratch(net: Network) -> Scratch:
    """Working memory that fits `net`."""
    nodes = len(net.price)
    return Scratch(
        distance=np.full(nodes, np.iinfo(net.price.dtype).max, net.price.dtype),
        passed=np.zeros(nodes, np.bool_),
        touched=np.empty(nodes, np.int32),
        ready=np.empty(nodes, np.int32),
        heap=np.empty(nodes, np.int32),
        heap_at=np.full(nodes, -1, np.int32),
        fill=np.zeros(5, np.int64),
        met=np.zeros(nodes, np.bool_),
        seen=np.zeros(nodes, np.bool_),
        seen_list=np.empty(nodes, np.int32),
        turn=np.zeros(nodes, np.int64),
        look=np.zeros(nodes, np.int64),
        path_node=np.empty(nodes + 1, np.int32),
        path_who=np.empty(nodes + 1, np.int64),
    )
