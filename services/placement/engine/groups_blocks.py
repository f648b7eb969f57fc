"""Sessions as blocks: the best set of groups for one session at given prices, by dynamic program.

A wish of an undivided group is *homed* at its first stop. The block of a session holds its `z`
column and the `g` columns homed there; its integer points are "closed" (all 0) and "runs" (z = 1
with the homed seats between the session's minimum and maximum). Minimising a linear function over
one block is a small knapsack, solved exactly in O(wishes x seats); summed over all sessions this
gives a far stronger bound than the linear relaxation (Dantzig and Wolfe 1960; for assignment
Savelsbergh 1997). The same routine prices columns in floats and evaluates certificates in integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from services.placement.engine.groups_model import Model
from services.placement.engine.market import Flags, Ints

#: A session with more seats in play than this gets no block; its columns stay on their own.
MOST_SEATS = 20_000
Values = NDArray[Any]


@dataclass(frozen=True)
class Blocks:
    """Blocks in session order: items `ptr[b]:ptr[b+1]` are (column, seats); `z` the run column.

    `covers` marks the blocks whose session is touched by homed wishes only, so that the model's
    max and min rows are implied; `inside` marks the columns that belong to some block.
    """

    session: Ints
    z: Ints
    low: Ints
    high: Ints
    covers: Flags
    ptr: Ints
    item: Ints
    seats: Ints
    inside: Flags

    def __len__(self) -> int:
        return len(self.session)


def make_blocks(model: Model) -> Blocks:
    """The blocks of a model, made once; split groups' wishes and later stops are not homed."""
    if "blocks" not in model.forms:
        model.forms["blocks"] = _blocks(model)
    made: Blocks = model.forms["blocks"]
    return made


def _blocks(model: Model) -> Blocks:
    m = model.market
    count = len(m.sessions)
    homed: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    foreign = [False] * count
    ptr, stop = m.wishes.stop_ptr.tolist(), m.wishes.stop_session.tolist()
    own, who = m.wishes.stop_seats.tolist(), m.wish_applicant.tolist()
    people, g, n = m.applicants.people.tolist(), model.g.tolist(), model.n.tolist()
    for w in range(len(g)):
        if g[w] < 0:
            continue
        first = ptr[w]
        if n[w] >= 0:
            foreign[stop[first]] = True
        else:
            seats = people[who[w]] if own[first] < 0 else own[first]
            homed[stop[first]].append((g[w], seats))
        for k in range(first + 1, ptr[w + 1]):
            foreign[stop[k]] = True
    lows, highs = m.sessions.min.tolist(), m.sessions.max.tolist()
    opened = m.sessions.open.tolist()
    kept = [s for s in range(count) if min(highs[s], sum(n for _, n in homed[s])) <= MOST_SEATS]
    items = [item for s in kept for item in homed[s]]
    inside = np.zeros(model.columns, np.bool_)
    z = model.z[kept]
    column = np.array([c for c, _ in items], dtype=np.int64)
    inside[z] = True
    inside[column] = True
    sizes = [len(homed[s]) for s in kept]
    high = [min(highs[s], sum(n for _, n in homed[s])) for s in kept]
    low = [0 if opened[s] or foreign[s] else lows[s] for s in kept]
    return Blocks(
        session=np.array(kept, dtype=np.int64),
        z=z,
        low=np.array(low, dtype=np.int64),
        high=np.array(high, dtype=np.int64),
        covers=np.array([not foreign[s] for s in kept], dtype=np.bool_),
        ptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        item=column,
        seats=np.array([n for _, n in items], dtype=np.int64),
        inside=inside,
    )


@njit(cache=True)
def _knapsack(cost, seats, low, high, take, best, forbid, must):  # type: ignore[no-untyped-def]
    """Least cost of a set of items with low..high seats; `take` is filled with the set.

    Returns (found, value). Exact dynamic program over the number of seats; `best` is scratch of
    length high + 1. Items with `forbid` are left out, those with `must` are in.
    """
    count = len(cost)
    base = 0
    value = cost[0] * 0 if count else 0 * cost.sum()
    for i in range(count):
        take[i] = 0
        if must[i]:
            take[i] = 1
            base += seats[i]
            value += cost[i]
    if base > high:
        return False, value
    room = high - base
    need = max(0, low - base)
    # Without a minimum to reach, an item that costs something is never worth taking.
    all_items = need > 0
    used = np.zeros(count, np.int64)
    m = 0
    for i in range(count):
        if must[i] or forbid[i]:
            continue
        if seats[i] == 0:
            if cost[i] < 0:
                take[i] = 1
                value += cost[i]
            continue
        if (all_items or cost[i] < 0) and seats[i] <= room:
            used[m] = i
            m += 1
    reach = np.zeros(room + 1, np.bool_)
    for k in range(room + 1):
        best[k] = 0
    reach[0] = True
    choice = np.zeros((m, room + 1), np.bool_)
    top = 0
    for j in range(m):
        i = used[j]
        n = seats[i]
        top = min(room, top + n)
        for k in range(top, n - 1, -1):
            if reach[k - n]:
                v = best[k - n] + cost[i]
                if not reach[k] or v < best[k]:
                    best[k] = v
                    reach[k] = True
                    choice[j, k] = True
    goal = -1
    for k in range(need, room + 1):
        if reach[k] and (goal < 0 or best[k] < best[goal]):
            goal = k
    if goal < 0:
        return False, value
    value += best[goal]
    k = goal
    for j in range(m - 1, -1, -1):
        if choice[j, k]:
            take[used[j]] = 1
            k -= seats[used[j]]
    return True, value


@njit(cache=True)
def least(cost, low_box, high_box, ptr, item, seats, z, low, high, value, runs, take):  # type: ignore[no-untyped-def]
    """Minimise `cost` over every block within the box; answers False if some block is empty.

    Fills per block `value` and `runs`, per item `take`. A block that may be closed costs 0 then.
    """
    widest = 0
    for b in range(len(z)):
        widest = max(widest, high[b])
    best = np.zeros(widest + 1, cost.dtype)
    for b in range(len(z)):
        lo, hi = ptr[b], ptr[b + 1]
        count = hi - lo
        own = np.empty(count, cost.dtype)
        forbid = np.zeros(count, np.bool_)
        must = np.zeros(count, np.bool_)
        forced = low_box[z[b]] > 0
        for i in range(count):
            column = item[lo + i]
            own[i] = cost[column]
            forbid[i] = high_box[column] < 1
            must[i] = low_box[column] > 0
            forced = forced or must[i]
        runs[b] = 0
        value[b] = 0
        found = False
        if high_box[z[b]] > 0:
            found, v = _knapsack(
                own, seats[lo:hi], low[b], high[b], take[lo:hi], best, forbid, must
            )
            v += cost[z[b]]
            if found and (forced or v < 0):
                value[b] = v
                runs[b] = 1
        if not runs[b]:
            if forced:
                return False
            for i in range(lo, hi):
                take[i] = 0
    return True


@dataclass
class Best:
    """Least point of every block: value per block, whether it runs, which items are in."""

    value: Values
    runs: Ints
    take: Ints
    found: bool


def best_points(blocks: Blocks, cost: Values, low_box: Ints, high_box: Ints) -> Best:
    """Minimise a cost per column (floats or integers, exactly) over every block in the box."""
    value = np.zeros(len(blocks), cost.dtype)
    runs = np.zeros(len(blocks), np.int64)
    take = np.zeros(len(blocks.item), np.int64)
    found = least(
        cost, low_box, high_box, blocks.ptr, blocks.item, blocks.seats, blocks.z,
        blocks.low, blocks.high, value, runs, take,
    )  # fmt: skip
    return Best(value, runs, take, bool(found))


def kept_rows(model: Model, blocks: Blocks, names: list[str]) -> Ints:
    """The rows that a master over these blocks needs: all but those that a block implies."""
    covered = {int(s) for s, full in zip(blocks.session, blocks.covers, strict=True) if full}
    with_block = {int(s) for s in blocks.session}
    homed = {int(c) for c in blocks.item}
    stops = model.market.wishes
    keep: list[int] = []
    for i, name in enumerate(names):
        kind, _, rest = name.partition(":")
        implied = False
        if kind in {"max", "min"}:
            implied = int(rest) in covered
        elif kind == "link":
            w, s = (int(part) for part in rest.split(":"))
            first = int(stops.stop_session[stops.stop_ptr[w]])
            implied = first == s and s in with_block and int(model.g[w]) in homed
        if not implied:
            keep.append(i)
    return np.array(keep, dtype=np.int64)
