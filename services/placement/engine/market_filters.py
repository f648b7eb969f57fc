"""Which wishes could be granted at all, looking at one wish at a time.

A wish that breaks one of these is never granted, whatever the others do; the first broken rule in
the order below is its reason. They are checked on the market alone, so anyone can repeat them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.placement.engine.market import NO_SLOT, Flags, Market
from services.placement.engine.once import once


@dataclass(frozen=True)
class Barrier:
    """Why one wish can never be granted: a reason code with the facts behind it."""

    code: str
    facts: dict[str, Any]


def overlaps(start: int, end: int, other_start: int, other_end: int) -> bool:
    """Whether two half-open intervals of minutes meet; no slot meets nothing."""
    if NO_SLOT in (start, other_start):
        return False
    return start < other_end and other_start < end


@once
def barriers(market: Market) -> list[Barrier | None]:
    """For every wish its barrier, or None where it may be granted."""
    excluded: dict[tuple[int, int], int] = {}
    for i, e in enumerate(market.excluded):
        excluded.setdefault((e.applicant, e.session), i)
    busy_counts = market.applicants.busy_ptr
    who = market.wish_applicant.tolist()
    stops_of, ptr = market.wishes.stop_session.tolist(), market.wishes.stop_ptr.tolist()
    seats_of = market.wishes.stop_seats.tolist()
    people, smallest = market.applicants.people.tolist(), market.applicants.split_smallest.tolist()
    highs = market.sessions.max.tolist()
    found: list[Barrier | None] = []
    for w, a in enumerate(who):
        lo, hi = ptr[w], ptr[w + 1]
        barrier = _excluded(market, excluded, a, stops_of[lo:hi]) if excluded else None
        if barrier is None and busy_counts[a + 1] > busy_counts[a]:
            barrier = _busy(market, a, stops_of[lo:hi])
        if barrier is None and hi - lo > 1:
            barrier = _order(market, lo, hi)
        if barrier is None:
            part = smallest[a] or people[a]
            for k in range(lo, hi):
                need = part if seats_of[k] < 0 else seats_of[k]
                if need > highs[stops_of[k]]:
                    session = market.sessions.id[stops_of[k]]
                    facts = {"session": session, "seats": need, "max": highs[stops_of[k]]}
                    barrier = Barrier("too_large", facts)
                    break
        found.append(barrier)
    return found


@once
def barred(market: Market) -> Flags:
    """Which wishes have a barrier, without the facts; columns only, for markets of any size."""
    w, x = market.wishes, market.applicants
    who = market.wish_applicant
    part = np.where(x.split_parts > 0, x.split_smallest, x.people)
    stop_wish = np.repeat(np.arange(len(w)), np.diff(w.stop_ptr))
    need = np.where(w.stop_seats < 0, part[who[stop_wish]], w.stop_seats)
    out = np.zeros(len(w), np.bool_)
    out[stop_wish[need > market.sessions.max[w.stop_session]]] = True
    # The other barriers are rare and looked at one by one, only where they can occur.
    suspects = set(np.nonzero(np.diff(x.busy_ptr) > 0)[0].tolist())
    suspects.update(e.applicant for e in market.excluded)
    excluded = {(e.applicant, e.session): i for i, e in reversed(list(enumerate(market.excluded)))}
    for a in suspects:
        for wish in market.wishes_of(a):
            stops = w.stops(wish)
            if _excluded(market, excluded, a, stops) or _busy(market, a, stops):
                out[wish] = True
    for wish in np.nonzero(np.diff(w.stop_ptr) > 1)[0].tolist():
        if _order(market, int(w.stop_ptr[wish]), int(w.stop_ptr[wish + 1])):
            out[wish] = True
    return out


def _excluded(
    market: Market, excluded: dict[tuple[int, int], int], a: int, stops: list[int]
) -> Barrier | None:
    for s in stops:
        i = excluded.get((a, s))
        if i is not None:
            e = market.excluded[i]
            facts = {"session": market.sessions.id[s], "filter": e.code, "facts": dict(e.facts)}
            return Barrier("excluded", facts)
    return None


def _busy(market: Market, a: int, stops: list[int]) -> Barrier | None:
    x = market.applicants
    for s in stops:
        start, end = int(market.sessions.start[s]), int(market.sessions.end[s])
        for i in range(int(x.busy_ptr[a]), int(x.busy_ptr[a + 1])):
            begin, until = int(x.busy_start[i]), int(x.busy_end[i])
            if overlaps(start, end, begin, until):
                facts = {"session": market.sessions.id[s], "start": begin, "end": until}
                return Barrier("busy", facts)
    return None


def _order(market: Market, lo: int, hi: int) -> Barrier | None:
    """Stops of a bundle follow each other in order, with the travel time between them."""
    x, w = market.sessions, market.wishes
    for k in range(lo + 1, hi):
        before, after = int(w.stop_session[k - 1]), int(w.stop_session[k])
        end, start = int(x.end[before]), int(x.start[after])
        if NO_SLOT in (end, start):
            continue
        if end + int(w.stop_travel[k]) > start:
            facts = {
                "from": x.id[before],
                "to": x.id[after],
                "travel": int(w.stop_travel[k]),
                "minutes": start - end,
            }
            return Barrier("travel_time", facts)
    return None
