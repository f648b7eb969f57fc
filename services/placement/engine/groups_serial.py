"""Serial acceptance, the `stable` mode for groups, and the count of blocking pairs.

Applicants choose in the order of priority class, then lottery; each takes the best-ranked wish
that keeps every rule given those before. Sessions left below their minimum are closed, a tenth of
them (the emptiest first) at a time, and everything is run again, until all that run may run. It is
deterministic and needs O(rounds x wishes). Closing only shrinks the set of sessions, so it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from services.placement.engine.answer import Part
from services.placement.engine.answer_check import breaches
from services.placement.engine.groups_serial_kernel import Plain, plain
from services.placement.engine.groups_state import State, Static
from services.placement.engine.market import Ints, Market


def acceptance_order(market: Market, draw: Ints) -> list[int]:
    """Applicants by priority class (least first), then place in the lottery."""
    priority, place = market.applicants.priority.tolist(), draw.tolist()
    return sorted(range(len(market.applicants)), key=lambda a: (priority[a], place[a]))


def serial(
    market: Market, draw: Ints, static: Static, go_on: Callable[[], bool] = lambda: True
) -> State | None:
    """The serial placement; None where `must_place_all`, `fixed` or `go_on` prevents one."""
    order = acceptance_order(market, draw)
    closed: set[int] = set()
    keep = {f.wish for f in market.rules.fixed}
    compiled = Plain(market, static, order) if plain(market) else None
    if compiled is not None and not _close_thin(compiled, closed, keep, go_on):
        return None
    while go_on():
        state = _one_pass(market, static, order, closed)
        short = [s for s in state.below_minimum() if not _holds(state, s, keep)]
        if not short:
            return state if _complete(market, state) else None
        _close(short, state.taken, market.sessions.min.tolist(), closed)
    return None


def _close(short: list[int], taken: list[int], low: list[int], closed: set[int]) -> None:
    """Close a tenth of the sessions below their minimum, the emptiest first."""
    short.sort(key=lambda s: (Fraction(taken[s], low[s]), s))
    closed.update(short[: -(-len(short) // 10)])


def _close_thin(
    compiled: Plain, closed: set[int], keep: set[int], go_on: Callable[[], bool]
) -> bool:
    """Find what has to be closed by compiled passes; False when stopped."""
    x = compiled.market.sessions
    low = np.where(x.open, 0, x.min)
    held = compiled.market.wishes.stop_session[sorted(keep)]
    low[held] = 0
    while go_on():
        taken, grants = compiled.run(closed)
        short = np.nonzero((grants > 0) & (taken < low))[0].tolist()
        if not short:
            return True
        _close(short, taken.tolist(), x.min.tolist(), closed)
    return False


def _holds(state: State, s: int, keep: set[int]) -> bool:
    return any(
        p.wish in keep and s in state.static.stops[p.wish]
        for own in state.own.values()
        for p in own
    )


def _complete(market: Market, state: State) -> bool:
    if breaches(market, state.parts()):
        return False
    if not market.rules.must_place_all:
        return True
    x = market.applicants
    return all(
        sum(p.people for p in state.own.get(a, ()))
        == int(x.people[a]) * (1 if x.splits(a) else int(x.wants[a]))
        for a in range(len(x))
    )


def _one_pass(market: Market, static: Static, order: list[int], closed: set[int]) -> State:
    state = State(static)
    for s in closed:
        state.closed[s] = True
    for f in market.rules.fixed:
        state.add(Part(f.applicant, f.wish, f.people))
    rank = market.wishes.rank.tolist()
    for a in order:
        accept(state, a, sorted(market.wishes_of(a), key=lambda w: (rank[w], w)))
    return state


def accept(state: State, a: int, wishes: list[int]) -> None:
    """Let one applicant take its best wishes that keep the rules; all or nothing if it says so."""
    x = state.market.applicants
    before = len(state.own.get(a, ()))
    added: list[Part] = []
    if x.splits(a):
        added = _accept_parts(state, a, wishes)
        whole = sum(p.people for p in state.own.get(a, ())) == int(x.people[a])
    else:
        for w in wishes:
            part = Part(a, w, int(x.people[a]))
            if before + len(added) < int(x.wants[a]) and state.refusal(part) is None:
                state.add(part)
                added.append(part)
        whole = before + len(added) == int(x.wants[a])
    if x.all_or_none[a] and not whole:
        for part in added:
            state.remove(part)


def _accept_parts(state: State, a: int, wishes: list[int]) -> list[Part]:
    x = state.market.applicants
    least = int(x.split_smallest[a])
    added: list[Part] = []
    for w in wishes:
        left = int(x.people[a]) - sum(p.people for p in state.own.get(a, ()))
        free = min((state.max[s] - state.taken[s] for s in state.static.stops[w]), default=0)
        people = min(left, free)
        if 0 < left - people < least and people - (least - (left - people)) >= least:
            people -= least - (left - people)
        if people >= least and state.refusal(Part(a, w, people)) is None:
            part = Part(a, w, people)
            state.add(part)
            added.append(part)
    return added


@dataclass(frozen=True)
class Blocking:
    """One blocking pair: the applicant would rather have the wish, and the session has room for
    it or holds somebody who comes later in the order of acceptance."""

    applicant: int
    wish: int


def blocking_pairs(state: State, draw: Ints) -> list[Blocking]:
    """Wishes better than what their applicant got, at which it precedes somebody seated.

    A pair (applicant, wish) blocks when the wish keeps every rule after removing, at each stop,
    the parts of applicants who come later in priority class at the session and lottery. The
    applicant gives up its own worse grant first.
    """
    m = state.market
    rank, who_priority = m.wishes.rank.tolist(), m.wishes.priority.tolist()
    priority, place = m.applicants.priority.tolist(), draw.tolist()
    at: dict[int, list[Part]] = {}
    for own in state.own.values():
        for p in own:
            for s in state.static.stops[p.wish]:
                at.setdefault(s, []).append(p)
    out: list[Blocking] = []
    for a in range(len(m.applicants)):
        mine = state.own.get(a, [])
        wants = int(m.applicants.wants[a])
        worst = max((rank[p.wish] for p in mine), default=None)
        for w in m.wishes_of(a):
            if state.static.barrier[w] is not None or any(p.wish == w for p in mine):
                continue
            if len(mine) >= wants and worst is not None and rank[w] >= worst:
                continue
            me = (priority[a], who_priority[w], place[a])
            if _room(state, a, w, me, at, priority, who_priority, place):
                out.append(Blocking(a, w))
    return out


def _room(
    state: State,
    a: int,
    w: int,
    me: tuple[int, int, int],
    at: dict[int, list[Part]],
    priority: list[int],
    wish_priority: list[int],
    place: list[int],
) -> bool:
    x = state.market.applicants
    people = int(x.split_smallest[a]) if x.splits(a) else int(x.people[a])
    for s, need in zip(state.static.stops[w], state.seats(w, people), strict=True):
        if not state.running(s):
            return False
        free = state.max[s] - state.taken[s]
        for p in at.get(s, ()):
            b = p.applicant
            if b == a or (priority[b], wish_priority[p.wish], place[b]) > me:
                k = state.static.stops[p.wish].index(s)
                free += state.seats(p.wish, p.people)[k]
        if free < need:
            return False
    return True
