"""Does the answer keep every rule of its market? Rule by rule, on columns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.placement.verifier.files import Ints
from services.placement.verifier.ledger import Fault, Ledger
from services.placement.verifier.market import NO_SLOT, Market
from services.placement.verifier.numbers import seats_of_parts
from services.placement.verifier.result import Result

Flags = NDArray[np.bool_]


@lru_cache(maxsize=1)
def barriers(m: Market) -> dict[str, Flags]:
    """Per code, which wishes that rule bars: excluded, busy, travel_time, too_large."""
    c = m.col
    at = c["wishes.stop_session"]
    single = len(at) == m.wishes
    who = m.owner if single else m.owner[m.stop_wish]
    part = np.where(m.splits, c["applicants.split_smallest"], c["applicants.people"])
    need = np.where(c["wishes.stop_seats"] < 0, part[who], c["wishes.stop_seats"])
    stops = {"too_large": need > c["sessions.max"][at]}
    if m.excluded:
        pairs = np.array([row[0] * m.sessions + row[1] for row in m.excluded], dtype=np.int64)
        stops["excluded"] = np.isin(who * m.sessions + at, pairs)
    if len(c["applicants.busy_start"]):
        stops["busy"] = _busy(m, at, who)
    if not single:
        stops["travel_time"] = _late(m, at)
    nothing = np.zeros(m.wishes, np.bool_)
    out = dict.fromkeys(("excluded", "busy", "travel_time", "too_large"), nothing)
    for code, flags in stops.items():
        out[code] = flags
        if not single:
            out[code] = np.bincount(m.stop_wish[flags], minlength=m.wishes) > 0
    return out


def _busy(m: Market, at: Ints, who: Ints) -> Flags:
    """Stops that overlap a busy interval of their applicant."""
    c = m.col
    start, end = c["sessions.start"][at], c["sessions.end"][at]
    count = np.diff(c["applicants.busy_ptr"])[who]
    stop = np.repeat(np.arange(len(at)), count)
    first = np.cumsum(count) - count
    interval = np.arange(len(stop)) - first[stop] + c["applicants.busy_ptr"][who][stop]
    meets = start[stop] < c["applicants.busy_end"][interval]
    meets &= (c["applicants.busy_start"][interval] < end[stop]) & (start != NO_SLOT)[stop]
    return np.asarray(np.bincount(stop[meets], minlength=len(at)) > 0)


def _late(m: Market, at: Ints) -> Flags:
    """Stops that start before the end of the stop before them and the way from there."""
    c, stop_wish = m.col, m.stop_wish
    start, end = c["sessions.start"][at], c["sessions.end"][at]
    slot = start != NO_SLOT
    late = np.zeros(len(at), np.bool_)
    late[1:] = (stop_wish[1:] == stop_wish[:-1]) & slot[1:] & slot[:-1]
    late[1:] &= end[:-1] + c["wishes.stop_travel"][1:] > start[1:]
    return late


@lru_cache(maxsize=1)
def barred(m: Market) -> Flags:
    """Which wishes can never be granted; worked out once, and not to be changed."""
    found = np.zeros(m.wishes, np.bool_)
    for flags in barriers(m).values():
        found |= flags
    found.setflags(write=False)
    return found


def collide(m: Market, w: int, v: int) -> bool:
    """Whether one applicant cannot have both wishes: a shared session or overlapping slots."""
    start, end = m.col["sessions.start"], m.col["sessions.end"]
    for s in m.stops(w):
        for t in m.stops(v):
            if s == t:
                return True
            if NO_SLOT not in (start[s], start[t]) and start[s] < end[t] and start[t] < end[s]:
                return True
    return False


def busiest(m: Market, running: Flags) -> Iterator[tuple[int, int, int]]:
    """(clash key, minute, sessions running then) wherever a key carries more than it can.

    A sweep over starts and ends, key by key; an end comes before a start in the same minute.
    """
    c = m.col
    session = np.repeat(np.arange(m.sessions), np.diff(c["sessions.clash_ptr"]))
    on = running[session] & (c["sessions.start"][session] != NO_SLOT)
    session, key = session[on], c["sessions.clash_key"][on]
    step = np.repeat([1, -1], len(session))
    minute = np.concatenate([c["sessions.start"][session], c["sessions.end"][session]])
    key = np.concatenate([key, key])
    order = np.lexsort((step, minute, key))
    step, minute, key = step[order], minute[order], key[order]
    # Every key's steps add up to 0, so one running sum serves all keys.
    many = np.cumsum(step)
    for i in np.nonzero((many > c["clash_capacity"][key]) & (step > 0))[0].tolist():
        yield int(key[i]), int(minute[i]), int(many[i])


def check_rules(m: Market, r: Result, ledger: Ledger) -> None:
    """One line per family of rules."""
    count = len(r.wish)
    ledger.add("wishes that may be granted", _barred(m, r), f"{count} parts, none barred")
    ledger.add("wants, splits, all or none, overlaps", _own(m, r), f"{count} parts")
    _, session, seats = seats_of_parts(m, r)
    taken = np.zeros(m.sessions, np.int64)
    np.add.at(taken, session, seats)
    running = (np.bincount(session, minlength=m.sessions) > 0) | (m.col["sessions.open"] > 0)
    detail = f"{int(running.sum())} of {m.sessions} sessions run, {int(taken.sum())} seats taken"
    ledger.add("seats, minimums, maximums", _seats(m, taken, running), detail)
    ledger.add("teams, day limits, budgets", _shared(m, taken, running), "kept")
    ledger.add("caps, fixed placements, must_place_all", _totals(m, r), "kept")
    if r.open_sessions is not None:
        names = [m.names["sessions.id"][s] for s in np.nonzero(running)[0].tolist()]
        place = f"{r.file}:/open_sessions"
        same = sorted(map(str, r.open_sessions)) == sorted(names)
        wrong = [] if same else [Fault(place, f"the sessions that run are {', '.join(names)}")]
        ledger.add("open sessions", wrong, f"{len(names)} listed")


def _barred(m: Market, r: Result) -> list[Fault]:
    out: list[Fault] = []
    for code, flags in barriers(m).items():
        for i in np.nonzero(flags[r.wish])[0].tolist():
            out.append(_fault(m, r, i, f"this wish can never be granted: {code}"))
    return out


def _fault(m: Market, r: Result, i: int, detail: str) -> Fault:
    name = m.names["applicants.id"][int(r.who[i])]
    position = int(r.wish[i] - m.col["applicants.wish_ptr"][r.who[i]])
    return Fault(f"{r.file}: applicant {name}, wish {position}", detail)


def _own(m: Market, r: Result) -> list[Fault]:
    c, out = m.col, list[Fault]()
    split = m.splits[r.who]
    least = np.where(split, c["applicants.split_smallest"][r.who], c["applicants.people"][r.who])
    for i in np.nonzero(~split & (r.people != least))[0].tolist():
        out.append(_fault(m, r, i, f"{r.people[i]} of {least[i]} people; it may not be split"))
    for i in np.nonzero(split & (r.people < least))[0].tolist():
        out.append(_fault(m, r, i, f"a part of {r.people[i]} is below the smallest, {least[i]}"))
    for w in np.nonzero(np.bincount(r.wish, minlength=m.wishes) > 1)[0].tolist():
        i = int(np.nonzero(r.wish == w)[0][0])
        out.append(_fault(m, r, i, "this wish is granted twice"))
    parts = np.bincount(r.who, minlength=m.applicants)
    total = np.zeros(m.applicants, np.int64)
    np.add.at(total, r.who, r.people)
    most = np.where(m.splits, c["applicants.split_parts"], c["applicants.wants"])
    done = np.where(m.splits, total == c["applicants.people"], parts == most)
    wrong = {
        "more parts than it may have": parts > most,
        "more people than it has": m.splits & (total > c["applicants.people"]),
        "some of what must be all or none": (c["applicants.all_or_none"] > 0) & (parts > 0) & ~done,
    }
    for detail, flags in wrong.items():
        for a in np.nonzero(flags)[0].tolist():
            out.append(Fault(f"{r.file}: applicant {m.names['applicants.id'][a]}", detail))
    several = np.nonzero((parts > 1) & ~m.splits)[0]
    order = np.argsort(r.who, kind="stable")
    ends = np.searchsorted(r.who[order], several, side="right")
    for a, end in zip(several.tolist(), ends.tolist(), strict=True):
        mine = r.wish[order[end - parts[a] : end]].tolist()
        for i, w in enumerate(mine):
            if any(w != v and collide(m, w, v) for v in mine[i + 1 :]):
                place = f"{r.file}: applicant {m.names['applicants.id'][a]}"
                out.append(Fault(place, "two of its sessions are the same or overlap in time"))
    return out


def _seats(m: Market, taken: Ints, running: Flags) -> list[Fault]:
    c = m.col
    low, high = c["sessions.min"], c["sessions.max"]
    wrong = (taken > high) | (running & (c["sessions.open"] == 0) & (taken < low))
    return [
        Fault(
            f"session {m.names['sessions.id'][s]}",
            f"{int(taken[s])} seats taken, {int(low[s])} to {int(high[s])} allowed",
        )
        for s in np.nonzero(wrong)[0].tolist()
    ]


def _shared(m: Market, taken: Ints, running: Flags) -> list[Fault]:
    c, out = m.col, list[Fault]()
    for key, minute, many in busiest(m, running):
        detail = f"{many} sessions run at minute {minute}, {int(c['clash_capacity'][key])} may"
        out.append(Fault(f"clash key {m.names['clash_names'][key]}", detail))
    # Python's integers: fixed cost plus price times seats, summed, may leave 64 bits.
    price = c["sessions.seat_cost"].astype(object) * taken + c["sessions.fixed_cost"]
    spent = np.where(running, price, 0)
    for label, column, each, limit in (
        ("day limit", "day", running.astype(np.int64), "day_capacity"),
        ("budget", "budget", spent, "budget_limit"),
    ):
        owner = c["sessions.day_limit" if column == "day" else "sessions.budget"]
        total = np.zeros(len(c[limit]), each.dtype)
        np.add.at(total, owner[owner >= 0], each[owner >= 0])
        for key in np.nonzero(total > c[limit])[0].tolist():
            detail = f"{total[key]} of {int(c[limit][key])}"
            out.append(Fault(f"{label} {m.names[f'{column}_names'][key]}", detail))
    return out


def _totals(m: Market, r: Result) -> list[Fault]:
    c, rules, out = m.col, m.rules, list[Fault]()
    chosen = int((np.bincount(c["applicants.school"][r.who]) > 0).sum())
    if rules["max_schools"] is not None and chosen > rules["max_schools"]:
        out.append(Fault("cap on schools", f"{chosen} schools, {rules['max_schools']} allowed"))
    split = m.splits[r.who]
    students = int(r.people[split].sum())
    whole = np.bincount(r.who[~split], minlength=m.applicants) > 0
    students += int(c["applicants.people"][whole].sum())
    if rules["max_students"] is not None and students > rules["max_students"]:
        detail = f"{students} students, {rules['max_students']} allowed"
        out.append(Fault("cap on students", detail))
    have = np.zeros(m.wishes, np.int64)
    have[r.wish] = r.people
    for i, row in enumerate(rules["fixed"]):
        if have[row[1]] != row[2]:
            name = m.names["applicants.id"][row[0]]
            out.append(Fault(f"fixed placement {i}, applicant {name}", "it is not in the answer"))
    if rules["must_place_all"]:
        total = np.zeros(m.applicants, np.int64)
        np.add.at(total, r.who, r.people)
        parts = np.bincount(r.who, minlength=m.applicants)
        wanted = parts == c["applicants.wants"]
        done = np.where(m.splits, total == c["applicants.people"], wanted)
        for a in np.nonzero(~done)[0].tolist():
            place = f"{r.file}: applicant {m.names['applicants.id'][a]}"
            out.append(Fault(place, "must be placed with all it wants"))
    return out
