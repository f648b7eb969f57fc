"""A small independent check of flow evidence: numpy only, written from `docs/engine-flow.md`.

It shares no code with the engine. `check` returns the broken conditions as texts; an empty list
means that every stage of the answer is proven optimal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def _stage_cost(stage: str, market: Any, position: Array, who: Array, wish: Array) -> Array:
    home = wish < 0
    n = len(market.school)
    if stage == "placed":
        return home.astype(np.int64)
    if stage == "leximin":
        return np.zeros(len(wish), np.int64)
    if stage == "lottery":
        return np.where(home, n - position[who], 0)
    column = market.wish_rank if stage == "rank" else market.wish_cost
    return np.where(home, 0, np.append(column, 0)[wish]).astype(np.int64)


def _place_price(j: Array, size: Array) -> Array:
    size = np.maximum(size, 1)
    price: Array = ((j << 40) // size << 20) + ((1 << 20) - 1 - size)
    return price


def check(market: Any, seat_wish: Array, evidence: Mapping[str, Array]) -> list[str]:
    """Every condition of feasibility and of each stage in the order of `evidence`."""
    n, sessions = len(market.school), len(market.capacity)
    fixed = np.full(n, -1) if market.fixed is None else market.fixed
    faults = []
    if (seat_wish[fixed >= 0] != fixed[fixed >= 0]).any():
        faults.append("a fixed placement is not kept")
    owner = np.repeat(np.arange(n), np.diff(market.wish_start))
    seated = seat_wish >= 0
    if (owner[seat_wish[seated]] != np.nonzero(seated)[0]).any():
        return [*faults, "somebody sits at another's wish"]
    taken = np.bincount(market.wish_session[seat_wish[seated]], minlength=sessions)
    if (taken > market.capacity).any():
        faults.append("a session is overfull")

    size = market.school_size
    schools = int(market.school.max(initial=-1)) + 1 if size is None else len(size)
    if size is None:
        size = np.bincount(market.school, minlength=schools)
    size = size.astype(np.int64)
    order = np.argsort(market.lottery, kind="stable")
    position = np.empty(n, np.int64)
    position[order] = np.arange(n)

    free = fixed < 0
    who = np.concatenate([owner, np.arange(n)])
    wish = np.concatenate([np.arange(len(owner)), np.full(n, -1)])
    node = np.concatenate([market.wish_session.astype(np.int64), sessions + market.school])
    chosen = np.concatenate([seat_wish[owner] == np.arange(len(owner)), ~seated])
    keep = free[who]
    who, wish, node, chosen = who[keep], wish[keep], node[keep], chosen[keep]
    base = np.bincount(node[chosen], minlength=sessions + schools)
    lower = np.zeros(sessions + schools, np.int64)
    upper = np.full(sessions + schools, n + 1, np.int64)
    held = np.bincount(market.wish_session[fixed[~free]], minlength=sessions)
    upper[:sessions] = market.capacity - held

    for stage, price in evidence.items():
        if len(price) != sessions + schools:
            return [*faults, f"{stage}: prices of the wrong length"]
        full = _stage_cost(stage, market, position, who, wish) + price[node]
        best = np.full(n, np.iinfo(np.int64).max)
        np.minimum.at(best, who, full)
        tight = full == best[who]
        if not tight[chosen].all():
            faults.append(f"{stage}: somebody has a cheaper option")
        up, down = np.zeros(len(price), np.int64), np.zeros(len(price), np.int64)
        if stage == "leximin":
            count = base[sessions:]
            up[sessions:] = _place_price(count + 1, size)
            down[sessions:] = np.where(count > 0, _place_price(count, size), -1)
        if (price > up)[base < upper].any() or (price < down)[base > lower].any():
            faults.append(f"{stage}: a node's price does not fit its people")
        lower = np.where(price > down, np.maximum(lower, base), lower)
        upper = np.where(price < up, np.minimum(upper, base), upper)
        if stage == "leximin":
            lower[sessions:] = np.maximum(
                lower[sessions:], base[sessions:] - (price == down)[sessions:]
            )
            upper[sessions:] = np.minimum(
                upper[sessions:], base[sessions:] + (price == up)[sessions:]
            )
        who, wish, node, chosen = who[tight], wish[tight], node[tight], chosen[tight]
    return faults
