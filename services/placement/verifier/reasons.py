"""Reasons checked against the answer: is the region really sealed, is the price really the dual?

Whoever is not wholly placed must have a reason, and each wish not granted a reason of its own. The
codes below are recomputed from market, answer and prices; of other codes the number is reported.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.placement.verifier.chains import Chains
from services.placement.verifier.files import Arrays, Ints, integers
from services.placement.verifier.ledger import Fault, Ledger
from services.placement.verifier.market import NO_SLOT, Market
from services.placement.verifier.numbers import seats_of_parts
from services.placement.verifier.result import Result
from services.placement.verifier.rules import barred, barriers
from services.placement.verifier.tried import CODES, Tried

FILE = "reasons.json"
#: With more sessions than this, prices are counted as not verified.
MOST_CHAINS = 1000


class Facts:
    """What reasons are about, recomputed once."""

    def __init__(self, m: Market, r: Result, draw: Ints, arrays: Arrays) -> None:
        self.m, self.r, self.draw = m, r, draw
        self.flags = barriers(m)
        _, session, seats = seats_of_parts(m, r)
        self.taken = np.zeros(m.sessions, np.int64)
        np.add.at(self.taken, session, seats)
        self.running = np.bincount(session, minlength=m.sessions) > 0
        self.running |= m.col["sessions.open"] > 0
        self.granted = np.zeros(m.wishes, np.bool_)
        self.granted[r.wish] = True
        self.placed = np.zeros(m.applicants, np.int64)
        np.add.at(self.placed, r.who, r.people)
        self.price = integers(arrays.get("rank"))
        self.sealing = integers(arrays.get("placed"))
        self.index = {name: s for s, name in enumerate(m.names["sessions.id"])}
        self._next: dict[int, set[int]] | None = None
        self.seat_of = np.full(m.applicants, -1, np.int64)
        self.seat_of[r.who] = r.wish

    @cached_property
    def chains(self) -> Chains:
        """What seats cost others, computed when the first reason speaks of it."""
        return Chains(self.m, self.r, self.taken)

    @cached_property
    def tried(self) -> Tried:
        """The answer as counts, made when the first reason needs a wish to be put into it."""
        return Tried(self.m, self.r, self.draw)

    @property
    def wanted(self) -> Ints:
        """The people that each applicant wants placed."""
        c = self.m.col
        return np.asarray(c["applicants.people"] * c["applicants.wants"])

    def can_leave(self) -> NDArray[np.bool_]:
        """Sessions from which a chain of exchanges reaches a free seat."""
        m = self.m
        node, good = m.col["wishes.stop_session"], ~barred(m)
        at = np.full(m.applicants, -1, np.int64)
        at[self.r.who] = node[self.r.wish]
        arcs = good & (at[m.owner] >= 0)
        tail, head = at[m.owner[arcs]], node[arcs]
        found = np.asarray(self.taken < m.col["sessions.max"])
        while True:
            more = found.copy()
            more[tail[found[head]]] = True
            if (more == found).all():
                return found
            found = more

    def region(self, wishes: list[int]) -> set[int]:
        """Sessions that the people of a region reach by their wishes, beginning with `wishes`."""
        m, node = self.m, self.m.col["wishes.stop_session"]
        if self._next is None:
            good, self._next = ~barred(m), {}
            at = dict(zip(self.r.who.tolist(), node[self.r.wish].tolist(), strict=True))
            for w in np.nonzero(good)[0].tolist():
                here = at.get(int(m.owner[w]))
                if here is not None:
                    self._next.setdefault(here, set()).add(int(node[w]))
        todo = [int(node[w]) for w in wishes if not self.barred(w)]
        seen = set(todo)
        while todo:
            for s in self._next.get(todo.pop(), set()) - seen:
                seen.add(s)
                todo.append(s)
        return seen

    def barred(self, w: int) -> bool:
        """Whether a wish can never be granted."""
        return any(bool(flags[w]) for flags in self.flags.values())


def barrier_holds(m: Market, a: int, w: int, code: str, facts: dict[str, Any]) -> bool:
    """Whether the facts of a barred wish are among those that bar it."""
    c, names = m.col, m.names["sessions.id"]
    known: list[dict[str, Any]] = []
    stops, first = m.stops(w), int(c["wishes.stop_ptr"][w])
    busy = range(int(c["applicants.busy_ptr"][a]), int(c["applicants.busy_ptr"][a + 1]))
    for k, s in enumerate(stops):
        start, end = int(c["sessions.start"][s]), int(c["sessions.end"][s])
        if code == "excluded":
            rows = [row for row in m.excluded if row[:2] == [a, s]]
            known += [{"session": names[s], "filter": row[2], "facts": row[3]} for row in rows]
        elif code == "busy" and start != NO_SLOT:
            times = [(int(c["applicants.busy_start"][i]), int(c["applicants.busy_end"][i]))
                     for i in busy]  # fmt: skip
            meets = [(lo, hi) for lo, hi in times if start < hi and lo < end]
            known += [{"session": names[s], "start": lo, "end": hi} for lo, hi in meets]
        elif code == "travel_time" and k:
            way, leave = (
                int(c["wishes.stop_travel"][first + k]),
                int(c["sessions.end"][stops[k - 1]]),
            )
            if NO_SLOT not in (start, leave) and leave + way > start:
                pair = {"from": names[stops[k - 1]], "to": names[s]}
                known.append({**pair, "travel": way, "minutes": start - leave})
        elif code == "too_large":
            part = int(c["applicants.split_smallest" if m.splits[a] else "applicants.people"][a])
            own, high = int(c["wishes.stop_seats"][first + k]), int(c["sessions.max"][s])
            need = part if own < 0 else own
            if need > high:
                known.append({"session": names[s], "seats": need, "max": high})
    return facts in known


def wish_fault(f: Facts, a: int, w: int, code: str, facts: dict[str, Any]) -> str | None:
    """What is wrong with one wish's reason; empty if it holds, None if it is not checked."""
    m = f.m
    if code in f.flags:
        return "" if barrier_holds(m, a, w, code, facts) else "no such rule bars this wish"
    if f.barred(w):
        return "this wish is barred, which must be its reason"
    if code == "better_granted":
        mine = [int(m.col["wishes.rank"][v]) for v in m.own_wishes(a) if f.granted[v]]
        good = bool(mine) and facts.get("rank") == min(mine) <= int(m.col["wishes.rank"][w])
        return "" if good else "nothing granted is ranked no worse"
    if code == "lottery":
        own, cutoff = facts.get("own"), facts.get("cutoff")
        seated = set((f.draw[f.r.who] + 1).tolist())
        if own != int(f.draw[a]) + 1 or type(cutoff) is not int:
            return f"its place is {int(f.draw[a]) + 1}, and the cut-off is a place"
        if cutoff not in seated or cutoff >= own:
            return "nobody of that earlier place is seated"
    s = f.index.get(str(facts.get("session")))
    if code in {"full", "sealed", "price", "lottery", "below_min", "keeps_minimum"}:
        if s is None or (s not in m.stops(w) and code != "keeps_minimum"):
            return "the session is none of the wish's"
        return _at_session(f, a, w, s, code, facts)
    if code in CODES:
        return "" if f.tried.holds(a, w, code, facts) else "with the wish granted, it is otherwise"
    return None


def _at_session(f: Facts, a: int, w: int, s: int, code: str, facts: dict[str, Any]) -> str | None:
    m = f.m
    if code in {"below_min", "keeps_minimum"}:
        good = facts.get("min") == int(m.col["sessions.min"][s])
        good &= bool(f.running[s]) == (code == "keeps_minimum")
        return "" if good else "the session's minimum, or whether it runs, is another"
    high, taken = int(m.col["sessions.max"][s]), int(f.taken[s])
    free, need = facts.get("free"), facts.get("need")
    # What an applicant holds at the session itself may be counted as free for its other wish.
    most = high if any(s in m.stops(v) for v in m.own_wishes(a) if f.granted[v]) else high - taken
    sound = type(free) is int and type(need) is int and facts.get("max") == high
    if not sound or not (
        high - taken <= int(free or 0) <= most and int(need or 0) > int(free or 0)
    ):
        return f"{taken} of {high} seats are taken"
    if code == "sealed":
        region = f.region(list(m.own_wishes(a)))
        seats = int(m.col["sessions.max"][list(region)].sum())
        names = {m.names["sessions.id"][t] for t in region}
        listed = facts.get("region", [])
        if any(int(f.taken[t]) < int(m.col["sessions.max"][t]) for t in region):
            return "the region has a free seat"
        if facts.get("sessions") != len(region) or facts.get("seats") != seats:
            return f"the region has {len(region)} sessions and {seats} seats"
        known = isinstance(listed, list) and {str(name) for name in listed} <= names
        return "" if known else "the region does not have these sessions"
    if code == "price":
        if f.seat_of[a] < 0 or m.rules["stages"][:2] != ["placed", "rank"]:
            return "a price is for somebody seated, where rank follows placed"
        if len(f.taken) > MOST_CHAINS:
            return None
        cost = f.chains.cost(int(m.col["wishes.stop_session"][f.seat_of[a]]), s)
        return "" if cost == facts.get("price") else f"others would lose {cost} rank steps"
    return ""


def check_reasons(m: Market, r: Result, draw: Ints, extra: dict[str, Any], ledger: Ledger) -> None:
    """One line for the reasons, in rows or in columns."""
    document = extra.get(FILE)
    if not isinstance(document, dict):
        ledger.unverified("reasons", f"no {FILE}")
        return
    facts = Facts(m, r, draw, extra.get("certificate.npz", {}))
    if document.get("columns") is not None:
        faults, detail = _columns(facts, extra.get(str(document["columns"]), {}))
        ledger.add("reasons", faults, detail)
        return
    rows = document.get("applicants")
    if not isinstance(rows, list):
        ledger.add("reasons", [Fault(f"{FILE}:/applicants", "a list is needed")], "")
        return
    faults, open_codes, checked = _rows(facts, rows)
    ledger.add("reasons", faults, f"{checked} recomputed")
    if open_codes:
        named = ", ".join(f"{code} {n}" for code, n in sorted(open_codes.items()))
        ledger.unverified("other reasons", named)


def _rows(f: Facts, rows: list[Any]) -> tuple[list[Fault], Counter[str], int]:
    m = f.m
    index = {name: a for a, name in enumerate(m.names["applicants.id"])}
    faults: list[Fault] = []
    open_codes: Counter[str] = Counter()
    checked, given = 0, np.zeros(m.wishes, np.bool_)
    told = np.zeros(m.applicants, np.bool_)
    for i, row in enumerate(rows):
        place = f"{FILE}:/applicants/{i}"
        a = index.get(str(row.get("applicant"))) if isinstance(row, dict) else None
        if a is None or not isinstance(row.get("wishes"), list):
            faults.append(Fault(place, "a known applicant and a list of wishes are needed"))
            continue
        own, told[a] = m.own_wishes(a), told[a] or "reason" in row
        for k, entry in enumerate(row["wishes"]):
            at, whole = f"{place}/wishes/{k}", isinstance(entry, dict)
            position = entry.get("wish") if whole else None
            code, facts = (entry.get("code"), entry.get("facts")) if whole else (None, None)
            if (
                type(position) is not int
                or not 0 <= position < len(own)
                or not isinstance(code, str)
                or not isinstance(facts, dict)
            ):
                faults.append(Fault(at, "a wish of the applicant, a code and facts are needed"))
                continue
            w = own[position]
            given[w] = True
            wrong = "it was granted" if f.granted[w] else wish_fault(f, a, w, code, facts)
            checked += wrong is not None
            if wrong is None:
                open_codes[code] += 1
            elif wrong:
                faults.append(Fault(at, f"{code}: {wrong}"))
    for a in np.nonzero(told != (f.placed < f.wanted))[0].tolist():
        detail = "is wholly placed" if told[a] else "is not wholly placed and has no reason"
        faults.append(Fault(f"{FILE}: applicant {m.names['applicants.id'][a]}", detail))
    for w in np.nonzero(~given & ~f.granted)[0].tolist():
        name = m.names["applicants.id"][int(m.owner[w])]
        position = w - int(m.col["applicants.wish_ptr"][m.owner[w]])
        faults.append(Fault(f"{FILE}: applicant {name}, wish {position}", "has no reason"))
    return faults, open_codes, checked


def _columns(f: Facts, arrays: Arrays) -> tuple[list[Fault], str]:
    """The reasons of large markets of persons: every wish of everyone not placed."""
    m = f.m
    columns = {k: integers(arrays.get(k)) for k in ("applicant", "wish", "code", "price")}
    who, wish, code, price = (columns[k] for k in ("applicant", "wish", "code", "price"))
    names = arrays.get("codes")
    if who is None or wish is None or code is None or price is None or names is None:
        return [Fault("reasons.npz", "columns codes, applicant, wish, code, price are needed")], ""
    codes = [str(c.decode() if isinstance(c, bytes) else c) for c in names.reshape(-1).tolist()]
    expected = np.nonzero((f.placed == 0)[m.owner])[0]
    owner = m.owner[expected]
    position = expected - m.col["applicants.wish_ptr"][owner]
    same = len(who) == len(wish) == len(code) == len(price) == len(expected)
    if not same or (who != owner).any() or (wish != position).any():
        return [Fault("reasons.npz", "needs every wish of everyone not placed, in order")], ""
    if len(code) and not 0 <= int(code.min()) <= int(code.max()) < len(codes):
        return [Fault("reasons.npz:/code", "a code is out of range")], ""
    session = m.col["wishes.stop_session"][expected]
    bars = barred(m)[expected]
    said = {name: np.array([c == name for c in codes])[code] for name in ("barred", "sealed")}
    wrong = {
        "it is barred, or is not": said["barred"] != bars,
        "its region is not sealed": said["sealed"] & f.can_leave()[session],
    }
    if f.price is not None and len(f.price) >= m.sessions:
        wrong["the certificate's price is another"] = price != f.price[session]
    faults = [
        Fault(f"reasons.npz:/code/{i}", detail)
        for detail, flags in wrong.items()
        for i in np.nonzero(flags)[0].tolist()
    ]
    return faults, f"{len(code)} rows: {', '.join(codes)} recomputed"
