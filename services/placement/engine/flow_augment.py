"""The seatings of one round: move people along arcs of zero reduced cost into open places.

Idea. Depth-first search backwards from each open place over the people who could come in at no
charge, until someone unseated is met. Every node first looks for an unseated applicant of its own
(lookahead), so ways are short; two pointers per node see to it that an arc is looked at about once
a round. Going backwards keeps a round local: when few places are left, only their surroundings are
searched, however many people are waiting.

Invariant. Only arcs of zero reduced cost are used, so no price changes and no reduced cost becomes
negative. A node from which nothing was found is given up for the round; it may be given up wrongly
when its only way led over the path in hand: the next round finds it again at distance zero.

Complexity. O(options into the touched nodes + moves) a round.

Sources: E. A. Dinic, Soviet Math. Dokl. 11 (1970), phases with current arcs; I. S. Duff,
ACM Trans. Math. Softw. 7 (1981), depth-first matching with lookahead.
"""

from __future__ import annotations

from numba import njit

from services.placement.engine.flow_network import Network, Scratch, enter, leave


@njit(cache=True)
def _unseated_near(net: Network, work: Scratch, v: int) -> int:
    """Place in the reverse list of `v` of somebody unseated who may come at no charge, or -1."""
    q, last = work.look[v], net.reverse_start[v + 1]
    here = net.price[v]
    while q < last:
        i = net.reverse_who[q]
        if net.seat[i, 0] < 0 and net.reverse_cost[q] + here == net.seat[i, 1]:
            work.look[v] = q
            return int(q)
        q += 1
    work.look[v] = last
    return -1


@njit(cache=True)
def _step_back(net: Network, work: Scratch, v: int) -> tuple[int, int]:
    """The next (node, person) from which somebody could come to `v` at no charge, or (-1, -1).

    The person is -1 where the step is slack: into the pool or out of it.
    """
    pool = len(net.price) - 1
    q = work.turn[v]
    if v == pool:
        while q < pool:
            if net.taken[q] < net.upper[q] and net.price[q] == net.price[v] and not work.met[q]:
                work.turn[v] = q
                return int(q), -1
            q += 1
        work.turn[v] = q
        return -1, -1
    if not work.met[pool] and net.taken[v] > net.lower[v] and net.price[v] == net.price[pool]:
        return pool, -1
    last = net.reverse_start[v + 1]
    here = net.price[v]
    while q < last:
        i = net.reverse_who[q]
        s = net.seat[i, 0]
        if (
            s >= 0
            and not work.met[s]
            and net.reverse_cost[q] + here == net.seat[i, 1] + net.price[s]
        ):
            work.turn[v] = q + 1
            return int(s), int(i)
        q += 1
    work.turn[v] = last
    return -1, -1


@njit(cache=True)
def _meet(net: Network, work: Scratch, v: int) -> None:
    """Mark a node as met; at the first time in a round its pointers start afresh."""
    work.met[v] = True
    if not work.seen[v]:
        work.seen[v] = True
        work.seen_list[work.fill[4]] = v
        work.fill[4] += 1
        work.turn[v] = net.reverse_start[v] if v < len(net.price) - 1 else 0
        work.look[v] = net.reverse_start[v]


@njit(cache=True)
def _find(net: Network, work: Scratch, start: int) -> int:
    """Depth of a way back from the open place at `start` to somebody unseated, or -1."""
    pool = len(net.price) - 1
    depth = 0
    work.path_node[0] = start
    _meet(net, work, start)
    while depth >= 0:
        v = work.path_node[depth]
        if v != pool:
            q = _unseated_near(net, work, v)
            if q >= 0:
                work.path_who[depth] = net.reverse_who[q]
                return depth
        s, who = _step_back(net, work, v)
        if s < 0:
            depth -= 1
            continue
        work.path_who[depth] = who
        depth += 1
        work.path_node[depth] = s
        _meet(net, work, s)
    return -1


@njit(cache=True)
def option_to(net: Network, i: int, v: int) -> int:
    """The option of applicant `i` at node `v` of least cost."""
    best = -1
    for e in range(net.option_start[i], net.option_start[i + 1]):
        if net.option_node[e] == v and (best < 0 or net.cost[e] < net.cost[best]):
            best = e
    return best


@njit(cache=True)
def _move(net: Network, work: Scratch, depth: int) -> None:
    """Carry out the way in hand from its open place on, so that no node is ever overfull."""
    pool = len(net.price) - 1
    for q in range(depth + 1):
        v = work.path_node[q]
        work.met[v] = False
        i = work.path_who[q]
        if i < 0:
            if v == pool:
                net.taken[work.path_node[q + 1]] += 1
            else:
                net.taken[v] -= 1
            continue
        if net.seat[i, 0] >= 0:
            leave(net, i)
        enter(net, i, option_to(net, i, v))


@njit(cache=True)
def augment(net: Network, work: Scratch, need: int) -> int:
    """Seat as many people as the prices in hand allow; how many the pool still takes."""
    pool = len(net.price) - 1
    work.fill[4] = 0
    for v in range(pool + 1):
        while need > 0 if v == pool else net.hole[v] > 0:
            if work.met[v]:
                break
            depth = _find(net, work, v)
            if depth < 0:
                break
            if v == pool:
                need -= 1
            else:
                net.hole[v] -= 1
            _move(net, work, depth)
    for q in range(work.fill[4]):
        v = work.seen_list[q]
        work.met[v] = False
        work.seen[v] = False
    return need
