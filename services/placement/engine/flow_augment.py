"""The seatings of one round: move people along arcs of zero reduced cost towards open places.

Idea. Depth-first search from each source, only inside the nodes that the price rise has found to
lead to an open place, with a current-arc pointer per node, so that an arc is looked at about once
a round. Sources come in lottery order.

Invariant. Only arcs of zero reduced cost are used, so no price changes and no reduced cost becomes
negative. A node from which nothing was found is given up for the round; it may be given up wrongly
when its only way led over the path in hand: the next round finds it again at distance zero.

Complexity. O(options of the members of the touched nodes) a round.

Sources: E. A. Dinic, Soviet Math. Dokl. 11 (1970), phases with current arcs; J. Hopcroft and
R. Karp, SIAM J. Comput. 2 (1973).
"""

from __future__ import annotations

from numba import njit

from services.placement.engine.flow_network import (
    LIVE,
    ON_PATH,
    OUT,
    Array,
    Network,
    Scratch,
    enter,
    leave,
)


@njit(cache=True)
def _member_step(net: Network, work: Scratch, s: int) -> tuple[int, int]:
    """The next (person at `s`, option) that leads on at no charge, or (-1, -1)."""
    first, many = net.member_start[s], net.member_count[s]
    m, e = work.turn_member[s], work.turn_option[s]
    while m < many:
        i = net.member[first + m]
        if e < 0:
            e = net.option_start[i]
        full = net.seat[i, 1] + net.price[s]
        last = net.option_start[i + 1]
        while e < last:
            t = net.option_node[e]
            if work.state[t] == LIVE and net.cost[e] + net.price[t] == full:
                work.turn_member[s] = m
                work.turn_option[s] = e + 1
                return i, e
            e += 1
        m += 1
        e = -1
    work.turn_member[s] = m
    work.turn_option[s] = -1
    return -1, -1


@njit(cache=True)
def _pool_step(net: Network, work: Scratch, pool: int) -> int:
    """The next node that could take one fewer at no charge, or -1."""
    v = work.turn_member[pool]
    while v < pool:
        if (
            work.state[v] == LIVE
            and net.count[v] > net.lower[v]
            and net.price[v] == net.price[pool]
        ):
            work.turn_member[pool] = v + 1
            return int(v)
        v += 1
    work.turn_member[pool] = v
    return -1


@njit(cache=True)
def _find(net: Network, work: Scratch, j: int, e0: int, need: int) -> int:
    """Depth of a way from source `j` by her option `e0` to an open place, or -1."""
    pool = len(net.price) - 1
    state, node = work.state, work.path_node
    depth = 0
    node[0] = net.option_node[e0]
    work.path_who[0] = j
    work.path_option[0] = e0
    state[node[0]] = ON_PATH
    while depth >= 0:
        s = node[depth]
        who, option, to = -1, -1, -1
        if s == pool:
            if need > 0:
                return depth
            to = _pool_step(net, work, pool)
        elif net.hole[s] > 0:
            return depth
        elif (
            state[pool] == LIVE and net.count[s] < net.upper[s] and net.price[s] == net.price[pool]
        ):
            to = pool
        else:
            who, option = _member_step(net, work, s)
            if who >= 0:
                to = net.option_node[option]
        if to < 0:
            state[s] = OUT
            depth -= 1
        else:
            depth += 1
            node[depth] = to
            work.path_who[depth] = who
            work.path_option[depth] = option
            state[to] = ON_PATH
    return -1


@njit(cache=True)
def _move(net: Network, work: Scratch, depth: int) -> None:
    """Carry out the path in hand, from its end backwards, so that no node is ever overfull."""
    pool = len(net.price) - 1
    end = work.path_node[depth]
    if end != pool:
        net.hole[end] -= 1
    for q in range(depth, -1, -1):
        t = work.path_node[q]
        work.state[t] = LIVE
        i = work.path_who[q]
        if i < 0:
            if t == pool:
                net.count[work.path_node[q - 1]] += 1
            else:
                net.count[t] -= 1
            continue
        s = net.seat[i, 0]
        if s >= 0:
            place = leave(net, i)
            if place <= work.turn_member[s]:
                work.turn_member[s] = place
                work.turn_option[s] = -1
        enter(net, i, work.path_option[q])


@njit(cache=True)
def augment(net: Network, work: Scratch, sources: Array, need: int) -> int:
    """Seat as many `sources` as the round allows, in their order; what the pool still needs."""
    pool = len(net.price) - 1
    for u in range(len(sources)):
        j = sources[u]
        for e in range(net.option_start[j], net.option_start[j + 1]):
            t = net.option_node[e]
            if work.state[t] != LIVE or net.cost[e] + net.price[t] != net.seat[j, 1]:
                continue
            depth = _find(net, work, j, e, need)
            if depth >= 0:
                if work.path_node[depth] == pool:
                    need -= 1
                _move(net, work, depth)
                break
    return need
