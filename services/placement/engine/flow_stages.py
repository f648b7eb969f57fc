"""One later stage with integer costs, solved on the face of the stages before it.

Idea. Start from the answer in hand and prices of zero. Whoever does not sit at an option of least
cost plus price is unseated and leaves a hole; the rounds of `flow_search` and `flow_augment` then
bring everyone back along cheapest ways until all holes are filled. Costs are brought in bit by bit
(scaling): each step doubles the prices, so that few people are unseated and ways are short.

Invariant. Seated people and nodes always satisfy complementary slackness for the costs read so
far; holes and unseated people are equally many. When nobody is unseated, the answer is optimal and
the prices prove it.

Complexity. O(log(largest cost)) steps; in each at most (people unseated) rounds, each local.

Sources: J. Edmonds and R. M. Karp, J. ACM 19 (1972), scaling; H. N. Gabow, J. Comput. Syst. Sci. 31
(1985), bits of costs; R. Ahuja, T. Magnanti and J. Orlin, Network Flows (1993), chapters 9 and 10.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from services.placement.engine.flow_augment import augment
from services.placement.engine.flow_face import Array, Face
from services.placement.engine.flow_network import Network, build, leave, scratch
from services.placement.engine.flow_search import search

#: Costs up to this many bits are taken in one step; more are read in steps of STEP_BITS.
FIRST_BITS = 6
STEP_BITS = 3

#: Called between rounds; False asks to stop.
OnRound = Callable[[], bool]


class Stopped(Exception):
    """The caller asked to stop; the answer of the stage before still stands.

    `price` are the prices in hand, in full units: they bound the stage.
    """

    def __init__(self, price: Array) -> None:
        super().__init__("stopped by the caller")
        self.price = price


@njit(cache=True)
def _load_costs(net: Network, exact: Array, shift: int, factor: int) -> None:
    """Round the costs down to a coarser unit and scale the prices to it."""
    for e in range(len(exact)):
        net.cost[e] = exact[e] >> shift
    for v in range(len(net.price)):
        net.price[v] *= factor
    place = net.reverse_start.copy()
    for i in range(len(net.option_start) - 1):
        for e in range(net.option_start[i], net.option_start[i + 1]):
            t = net.option_node[e]
            net.reverse_cost[place[t]] = net.cost[e]
            place[t] += 1
        if net.seat_option[i] >= 0:
            net.seat[i, 1] = net.cost[net.seat_option[i]]


@njit(cache=True)
def _unseat_dear(net: Network) -> int:
    """Unseat whoever has a cheaper option by cost plus price; the number of people unseated."""
    gone = 0
    for i in range(len(net.seat_option)):
        if net.seat_option[i] < 0:
            continue
        first = net.option_start[i]
        best = net.cost[first] + net.price[net.option_node[first]]
        for e in range(first + 1, net.option_start[i + 1]):
            best = min(best, net.cost[e] + net.price[net.option_node[e]])
        s = net.seat[i, 0]
        if net.seat[i, 1] + net.price[s] > best:
            leave(net, i)
            net.hole[s] += 1
            net.seat[i, 1] = best
            gone += 1
    return gone


def solve_stage(face: Face, cost: Array, on_round: OnRound) -> tuple[Array, Array]:
    """Least total `cost` (int64 per option, any sign) on the face: (price per node, seat).

    Prices are relative to a pool of price
    zero: positive only at nodes at their upper limit, negative only at their lower. Raises
    `Stopped` when `on_round` says so.
    """
    nodes = len(face.upper)
    if len(face.who) == 0:
        return np.zeros(nodes, np.int64), face.seat
    least = np.minimum.reduceat(cost, face.option_start[:-1])
    exact = (cost - np.repeat(least, np.diff(face.option_start))).astype(np.int64)
    net = build(
        face.option_start,
        face.option_node,
        exact.copy(),
        face.lower,
        face.upper,
        face.seat,
    )
    work = scratch(net)
    bits = int(exact.max()).bit_length()
    steps = max(0, -(-(bits - FIRST_BITS) // STEP_BITS))
    for step in range(steps, -1, -1):
        _load_costs(net, exact, step * STEP_BITS, 1 if step == steps else 1 << STEP_BITS)
        if _unseat_dear(net) == 0:
            continue
        while search(net, work, 0) >= 0:
            augment(net, work, 0)
            if not on_round():
                coarse = (net.price[:-1] - net.price[-1]).astype(np.int64)
                raise Stopped(coarse << (step * STEP_BITS))
    if (net.seat_option < 0).any():
        raise AssertionError("a stage lost somebody whom its face can seat")
    return (net.price[:-1] - net.price[-1]).astype(np.int64), net.seat_option.copy()


def limits(face: Face, price: Array) -> tuple[Array, Array]:
    """The limits of nodes that keep an answer optimal for the stage with these prices."""
    lower = np.where(price > 0, face.upper, face.lower)
    upper = np.where(price < 0, face.lower, face.upper)
    return lower, upper
