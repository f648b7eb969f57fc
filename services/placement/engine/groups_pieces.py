"""Large markets of groups, improved piece by piece with everything else held.

Idea. A district's sessions, the groups seated there and the groups without a seat that wish for
one of them are a market of their own; sessions elsewhere that run stand in it as already open
with no seats, so that their teams are busy. Each piece is solved by the exact method within its
share of the time, beginning with what is there, so that no step makes the whole worse. Pieces
follow one another; later rounds begin where groups are still without a seat. It is a large
neighbourhood search (P. Shaw 1998) and proves nothing: the bound comes from the whole program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from services.placement.engine.answer import Answer, Part
from services.placement.engine.groups_state import State, Static
from services.placement.engine.market import (
    Applicants,
    Fixed,
    Flags,
    Ints,
    Market,
    Rules,
    Sessions,
    Wishes,
)
from services.placement.engine.market_filters import barred, overlaps

#: About as many wishes as this make a piece.
PIECE_WISHES = 12_000
#: A session that the average point runs by more than this is tried first.
LIKELY = 0.5


def divisible(market: Market) -> bool:
    """Whether pieces can be cut: one session a group, and only teams tie sessions together."""
    a, rules = market.applicants, market.rules
    alone = bool((a.wants == 1).all() and (a.split_parts == 0).all())
    stops = len(market.wishes.stop_session) == len(market.wishes)
    caps = rules.max_schools is None and rules.max_students is None and not rules.must_place_all
    return alone and stops and caps and not len(market.budget_names) and not len(market.day_names)


def cut(market: Market) -> list[Ints]:
    """Sessions of each piece: districts, the large ones divided and the small ones joined."""
    size = PIECE_WISHES
    count = np.bincount(market.wishes.stop_session, minlength=len(market.sessions))
    by: dict[str, list[int]] = {}
    for s, name in enumerate(market.sessions.district):
        by.setdefault(name, []).append(s)
    out: list[list[int]] = [[]]
    held = 0
    for members in by.values():
        total = int(count[members].sum())
        parts = max(1, round(total / size))
        for k in range(parts):
            share = members[k::parts]
            weight = int(count[share].sum())
            if held and held + weight > size * 3 // 2:
                out.append([])
                held = 0
            out[-1].extend(share)
            held += weight
    return [np.array(sorted(p), dtype=np.int64) for p in out if p]


def rounded(market: Market, mean: Ints, runs: Ints) -> tuple[Part, ...]:
    """A placement from the averaged point: `mean` per wish and `runs` per session, in thousandths.

    Wishes are taken by their weight at sessions that are likely to run; sessions below their
    minimum are closed, and whoever is left looks again at those that run.
    """
    static = Static.of(market)
    state = State(static)
    for f in market.rules.fixed:
        state.add(Part(f.applicant, f.wish, f.people))
    who, people = market.wish_applicant.tolist(), market.applicants.people.tolist()
    keep = {f.wish for f in market.rules.fixed}
    order = np.lexsort((np.arange(len(mean)), market.wishes.rank, -mean)).tolist()
    likely = runs >= round(LIKELY * 1000)
    for s in np.nonzero(~likely & ~market.sessions.open)[0].tolist():
        state.closed[s] = state.grants[s] == 0
    for _ in range(3):
        for w in order:
            if who[w] not in state.own:
                part = Part(who[w], w, people[who[w]])
                if state.refusal(part) is None:
                    state.add(part)
        thin = set(state.below_minimum())
        for part in state.parts():
            if static.stops[part.wish][0] in thin and part.wish not in keep:
                state.remove(part)
        for s in range(len(market.sessions)):
            state.closed[s] = not state.running(s)
        if not thin:
            break
    return state.parts()


@dataclass(frozen=True)
class Piece:
    """A piece as a market, and where its applicants and wishes stand in the whole."""

    market: Market
    applicant: Ints
    wish: Ints
    start: tuple[Part, ...]


class Pieces:
    """Cuts pieces out of one market; what never changes is computed once."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.stop = market.wishes.stop_session
        self.good: Flags = ~barred(market)
        x = market.sessions
        owner = np.repeat(np.arange(len(x)), np.diff(x.clash_ptr))
        self.carriers: dict[int, list[int]] = {}
        for s, key in zip(owner.tolist(), x.clash_key.tolist(), strict=True):
            self.carriers.setdefault(key, []).append(s)

    def of(self, sessions: Ints, parts: tuple[Part, ...]) -> Piece:
        """The piece of these sessions while `parts` are the answer."""
        m = self.market
        inside = np.zeros(len(m.sessions), np.bool_)
        inside[sessions] = True
        seat = np.full(len(m.applicants), -1, np.int64)
        for p in parts:
            seat[p.applicant] = p.wish
        here = (seat >= 0) & inside[self.stop[seat]]
        free = here | (seat < 0)
        wish = np.nonzero(self.good & inside[self.stop] & free[m.wish_applicant])[0]
        applicant = np.unique(m.wish_applicant[wish])
        running = np.zeros(len(m.sessions), np.bool_)
        running[self.stop[seat[seat >= 0]]] = True
        running |= m.sessions.open
        busy = self._busy(sessions, inside, running)
        chosen = np.concatenate([sessions, busy])
        place = np.full(len(m.sessions), -1, np.int64)
        place[chosen] = np.arange(len(chosen))
        market = replace(
            m,
            sessions=_sessions(m, chosen, len(sessions)),
            applicants=_applicants(m, applicant, wish),
            wishes=_wishes(m, wish, place),
            excluded=(),
            rules=self._rules(applicant, wish),
        )
        index = np.full(len(m.applicants), -1, np.int64)
        index[applicant] = np.arange(len(applicant))
        at = np.full(len(m.wishes), -1, np.int64)
        at[wish] = np.arange(len(wish))
        seated = applicant[here[applicant]]
        start = tuple(
            Part(int(index[a]), int(at[seat[a]]), int(m.applicants.people[a]))
            for a in seated.tolist()
        )
        return Piece(market, applicant, wish, start)

    def _busy(self, sessions: Ints, inside: Flags, running: Flags) -> Ints:
        """Running sessions outside that share a team with one inside at the same time."""
        x, found = self.market.sessions, set[int]()
        for s in sessions.tolist():
            for key in x.clashes(s):
                for t in self.carriers[key]:
                    apart = inside[t] or not running[t]
                    slots = int(x.start[s]), int(x.end[s]), int(x.start[t]), int(x.end[t])
                    if not apart and overlaps(*slots):
                        found.add(t)
        return np.array(sorted(found), dtype=np.int64)

    def _rules(self, applicant: Ints, wish: Ints) -> Rules:
        index = {a: i for i, a in enumerate(applicant.tolist())}
        at = {w: i for i, w in enumerate(wish.tolist())}
        rules = self.market.rules
        fixed = tuple(
            Fixed(index[f.applicant], at[f.wish], f.people)
            for f in rules.fixed
            if f.applicant in index and f.wish in at
        )
        stages = tuple(s for s in rules.stages if s in {"placed", "rank"})
        return Rules(stages=stages, seed=rules.seed, fixed=fixed)


def _sessions(m: Market, chosen: Ints, inside: int) -> Sessions:
    x = m.sessions
    outside = np.arange(len(chosen)) >= inside
    widths = np.diff(x.clash_ptr)[chosen]
    keys = [x.clash_key[x.clash_ptr[s] : x.clash_ptr[s + 1]] for s in chosen.tolist()]
    return Sessions(
        id=tuple(x.id[s] for s in chosen.tolist()),
        host=tuple(x.host[s] for s in chosen.tolist()),
        district=tuple(x.district[s] for s in chosen.tolist()),
        start=x.start[chosen],
        end=x.end[chosen],
        min=np.where(outside, 0, x.min[chosen]),
        max=np.where(outside, 0, x.max[chosen]),
        open=np.where(outside, True, x.open[chosen]),
        fixed_cost=x.fixed_cost[chosen],
        seat_cost=x.seat_cost[chosen],
        day_limit=x.day_limit[chosen],
        budget=x.budget[chosen],
        clash_ptr=np.concatenate([[0], np.cumsum(widths)]).astype(np.int64),
        clash_key=np.concatenate([*keys, np.zeros(0, np.int64)]).astype(np.int64),
    )


def _applicants(m: Market, chosen: Ints, wish: Ints) -> Applicants:
    x, count = m.applicants, len(chosen)
    widths = np.bincount(np.searchsorted(chosen, m.wish_applicant[wish]), minlength=count)
    none = np.zeros(0, np.int64)
    return Applicants(
        id=tuple(x.id[a] for a in chosen.tolist()),
        school=x.school[chosen],
        people=x.people[chosen],
        wants=x.wants[chosen],
        all_or_none=x.all_or_none[chosen],
        split_smallest=x.split_smallest[chosen],
        split_parts=x.split_parts[chosen],
        priority=x.priority[chosen],
        busy_ptr=np.zeros(count + 1, np.int64),
        busy_start=none,
        busy_end=none.copy(),
        wish_ptr=np.concatenate([[0], np.cumsum(widths)]).astype(np.int64),
    )


def _wishes(m: Market, chosen: Ints, place: Ints) -> Wishes:
    w = m.wishes
    return Wishes(
        rank=w.rank[chosen],
        cost=w.cost[chosen],
        priority=w.priority[chosen],
        stop_ptr=np.arange(len(chosen) + 1, dtype=np.int64),
        stop_session=place[w.stop_session[chosen]],
        stop_seats=w.stop_seats[chosen],
        stop_travel=w.stop_travel[chosen],
    )


def whole(piece: Piece, parts: tuple[Part, ...]) -> list[Part]:
    """Parts of a piece as parts of the whole."""
    return [
        Part(int(piece.applicant[p.applicant]), int(piece.wish[p.wish]), p.people) for p in parts
    ]


def improve(
    market: Market,
    parts: tuple[Part, ...],
    solve: Callable[[Piece, float], Answer | None],
    go_on: Callable[[tuple[Part, ...]], bool],
    rounds: int,
) -> tuple[Part, ...]:
    """Solve piece after piece, `rounds` times; each answer of `solve` replaces what was there.

    `solve` gets a piece and the share of the remaining time it may use, and answers None where it
    found nothing better; `go_on` hears the parts so far.
    """
    pieces = Pieces(market)
    cuts = cut(market)
    left = rounds * len(cuts)
    for _ in range(rounds):
        for sessions in cuts:
            if not go_on(parts):
                return parts
            piece = pieces.of(sessions, parts)
            found = solve(piece, 1.0 / left)
            left -= 1
            if found is not None:
                gone = set(piece.applicant.tolist())
                rest = [p for p in parts if p.applicant not in gone]
                parts = tuple(sorted([*rest, *whole(piece, found.parts)]))
    return parts
