"""Reading and writing the market file as JSON: every fault is reported with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from services.placement.engine.market import (
    FORMAT,
    NONE,
    VERSION,
    Applicants,
    Exclusion,
    Fixed,
    Ints,
    Market,
    Rules,
    Sessions,
    Wishes,
)
from services.placement.engine.market_read import Codes, Reader, Repeated, read_text
from services.placement.engine.market_rules import read_fixed, read_rules
from services.placement.engine.market_write import write_market

__all__ = ["read_market", "write_market"]

PEOPLE = (1, 1_000_000)
COUNT = (0, 1_000_000_000)
COST = (-1_000_000_000, 1_000_000_000)
MINUTE = (-(2**50), 2**50)
SESSION_NUMBERS = (
    *("start", "end", "min", "max", "open"),
    *("fixed_cost", "seat_cost", "day_limit", "budget"),
)


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


class _Sessions:
    """Collects the session columns while reading."""

    def __init__(self, r: Reader, clash: Codes, day: Codes, budget: Codes) -> None:
        self.r, self.clash, self.day, self.budget = r, clash, day, budget
        self.index: dict[str, int] = {}
        self.text: dict[str, list[str]] = {"id": [], "host": [], "district": []}
        self.number: dict[str, list[int]] = {k: [] for k in SESSION_NUMBERS}
        self.clash_ptr, self.clash_key = [0], list[int]()

    def read(self, item: Mapping[str, Any], at: str) -> None:
        r, n = self.r, self.number
        known = {*self.text, *n, "clash"}
        r.unknown(item, at, known)
        name = r.identifier(item, "id", at)
        if name in self.index:
            r.fail(f"{at}/id", "duplicate_id", f"session id {name!r} is used twice")
        self.index.setdefault(name, len(self.text["id"]))
        self.text["id"].append(name)
        self.text["host"].append(r.label(item, "host", at))
        self.text["district"].append(r.label(item, "district", at))
        start, end = r.slot(item, at, MINUTE)
        n["start"].append(start)
        n["end"].append(end)
        low = r.integer(item, "min", at, 0, COUNT)
        high = r.integer(item, "max", at, None, COUNT)
        if low > high:
            r.fail(f"{at}/min", "min_above_max", f"the minimum {low} is above the maximum {high}")
        n["min"].append(low)
        n["max"].append(high)
        n["open"].append(int(r.flag(item, "open", at, False)))
        n["fixed_cost"].append(r.integer(item, "fixed_cost", at, 0, COUNT))
        n["seat_cost"].append(r.integer(item, "seat_cost", at, 0, COUNT))
        n["day_limit"].append(self.day.code(r, item, "day_limit", at))
        n["budget"].append(self.budget.code(r, item, "budget", at))
        keys = r.array(item, "clash", at, required=False)
        for i, key in enumerate(keys):
            code = self.clash.lookup(r, key, f"{at}/clash/{i}")
            if code in self.clash_key[self.clash_ptr[-1] :]:
                r.fail(f"{at}/clash/{i}", "duplicate_key", f"clash key {key!r} is named twice")
            elif code != NONE:
                self.clash_key.append(code)
        self.clash_ptr.append(len(self.clash_key))

    def columns(self) -> Sessions:
        n = {k: _ints(v) for k, v in self.number.items()}
        return Sessions(
            id=tuple(self.text["id"]),
            host=tuple(self.text["host"]),
            district=tuple(self.text["district"]),
            start=n["start"],
            end=n["end"],
            min=n["min"],
            max=n["max"],
            open=n["open"].astype(np.bool_),
            fixed_cost=n["fixed_cost"],
            seat_cost=n["seat_cost"],
            day_limit=n["day_limit"],
            budget=n["budget"],
            clash_ptr=_ints(self.clash_ptr),
            clash_key=_ints(self.clash_key),
        )


class _Applicants:
    """Collects the applicant and wish columns while reading."""

    def __init__(self, r: Reader, sessions: dict[str, int]) -> None:
        self.r, self.sessions = r, sessions
        self.index: dict[str, int] = {}
        self.schools: dict[str, int] = {}
        self.ids: list[str] = []
        names = "school people wants all_or_none split_smallest split_parts priority"
        self.number: dict[str, list[int]] = {k: [] for k in names.split()}
        self.busy_ptr, self.busy_start, self.busy_end = [0], list[int](), list[int]()
        self.wish_ptr, self.stop_ptr = [0], [0]
        self.wish: dict[str, list[int]] = {"rank": [], "cost": [], "priority": []}
        self.stop: dict[str, list[int]] = {"session": [], "seats": [], "travel": []}

    def read(self, item: Mapping[str, Any], at: str) -> None:
        r, n = self.r, self.number
        known = {"id", "school", "people", "wants", "all_or_none", "split", "busy", "priority"}
        r.unknown(item, at, known | {"wishes"})
        name = r.identifier(item, "id", at)
        if name in self.index:
            r.fail(f"{at}/id", "duplicate_id", f"applicant id {name!r} is used twice")
        self.index.setdefault(name, len(self.ids))
        self.ids.append(name)
        school = r.label(item, "school", at)
        n["school"].append(self.schools.setdefault(school, len(self.schools)))
        people = r.integer(item, "people", at, 1, PEOPLE)
        wants = r.integer(item, "wants", at, 1, (1, 1000))
        n["people"].append(people)
        n["wants"].append(wants)
        n["all_or_none"].append(int(r.flag(item, "all_or_none", at, False)))
        n["priority"].append(r.integer(item, "priority", at, 0, COUNT))
        smallest, parts = self._split(item, at, people, wants)
        n["split_smallest"].append(smallest)
        n["split_parts"].append(parts)
        for i, busy in enumerate(r.objects(item, "busy", at)):
            place = f"{at}/busy/{i}"
            r.unknown(busy, place, {"start", "end"})
            start, end = r.slot(busy, place, MINUTE, required=True)
            self.busy_start.append(start)
            self.busy_end.append(end)
        self.busy_ptr.append(len(self.busy_start))
        for i, wish in enumerate(r.objects(item, "wishes", at)):
            self._wish(wish, f"{at}/wishes/{i}", splits=parts > 0)
        self.wish_ptr.append(len(self.wish["rank"]))

    def _split(self, item: Mapping[str, Any], at: str, people: int, wants: int) -> tuple[int, int]:
        r = self.r
        split = item.get("split")
        if split is None:
            return 0, 0
        place = f"{at}/split"
        if not isinstance(split, Mapping):
            r.fail(place, "type", "split must be an object or null")
            return 0, 0
        r.unknown(split, place, {"smallest", "parts"})
        smallest = r.integer(split, "smallest", place, 1, PEOPLE)
        parts = r.integer(split, "parts", place, None, (1, 1000))
        if smallest > people:
            detail = f"the smallest part {smallest} is larger than the group of {people}"
            r.fail(f"{place}/smallest", "smallest_above_people", detail)
        if wants > 1:
            r.fail(place, "split_and_wants", "a group that may be split can want one session only")
        return smallest, parts

    def _wish(self, item: Mapping[str, Any], at: str, *, splits: bool) -> None:
        r = self.r
        r.unknown(item, at, {"stops", "travel", "rank", "cost", "seats", "priority"})
        self.wish["rank"].append(r.integer(item, "rank", at, None, (0, 1_000_000)))
        self.wish["cost"].append(r.integer(item, "cost", at, 0, COST))
        self.wish["priority"].append(r.integer(item, "priority", at, 0, COUNT))
        stops = r.array(item, "stops", at, required=True)
        if not stops and "stops" in item:
            r.fail(f"{at}/stops", "empty", "a wish names at least one session")
        for i, stop in enumerate(stops):
            s = self.sessions.get(stop, 0) if isinstance(stop, str) else 0
            if not isinstance(stop, str):
                r.fail(f"{at}/stops/{i}", "type", "a stop is the id of a session")
            elif stop not in self.sessions:
                r.fail(f"{at}/stops/{i}", "unknown_session", f"there is no session {stop!r}")
            elif stop in stops[:i]:
                r.fail(f"{at}/stops/{i}", "duplicate_stop", f"session {stop!r} is visited twice")
            self.stop["session"].append(s)
        travel = r.integers(item, "travel", at, max(0, len(stops) - 1), 0, COUNT)
        self.stop["travel"].extend([0, *travel] if stops else [])
        if splits and item.get("seats") is not None:
            r.fail(f"{at}/seats", "split_seats", "parts of a split group count their own people")
        self.stop["seats"].extend(r.integers(item, "seats", at, len(stops), NONE, (NONE, COUNT[1])))
        self.stop_ptr.append(len(self.stop["session"]))

    def columns(self) -> tuple[Applicants, Wishes]:
        n = {k: _ints(v) for k, v in self.number.items()}
        applicants = Applicants(
            id=tuple(self.ids),
            school=n["school"],
            people=n["people"],
            wants=n["wants"],
            all_or_none=n["all_or_none"].astype(np.bool_),
            split_smallest=n["split_smallest"],
            split_parts=n["split_parts"],
            priority=n["priority"],
            busy_ptr=_ints(self.busy_ptr),
            busy_start=_ints(self.busy_start),
            busy_end=_ints(self.busy_end),
            wish_ptr=_ints(self.wish_ptr),
        )
        wishes = Wishes(
            rank=_ints(self.wish["rank"]),
            cost=_ints(self.wish["cost"]),
            priority=_ints(self.wish["priority"]),
            stop_ptr=_ints(self.stop_ptr),
            stop_session=_ints(self.stop["session"]),
            stop_seats=_ints(self.stop["seats"]),
            stop_travel=_ints(self.stop["travel"]),
        )
        return applicants, wishes


def _excluded(
    r: Reader, document: Mapping[str, Any], who: dict[str, int], where: dict[str, int]
) -> tuple[Exclusion, ...]:
    out: list[Exclusion] = []
    for i, row in enumerate(r.array(document, "excluded", "", required=False)):
        at = f"/excluded/{i}"
        if not isinstance(row, list) or len(row) != 4:
            r.fail(at, "type", "an exclusion is [applicant, session, code, facts]")
            continue
        applicant, session, code, facts = row
        good = True
        if not isinstance(applicant, str) or applicant not in who:
            r.fail(f"{at}/0", "unknown_applicant", f"there is no applicant {applicant!r}")
            good = False
        if not isinstance(session, str) or session not in where:
            r.fail(f"{at}/1", "unknown_session", f"there is no session {session!r}")
            good = False
        good &= r.code(code, f"{at}/2")
        good &= r.facts(facts, f"{at}/3")
        if good:
            out.append(Exclusion(who[applicant], where[session], code, dict(facts)))
    return tuple(out)


def read_market(document: object) -> Market:
    """Build a `Market` from its JSON document; raises `MarketErrors` with every fault."""
    r = Reader()
    if not isinstance(document, Mapping):
        r.fail("", "type", "a market is a JSON object")
        r.finish()
        document = {}
    known = {"format", "version", "clashes", "day_limits", "budgets", "sessions", "applicants"}
    r.unknown(document, "", known | {"excluded", "rules"})
    if document.get("format") != FORMAT:
        r.fail("/format", "format", f"the format must be {FORMAT!r}")
    if type(document.get("version")) is not int or document["version"] != VERSION:
        r.fail("/version", "version", f"this reader knows version {VERSION} only")
    clash = Codes.read(r, document, "clashes")
    day = Codes.read(r, document, "day_limits")
    budget = Codes.read(r, document, "budgets")
    sessions = _Sessions(r, clash, day, budget)
    for i, item in enumerate(r.objects(document, "sessions", "", required=True)):
        sessions.read(item, f"/sessions/{i}")
    applicants = _Applicants(r, sessions.index)
    for i, item in enumerate(r.objects(document, "applicants", "", required=True)):
        applicants.read(item, f"/applicants/{i}")
    excluded = _excluded(r, document, applicants.index, sessions.index)
    rules = document.get("rules", {})
    if not isinstance(rules, Mapping):
        r.fail("/rules", "type", "rules must be an object")
        rules = {}
    settings = read_rules(r, rules)
    people = applicants.number["people"]
    splits = applicants.number["split_smallest"]
    fixed: tuple[Fixed, ...] = read_fixed(
        r, rules, applicants.index, applicants.wish_ptr, people, splits
    )
    r.finish()
    columns, wishes = applicants.columns()
    return Market(
        sessions=sessions.columns(),
        applicants=columns,
        wishes=wishes,
        schools=tuple(applicants.schools),
        clash_names=tuple(clash.index),
        clash_capacity=_ints(clash.capacity),
        day_names=tuple(day.index),
        day_capacity=_ints(day.capacity),
        budget_names=tuple(budget.index),
        budget_limit=_ints(budget.capacity),
        excluded=excluded,
        rules=Rules(**settings, fixed=fixed),
    )


def parse_market(text: str | bytes) -> Market:
    """Read a market from JSON text; text that is no JSON is one error at the document's root."""
    r = Reader()
    try:
        document = read_text(text)
    except Repeated as error:
        r.fail(error.pointer, "duplicate_key", str(error))
        r.finish()
    except (ValueError, RecursionError) as error:
        r.fail("", "json", f"this is not JSON: {error}")
        r.finish()
    return read_market(document)
