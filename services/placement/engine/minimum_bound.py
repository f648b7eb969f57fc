"""Persons with minimum sizes: a bound that knows the minimums, from what a seat is worth to each.

Idea. Relax "everyone is seated once, or stays at home" with a worth v of each person (Lagrangian
relaxation, A. Geoffrion 1974). A session alone is then easy: closed, or its k cheapest wishes, k
from minimum to maximum. The flow with minimums ignored bounds as prices of *sessions* can, which
cannot tell a session that runs from half of one; worths of persons can. They are read off the flow
that fills the open sessions: whoever is seated is worth what her second choice would cost at its
prices, so that those who like a thin session pay for those who are drawn into it. Where they can,
the bound is the value of the answer itself, without any search.

Complexity. Two sorts of the wishes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.placement.engine.flow import FlowAnswer
from services.placement.engine.flow_bound import FAR, SAFE, Rest
from services.placement.engine.flow_face import Array

#: Sort keys below this fit 64 bits.
LARGEST = 2**62


@dataclass(frozen=True)
class Worth:
    """The bound, the worth of each person, what home costs, and sessions that had better change.

    `close` are in use and dearer open than closed at these worths, the dearest first; `open` have
    nobody and would gain by running, those that gain most first.
    """

    bound: int
    worth: Array
    charge: int
    close: Array
    open: Array


def worth_bound(
    rest: Rest, low: Array, filled: FlowAnswer, surcharge: int, top: int
) -> Worth | None:
    """The bound of `rank` for answers that place as many as `rest` does; None if sums overflow.

    `low` is the minimum of every session, `filled` the flow over the doubled sessions with its
    `surcharge`, `top` more than any rank.
    """
    sessions = rest.sessions
    # Dearer than any chain of moves, as the stage before demands; where that leads nowhere because
    # more could be placed, home costs little more than the last rank.
    charges = 2 * (top + surcharge) * (sessions + 2), 2 * (top + surcharge)
    best: Worth | None = None
    for charge in charges:
        if 8.0 * charge * (len(rest.owner) + len(rest.free) + 1) >= SAFE:
            continue
        price = charge * filled.evidence["placed"] + filled.evidence["rank"]
        at = np.minimum(price[:sessions] - surcharge, price[sessions : 2 * sessions])
        found = _worth(rest, low, at, charge - surcharge)
        if best is None or found.bound > best.bound:
            best = found
        if best.bound >= 0:
            break
    return best


def _worth(rest: Rest, low: Array, at: Array, home: int) -> Worth:
    """The bound at prices `at` of the sessions, with home at its price."""
    market, wish = rest.market, rest.wish_cost("rank")
    worth = _second(rest, wish + at[market.wish_session], home)
    total, close, empty = _least(rest, wish, worth, low)
    total += int(worth[rest.free].sum()) + int(np.minimum(home - worth[rest.home], 0).sum())
    total -= home * int((rest.seat < 0).sum())
    if market.fixed is not None:
        total += int(wish[market.fixed[~rest.free]].sum())
    return Worth(total, worth, home, close, empty)


def _second(rest: Rest, full: Array, home: int) -> Array:
    """Everyone's second-cheapest option, home among them; at most what home costs."""
    full = np.where(rest.alive, full, FAR)
    best, second = (np.full(len(rest.free), FAR) for _ in range(2))
    if len(rest.first):
        best[rest.some] = np.minimum.reduceat(full, rest.first)
        place = np.where(full == best[rest.owner], np.arange(len(full)), len(full))
        taken = np.minimum.reduceat(place, rest.first)
        full[taken] = FAR
        second[rest.some] = np.minimum.reduceat(full, rest.first)
    found: Array = np.minimum(np.minimum(np.maximum(best, home), second), home)
    return found


def _least(rest: Rest, wish: Array, worth: Array, low: Array) -> tuple[int, Array, Array]:
    """The sum of all sessions' least values, and the sessions that had better close, or open."""
    market, sessions = rest.market, rest.sessions
    alive = np.nonzero(rest.alive)[0]
    at = market.wish_session[alive]
    value = wish[alive] - worth[rest.owner[alive]]
    # One key instead of two: sessions in order, the cheapest wishes of each first.
    span = int(value.max(initial=0)) - int(value.min(initial=0)) + 1
    if span < LARGEST // (sessions + 1):
        order = np.argsort(at * span + value)
    else:
        order = np.lexsort((value, at))
    at, value = at[order], value[order]
    start = np.searchsorted(at, np.arange(sessions + 1))
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(value)])
    many = np.arange(1, len(at) + 1) - start[at]
    least = low - (market.capacity - rest.capacity)
    run = np.where(
        (many >= least[at]) & (many <= rest.capacity[at]), sums[1:] - sums[start[at]], FAR
    )
    own = np.zeros(sessions, np.int64)
    some = np.nonzero(np.diff(start))[0]
    if len(some):
        own[some] = np.minimum.reduceat(run, start[some])
    own[least <= 0] = np.minimum(own[least <= 0], 0)
    used = rest.count[:sessions] > 0
    dear, cheap = np.nonzero((own > 0) & used)[0], np.nonzero((own < 0) & ~used)[0]
    close = dear[np.argsort(-own[dear], kind="stable")]
    return int(np.minimum(own, 0).sum()), close, cheap[np.argsort(own[cheap], kind="stable")]
