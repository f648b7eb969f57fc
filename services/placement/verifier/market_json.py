"""The JSON form of a market turned into columns; every fault is reported with its pointer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from services.placement.verifier.ledger import Fault, Unusable
from services.placement.verifier.market import (
    BIG,
    COLUMNS,
    FORMAT,
    NAMES,
    NO_SLOT,
    STAGES,
    VERSION,
    Market,
    check,
)

#: Integer fields with their default (None: required) and range.
SESSION = {"min": (0, 0, BIG), "max": (None, 0, BIG), "fixed_cost": (0, 0, BIG),
           "seat_cost": (0, 0, BIG)}  # fmt: skip
APPLICANT = {"people": (1, 1, 10**6), "wants": (1, 1, 1000), "priority": (0, 0, BIG)}
WISH = {"rank": (None, 0, 10**6), "cost": (0, -BIG, BIG), "priority": (0, 0, BIG)}
MINUTE = 2**50


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.out: dict[str, list[Any]] = {name: [] for name in COLUMNS}

    def fail(self, at: str, detail: str) -> None:
        self.faults.append(Fault(f"{self.file}:{at}", detail))

    def put(self, column: str, value: Any) -> None:
        self.out[column].append(value)

    def whole(self, value: Any, at: str, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:
            self.fail(at, f"an integer from {low} to {high} is needed, not {value!r}")
            return max(low, 0)
        return value

    def numbers(self, item: Any, at: str, label: str, fields: Mapping[str, Any]) -> None:
        for key, (default, low, high) in fields.items():
            if key in item:
                self.put(f"{label}.{key}", self.whole(item[key], f"{at}/{key}", low, high))
                continue
            if default is None:
                self.fail(f"{at}/{key}", "missing")
            self.put(f"{label}.{key}", default or 0)

    def known(self, item: Any, at: str, fields: set[str]) -> None:
        for key in item:
            if key not in fields:
                self.fail(f"{at}/{key}", "unknown field")

    def name(self, value: Any, at: str, *, empty: bool = False) -> str:
        fits = isinstance(value, str) and len(value) <= 200 and value.isprintable()
        if not fits or not (value or empty):
            self.fail(at, "a printable id of 1 to 200 characters is needed")
            return f"?{at}"
        return str(value)

    def flag(self, item: Any, key: str, at: str) -> int:
        value = item.get(key, False)
        if not isinstance(value, bool):
            self.fail(f"{at}/{key}", "true or false is needed")
        return int(value is True)

    def items(self, item: Any, key: str, at: str, kind: type) -> list[Any]:
        value = item.get(key, [])
        if not isinstance(value, list):
            self.fail(f"{at}/{key}", "a list is needed")
            return []
        for i, entry in enumerate(value):
            if not isinstance(entry, kind):
                self.fail(f"{at}/{key}/{i}", f"a {kind.__name__} is needed")
        return [entry if isinstance(entry, kind) else kind() for entry in value]

    def slot(self, item: Any, at: str, *, needed: bool) -> tuple[int, int]:
        start, end = item.get("start"), item.get("end")
        if start is None and end is None and not needed:
            return NO_SLOT, NO_SLOT
        pair = tuple(
            self.whole(v, f"{at}/{key}", -MINUTE, MINUTE)
            for key, v in (("start", start), ("end", end))
        )
        return pair[0], pair[1]

    def limits(self, document: Any, key: str, names: str, values: str) -> dict[str, int]:
        table = document.get(key, {})
        if not isinstance(table, dict):
            self.fail(f"/{key}", "an object of name to limit is needed")
            table = {}
        for name, limit in table.items():
            self.put(names, self.name(name, f"/{key}/{name}"))
            self.put(values, self.whole(limit, f"/{key}/{name}", 0, 10**15))
        return {name: i for i, name in enumerate(table)}

    def code(self, value: Any, at: str, table: Mapping[str, int]) -> int:
        if isinstance(value, str) and value in table:
            return table[value]
        self.fail(at, f"{value!r} is not defined in this market")
        return 0


def from_json(document: Any, file: str) -> Market:
    """The market of a JSON document; raises `Unusable` with every fault."""
    r = _Reader(file)
    if not isinstance(document, dict):
        raise Unusable([Fault(file, "a market is an object")])
    fields = {"format", "version", "clashes", "day_limits", "budgets", "sessions", "applicants"}
    r.known(document, "", fields | {"excluded", "rules"})
    if document.get("format") != FORMAT:
        r.fail("/format", f"the format must be {FORMAT}")
    if type(document.get("version")) is not int or document["version"] != VERSION:
        r.fail("/version", f"the version must be {VERSION}")
    limits = {
        "clash": r.limits(document, "clashes", "clash_names", "clash_capacity"),
        "day_limit": r.limits(document, "day_limits", "day_names", "day_capacity"),
        "budget": r.limits(document, "budgets", "budget_names", "budget_limit"),
    }
    for key in ("sessions", "applicants"):
        if key not in document:
            r.fail(f"/{key}", "missing")
    for column in ("sessions.clash_ptr", "applicants.busy_ptr"):
        r.put(column, 0)
    for column in ("applicants.wish_ptr", "wishes.stop_ptr"):
        r.put(column, 0)
    for i, item in enumerate(r.items(document, "sessions", "", dict)):
        _session(r, item, f"/sessions/{i}", limits)
    sessions = {name: i for i, name in enumerate(r.out["sessions.id"])}
    schools: dict[str, int] = {}
    for i, item in enumerate(r.items(document, "applicants", "", dict)):
        _applicant(r, item, f"/applicants/{i}", sessions, schools)
    r.out["schools"] = list(schools)
    people = {name: i for i, name in enumerate(r.out["applicants.id"])}
    excluded = [
        _exclusion(r, row, f"/excluded/{i}", people, sessions)
        for i, row in enumerate(r.items(document, "excluded", "", list))
    ]
    rules = _rules(r, document.get("rules", {}), people)
    if r.faults:
        raise Unusable(r.faults)
    names = {name: r.out[name] for name in NAMES}
    col = {n: np.array(r.out[n], dtype=np.int64) for n in COLUMNS if n not in NAMES}
    market = Market(names, col, excluded, rules)
    faults = check(market, file)
    if faults:
        raise Unusable(faults)
    return market


def _session(r: _Reader, item: Any, at: str, limits: Mapping[str, Mapping[str, int]]) -> None:
    r.known(
        item, at, {"id", "host", "district", "start", "end", "open", "clash", *limits, *SESSION}
    )
    r.put("sessions.id", r.name(item.get("id"), f"{at}/id"))
    for key in ("host", "district"):
        r.put(f"sessions.{key}", r.name(item.get(key, ""), f"{at}/{key}", empty=True))
    start, end = r.slot(item, at, needed=False)
    r.put("sessions.start", start)
    r.put("sessions.end", end)
    r.numbers(item, at, "sessions", SESSION)
    r.put("sessions.open", r.flag(item, "open", at))
    for key in ("day_limit", "budget"):
        value = item.get(key)
        r.put(
            f"sessions.{key}",
            -1 if value is None else r.code(value, f"{at}/{key}", limits[key]),
        )
    keys = r.items(item, "clash", at, str)
    if len(set(keys)) != len(keys):
        r.fail(f"{at}/clash", "a key is named twice")
    for i, key in enumerate(keys):
        r.put("sessions.clash_key", r.code(key, f"{at}/clash/{i}", limits["clash"]))
    r.put("sessions.clash_ptr", len(r.out["sessions.clash_key"]))


def _applicant(
    r: _Reader, item: Any, at: str, sessions: Mapping[str, int], schools: dict[str, int]
) -> None:
    fields = {"id", "school", "all_or_none", "split", "busy", "wishes", *APPLICANT}
    r.known(item, at, fields)
    r.put("applicants.id", r.name(item.get("id"), f"{at}/id"))
    school = r.name(item.get("school", ""), f"{at}/school", empty=True)
    r.put("applicants.school", schools.setdefault(school, len(schools)))
    r.numbers(item, at, "applicants", APPLICANT)
    r.put("applicants.all_or_none", r.flag(item, "all_or_none", at))
    split = item.get("split")
    if split is not None and not isinstance(split, dict):
        r.fail(f"{at}/split", "an object or null is needed")
        split = None
    smallest = parts = 0
    if split is not None:
        r.known(split, f"{at}/split", {"smallest", "parts"})
        smallest = r.whole(split.get("smallest", 1), f"{at}/split/smallest", 1, 10**6)
        parts = r.whole(split.get("parts"), f"{at}/split/parts", 1, 1000)
    r.put("applicants.split_smallest", smallest)
    r.put("applicants.split_parts", parts)
    for i, busy in enumerate(r.items(item, "busy", at, dict)):
        r.known(busy, f"{at}/busy/{i}", {"start", "end"})
        start, end = r.slot(busy, f"{at}/busy/{i}", needed=True)
        r.put("applicants.busy_start", start)
        r.put("applicants.busy_end", end)
    r.put("applicants.busy_ptr", len(r.out["applicants.busy_start"]))
    for i, wish in enumerate(r.items(item, "wishes", at, dict)):
        _wish(r, wish, f"{at}/wishes/{i}", sessions)
    r.put("applicants.wish_ptr", len(r.out["wishes.rank"]))


def _wish(r: _Reader, item: Any, at: str, sessions: Mapping[str, int]) -> None:
    r.known(item, at, {"stops", "travel", "seats", *WISH})
    r.numbers(item, at, "wishes", WISH)
    stops = r.items(item, "stops", at, str)
    for i, stop in enumerate(stops):
        r.put("wishes.stop_session", r.code(stop, f"{at}/stops/{i}", sessions))
    n = len(stops)
    # A wish without stops is reported by the check of the columns.
    travel = _each(r, item.get("travel"), f"{at}/travel", max(0, n - 1), 0, 0)
    seats = _each(r, item.get("seats"), f"{at}/seats", n, -1, -1)
    r.out["wishes.stop_travel"].extend([0, *travel] if n else [])
    r.out["wishes.stop_seats"].extend(seats)
    r.put("wishes.stop_ptr", len(r.out["wishes.stop_session"]))


def _each(r: _Reader, value: Any, at: str, count: int, default: int, low: int) -> list[int]:
    if value is None:
        return [default] * count
    if type(value) is int:
        return [r.whole(value, at, low, BIG)] * count
    if not isinstance(value, list) or len(value) != count:
        r.fail(at, f"an integer or {count} integers are needed")
        return [default] * count
    return [r.whole(v, f"{at}/{i}", low, BIG) for i, v in enumerate(value)]


def _exclusion(
    r: _Reader, row: list[Any], at: str, people: Mapping[str, int], sessions: Mapping[str, int]
) -> list[Any]:
    if len(row) != 4:
        r.fail(at, "an exclusion is [applicant, session, code, facts]")
        return [0, 0, "", {}]
    return [r.code(row[0], f"{at}/0", people), r.code(row[1], f"{at}/1", sessions), *row[2:]]


def _rules(r: _Reader, rules: Any, people: Mapping[str, int]) -> dict[str, Any]:
    if not isinstance(rules, dict):
        r.fail("/rules", "an object is needed")
        rules = {}
    r.known(rules, "/rules", {"stages", "mode", "must_place_all", "caps", "seed", "fixed"})
    caps = rules.get("caps", {})
    if not isinstance(caps, dict):
        r.fail("/rules/caps", "an object is needed")
        caps = {}
    r.known(caps, "/rules/caps", {"schools", "students"})
    fixed: list[list[int]] = []
    ptr = r.out["applicants.wish_ptr"]
    for i, item in enumerate(r.items(rules, "fixed", "/rules", dict)):
        at = f"/rules/fixed/{i}"
        r.known(item, at, {"applicant", "wish", "people"})
        if item.get("applicant") not in people:
            r.fail(f"{at}/applicant", f"there is no applicant {item.get('applicant')!r}")
            continue
        a = people[item["applicant"]]
        wish = r.whole(item.get("wish"), f"{at}/wish", 0, max(0, ptr[a + 1] - ptr[a] - 1))
        whole = r.out["applicants.people"][a]
        part = r.whole(item.get("people", whole), f"{at}/people", 1, 10**6)
        fixed.append([a, ptr[a] + wish, part])
    return {
        "stages": rules.get("stages", list(STAGES)),
        "mode": rules.get("mode", "max"),
        "must_place_all": rules.get("must_place_all", False),
        "max_schools": caps.get("schools"),
        "max_students": caps.get("students"),
        "seed": rules.get("seed", ""),
        "fixed": fixed,
    }
