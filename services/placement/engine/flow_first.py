"""The first solve of persons: most seated, and the least cost at that number, in one run.

Rounds of `flow_search` and `flow_augment` over the sessions alone: everyone begins unseated, and
each round seats those whose way to a free place is cheapest. See `flow` for idea and sources.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from services.placement.engine.flow_augment import augment
from services.placement.engine.flow_face import Array
from services.placement.engine.flow_network import UNLIMITED, Network, enter, scratch
from services.placement.engine.flow_search import search

#: Ranks up to this are solved together with the number placed; larger ones by scaling.
SMALL_RANK = 255


@njit(cache=True)
def _open_round(net: Network, order: Array) -> int:
    """Seat applicants at wishes of the least rank of all while places last; the number seated.

    Before the first seating every session is open and costs nothing, so the search has nothing to
    find: everyone's level is that least rank.
    """
    least = np.int64(net.cost[0]) if len(net.cost) > 0 else np.int64(0)
    for e in range(len(net.cost)):
        least = min(least, net.cost[e])
    seated = 0
    for u in range(len(order)):
        j = order[u]
        net.seat[j, 1] = least
        for e in range(net.option_start[j], net.option_start[j + 1]):
            t = net.option_node[e]
            if net.cost[e] == least and net.taken[t] < net.upper[t]:
                net.taken[t] += 1
                enter(net, j, e)
                seated += 1
                break
    return seated


@njit(cache=True)
def _seat_rest(net: Network, order: Array) -> None:
    """Seat whoever is left, in `order`, at her cheapest option with a free place."""
    for u in range(len(order)):
        j = order[u]
        if net.seat_option[j] >= 0:
            continue
        best = -1
        for e in range(net.option_start[j], net.option_start[j + 1]):
            t = net.option_node[e]
            if net.taken[t] < net.upper[t] and (best < 0 or net.cost[e] < net.cost[best]):
                best = e
        if best >= 0:
            net.taken[net.option_node[best]] += 1
            enter(net, j, best)


def first_solve(
    net: Network, order: Array, report: Callable[[], bool]
) -> tuple[Array, Array, bool]:
    """Most seated, then least cost at that number: (price, sealed, whether it came to the end).

    Prices are those of the second level on its face: sealed sessions are priced against home,
    which costs nothing, the others against free seats. Cut short, it seats whoever still finds a
    free place, and prices are those in hand.
    """
    work = scratch(net)
    need = UNLIMITED - _open_round(net, order)
    while report():
        if search(net, work, need) < 0:
            break
        need = augment(net, work, need)
    else:
        price = np.maximum(net.price[:-1].astype(np.int64) - int(net.price[-1]), 0)
        _seat_rest(net, order)
        return price, np.zeros(len(price), np.bool_), False
    sealed = ~work.passed[:-1]
    level = int(net.cost.min(initial=SMALL_RANK))
    price = net.price[:-1].astype(np.int64) - int(net.price[-1])
    price[sealed] = net.price[:-1][sealed].astype(np.int64) - level
    return price, sealed, True
