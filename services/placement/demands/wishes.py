"""From wishes to ranks: one published rule turns a group's wishes into an order of sessions.

Pure and versioned: the same group, sessions and frame give the same order on every machine, and
`fingerprint()` names the rule's source in the published rules of a campaign. A school sees the
order before it submits and may change it; then its own order counts instead.

Every session that is looked at is found exactly once: in the order (alone or as a stop of a
bundle), or among the excluded with one reason code and the facts behind it.
"""

import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from heapq import nsmallest
from itertools import groupby, pairwise
from operator import itemgetter

from services.placement.demands import refusals
from services.placement.demands.wished import (
    DateWish,
    Entry,
    Excluded,
    Frame,
    Group,
    Key,
    Order,
    Session,
)

VERSION = 1
#: An order never holds more entries than this; better ranked ones come first.
LONGEST_ORDER = 60
#: Minutes between two stops where neither host says how long the way takes.
SAME_DISTRICT_MINUTES = 30
OTHER_DISTRICT_MINUTES = 60
#: A pause between two stops may not be longer than this: the group would be left waiting.
LONGEST_PAUSE = 180


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """SHA-256 of the rule's own source (this file, its refusals and its words), in hexadecimal."""
    parts = ("services.placement.demands.wished", refusals.__name__, __name__)
    source = "\n".join(inspect.getsource(sys.modules[name]) for name in parts)
    return hashlib.sha256(source.encode()).hexdigest()


def order(group: Group, sessions: Iterable[Session], frame: Frame) -> Order:
    """The order of sessions of a group, best first, and every other session with its reason.

    Without an own order the key of a session is the pair (field rank, date rank), or the other
    way round where the group says "date first"; what is not ranked comes last and equal keys tie
    (they get the same rank). With an own order the place in it is the rank.
    """
    at_hand = sorted(sessions, key=lambda s: (s.start, s.id))
    fit, excluded = refusals.Verdicts(group, frame).sift(at_hand)
    if group.order:
        entries, left = _own_order(group, fit)
    else:
        entries, left = _ranked(group, fit)
    return Order(VERSION, tuple(entries), tuple(sorted(excluded + left, key=itemgetter(0))))


def _ranked(group: Group, fit: Sequence[Session]) -> tuple[list[Entry], list[Excluded]]:
    """Entries by the published key, and the fitting sessions that found no place among them.

    Among equal keys the earlier visit comes first in the list; their rank is the same.
    """
    key_of = _Keys(group)
    possible: set[str] = set()

    def rows() -> Iterator[tuple[Key, list[tuple[int, str]], tuple[Session, ...]]]:
        for stops in _visits(group, fit):
            possible.update(ids(stops))
            yield key_of.visit(stops), [(s.start, s.id) for s in stops], stops

    entries: list[Entry] = []
    rank, last = -1, None
    for key, _, stops in nsmallest(LONGEST_ORDER, rows(), key=lambda row: row[:2]):
        if key != last:
            rank, last = rank + 1, key
        entries.append(Entry(ids(stops), rank, key, travel(stops)))
    inside = {id for entry in entries for id in entry.sessions}
    beyond, alone = {"longest": LONGEST_ORDER}, {"stops": group.stops}
    left = [
        Excluded(s.id, "beyond_list", beyond)
        if s.id in possible
        else Excluded(s.id, "no_partner", alone)
        for s in fit
        if s.id not in inside
    ]
    return entries, left


def _own_order(group: Group, fit: Sequence[Session]) -> tuple[list[Entry], list[Excluded]]:
    """The group's own order: what it left out it does not want.

    By itself a group may also list a visit with fewer stops than it would like.
    """
    by_id = {s.id: s for s in fit}
    entries: list[Entry] = []
    seen: set[tuple[str, ...]] = set()
    reasons: dict[str, Excluded] = {}
    for listed in group.order:
        stops = [by_id[id] for id in listed if id in by_id]
        if len(stops) < len(listed):
            # A stop that is excluded takes its bundle with it; the others say why.
            for stop in stops:
                reasons.setdefault(stop.id, Excluded(stop.id, "no_partner", {"stops": len(listed)}))
            continue
        refused = _not_a_visit(group, stops)
        if refused is not None:
            code, facts = refused
            for stop in stops:
                reasons.setdefault(stop.id, Excluded(stop.id, code, facts))
            continue
        if listed not in seen:
            seen.add(listed)
            entries.append(Entry(listed, len(entries), None, travel(stops)))
    inside = {id for entry in entries for id in entry.sessions}
    left = [reasons.get(s.id, Excluded(s.id, "not_listed", {})) for s in fit if s.id not in inside]
    return entries, left


def _not_a_visit(group: Group, stops: Sequence[Session]) -> tuple[str, dict[str, int]] | None:
    """Why these stops cannot be one visit of the group, or None when they can."""
    if len(stops) > group.stops:
        return "stops", {"stops": group.stops, "listed": len(stops)}
    for before, after in pairwise(stops):
        if before.day != after.day:
            return "other_day", {"stops": group.stops}
        pause, needed = after.start - before.end, way(before, after)
        if pause < needed:
            return "order_clash", {"pause": pause, "needed": needed}
    if len({s.offer.place_of_work for s in stops}) < len(stops):
        return "same_team", {"stops": group.stops}
    return None


def _visits(group: Group, fit: Sequence[Session]) -> Iterable[tuple[Session, ...]]:
    """Every visit of as many stops as the group wants, stops in the order of the day."""
    if group.stops == 1:
        yield from ((s,) for s in fit)
        return
    for _, same_day in groupby(fit, key=lambda s: s.day):
        yield from _longer((), list(same_day), group.stops)


def _longer(
    so_far: tuple[Session, ...], rest: Sequence[Session], stops: int
) -> Iterable[tuple[Session, ...]]:
    if len(so_far) == stops:
        yield so_far
        return
    for i, session in enumerate(rest):
        if not so_far or _follows(so_far, session):
            yield from _longer((*so_far, session), rest[i + 1 :], stops)


def _follows(so_far: tuple[Session, ...], session: Session) -> bool:
    if any(s.offer.place_of_work == session.offer.place_of_work for s in so_far):
        return False
    return way(so_far[-1], session) <= session.start - so_far[-1].end <= LONGEST_PAUSE


def way(before: Session, after: Session) -> int:
    """Minutes from one stop to the next: what a host states, else a published estimate."""
    one, other = before.offer, after.offer
    stated = [
        minutes
        for minutes in (
            one.travel_minutes.get(other.place_code),
            other.travel_minutes.get(one.place_code),
        )
        if minutes is not None
    ]
    if stated:
        return max(stated)
    same = one.place_code == other.place_code
    return SAME_DISTRICT_MINUTES if same else OTHER_DISTRICT_MINUTES


def travel(stops: Sequence[Session]) -> tuple[int, ...]:
    """Minutes between the stops of a visit; one fewer than its stops."""
    return tuple(way(a, b) for a, b in pairwise(stops))


def ids(stops: Sequence[Session]) -> tuple[str, ...]:
    """The ids of the stops, in order."""
    return tuple(s.id for s in stops)


class _Keys:
    """The rank keys of a group: places of fields and days looked up once, not searched for.

    The key of a visit is the sum of its field ranks and the worst of its date ranks. A field or
    date that the group did not rank counts as one place after its last.
    """

    def __init__(self, group: Group) -> None:
        self.fields = {field: place for place, field in reversed(list(enumerate(group.fields)))}
        self.no_field, self.no_date = len(group.fields), len(group.dates)
        self.days: dict[date, list[tuple[int, DateWish]]] = {}
        for place, wish in enumerate(group.dates):
            self.days.setdefault(wish.day, []).append((place, wish))
        self.field_first = group.first == "field"

    def visit(self, stops: Sequence[Session]) -> Key:
        """The pair in the order that the group declares."""
        field, day = 0, 0
        for s in stops:
            field += self.fields.get(s.offer.field, self.no_field)
            here = self._date(s) if s.day in self.days else self.no_date
            day = max(day, here)
        return (field, day) if self.field_first else (day, field)

    def _date(self, session: Session) -> int:
        """The place of the first wished date (and hours) that hold the whole session."""
        for place, wish in self.days[session.day]:
            if wish.holds(session):
                return place
        return self.no_date
