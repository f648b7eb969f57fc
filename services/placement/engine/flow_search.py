"""The price rise of one round: how far is the nearest unseated applicant from an open place?

Idea. The search runs backwards from the open places over reduced costs (Dijkstra; steps of length
zero go over a stack, so that small integer costs hardly see the heap) until the nearest unseated
applicants are met at distance delta. Every node nearer than delta is then made cheaper by what it
lacks to delta. That is the classical rise of all other prices, seen from the pool, and it touches
only what has been searched.

Invariant. No residual arc has a negative reduced cost: nobody seated could move to an option that
is cheaper by cost plus price; a node that could take more is never priced above the pool, one that
could take fewer never below it. So the flow is cheapest among the flows of its size.

Complexity. O(touched options + touched nodes * log nodes) a round; as many rounds as there are
different path costs, at most.

Sources: L. R. Ford and D. R. Fulkerson, Flows in Networks (1962), primal-dual method; J. Edmonds
and R. M. Karp, J. ACM 19 (1972), Dijkstra on reduced costs; R. B. Dial, CACM 12 (1969).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from services.placement.engine.flow_network import Integer, Network, Scratch

TOUCHED, READY, HEAPED = 0, 1, 2


@njit(cache=True)
def _sift_up(work: Scratch, p: int) -> None:
    heap, heap_at, distance = work.heap, work.heap_at, work.distance
    v = heap[p]
    while p > 0:
        parent = (p - 1) >> 1
        if distance[heap[parent]] <= distance[v]:
            break
        heap[p] = heap[parent]
        heap_at[heap[p]] = p
        p = parent
    heap[p] = v
    heap_at[v] = p


@njit(cache=True)
def _pop(work: Scratch) -> int:
    heap, heap_at, distance = work.heap, work.heap_at, work.distance
    top = heap[0]
    heap_at[top] = -1
    work.fill[HEAPED] -= 1
    size = work.fill[HEAPED]
    if size > 0:
        v = heap[size]
        p = 0
        while True:
            c = 2 * p + 1
            if c >= size:
                break
            if c + 1 < size and distance[heap[c + 1]] < distance[heap[c]]:
                c += 1
            if distance[heap[c]] >= distance[v]:
                break
            heap[p] = heap[c]
            heap_at[heap[p]] = p
            p = c
        heap[p] = v
        heap_at[v] = p
    return int(top)


@njit(cache=True)
def _reach(work: Scratch, v: Integer, distance: Integer, here: Integer, far: Integer) -> None:
    """Node `v` is `distance` from an open place; `here` is the distance in hand."""
    fill = work.fill
    if work.distance[v] == far:
        work.touched[fill[TOUCHED]] = v
        fill[TOUCHED] += 1
    work.distance[v] = distance
    if distance == here and work.heap_at[v] < 0:
        work.ready[fill[READY]] = v
        fill[READY] += 1
    else:
        if work.heap_at[v] < 0:
            work.heap[fill[HEAPED]] = v
            work.heap_at[v] = fill[HEAPED]
            fill[HEAPED] += 1
        _sift_up(work, work.heap_at[v])


@njit(cache=True)
def search(net: Network, work: Scratch, need: int) -> int:
    """Bring the nearest unseated applicants within reach of an open place at no charge.

    Open places are holes and, while `need` is positive, the pool. Returns the distance by which
    prices have changed, or -1 when no unseated applicant can reach an open place at any price;
    then `work.passed` marks the nodes that can reach one, and no price has changed.
    """
    pool = len(net.price) - 1
    dist, fill, price = work.distance, work.fill, net.price
    far = np.int64(np.iinfo(price.dtype).max)
    fill[TOUCHED] = fill[READY] = fill[HEAPED] = 0
    for v in range(pool + 1):
        if net.hole[v] > 0 or (v == pool and need > 0):
            _reach(work, v, 0, 0, far)
    delta = far
    here = np.int64(0)
    while here < delta:
        if fill[READY] > 0:
            fill[READY] -= 1
            v = work.ready[fill[READY]]
        elif fill[HEAPED] > 0 and dist[work.heap[0]] < delta:
            v = _pop(work)
            here = np.int64(dist[v])
        else:
            break
        work.passed[v] = True
        base = here + price[v]
        if v == pool:
            for w in range(pool):
                if net.taken[w] < net.upper[w] and base - price[w] < min(delta, dist[w]):
                    _reach(work, w, base - price[w], here, far)
            continue
        if net.taken[v] > net.lower[v] and base - price[pool] < min(delta, dist[pool]):
            _reach(work, pool, base - price[pool], here, far)
        for q in range(net.reverse_start[v], net.reverse_start[v + 1]):
            i = net.reverse_who[q]
            s = net.seat[i, 0]
            there = base + net.reverse_cost[q] - net.seat[i, 1]
            if s >= 0:
                there -= price[s]
                if there < delta and there < dist[s]:
                    _reach(work, s, there, here, far)
            elif there < delta:
                delta = there
    if delta == far:
        return -1
    for q in range(fill[TOUCHED]):
        v = work.touched[q]
        if dist[v] < delta:
            price[v] -= delta - dist[v]
    _forget(work, far)
    return int(delta)


@njit(cache=True)
def _forget(work: Scratch, far: Integer) -> None:
    """Make the scratch memory ready for the next search."""
    for q in range(work.fill[TOUCHED]):
        v = work.touched[q]
        work.passed[v] = False
        work.distance[v] = far
        work.heap_at[v] = -1
