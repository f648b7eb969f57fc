"""What the columns of a market must keep: lengths, pointers, ranges, references, names.

The same conditions as the JSON form has, each checked over a whole column at once; the first entry
that breaks one is named, with the number of all that do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from services.placement.engine.market import NO_SLOT, NONE, Ints
from services.placement.engine.market_read import ID_LIMIT

Columns = dict[str, Any]
#: Called with the column (and entry), a stable code and a sentence.
Fail = Callable[[str, str, str], None]
BIG = 10**9
MINUTE = 2**50
#: Columns of names: whether one may be empty, and whether all must be different.
NAMES = {
    "sessions.id": (False, True),
    "sessions.host": (True, False),
    "sessions.district": (True, False),
    "applicants.id": (False, True),
    "schools": (True, True),
    "clash_names": (False, True),
    "day_names": (False, True),
    "budget_names": (False, True),
}
LIMITS = {
    "clash_capacity": "clash_names",
    "day_capacity": "day_names",
    "budget_limit": "budget_names",
}


def check_columns(c: Columns, fail: Fail) -> None:
    """Report every column that breaks the format; the others may be relied on afterwards."""
    faults = 0

    def counted(pointer: str, code: str, detail: str) -> None:
        nonlocal faults
        faults += 1
        fail(pointer, code, detail)

    _lengths(c, counted)
    _names(c, counted)
    _ranges(c, counted)
    if not faults:
        _across(c, fail)


def _lengths(c: Columns, fail: Fail) -> None:
    sessions, applicants = len(c["sessions.id"]), len(c["applicants.id"])
    wishes, stops = len(c["wishes.rank"]), len(c["wishes.stop_session"])
    busy = len(c["applicants.busy_start"])
    pointers = {
        "sessions.clash_ptr": (sessions, len(c["sessions.clash_key"])),
        "applicants.busy_ptr": (applicants, busy),
        "applicants.wish_ptr": (applicants, wishes),
        "wishes.stop_ptr": (wishes, stops),
    }
    flat = {"sessions.clash_key": len(c["sessions.clash_key"]), "applicants.busy_start": busy,
            "applicants.busy_end": busy, "wishes.stop_session": stops, "wishes.stop_seats": stops,
            "wishes.stop_travel": stops}  # fmt: skip
    kinds = {"sessions": sessions, "applicants": applicants, "wishes": wishes}
    for name, column in c.items():
        if name in pointers:
            rows, last = pointers[name]
            good = len(column) == rows + 1 and column[0] == 0 and column[-1] == last
            if not good or (np.diff(column) < 0).any():
                fail(name, "pointer", f"{name} must rise from 0 to {last} in {rows + 1} entries")
            elif name == "wishes.stop_ptr" and (np.diff(column) == 0).any():
                at = int(np.nonzero(np.diff(column) == 0)[0][0])
                fail(f"{name}/{at}", "empty", "a wish names at least one session")
            continue
        label, _, field = name.partition(".")
        if field:
            count = flat.get(name, kinds[label])
        else:
            count = len(c[LIMITS[name]]) if name in LIMITS else len(column)
        if len(column) != count:
            fail(name, "length", f"{name} needs {count} entries")


def _names(c: Columns, fail: Fail) -> None:
    for column, (empty, different) in NAMES.items():
        names = c[column]
        sound = all(map(str.isprintable, names)) and max(map(len, names), default=0) <= ID_LIMIT
        if not sound or (not empty and not all(names)):
            at = next(
                i
                for i, x in enumerate(names)
                if not x.isprintable() or len(x) > ID_LIMIT or not (x or empty)
            )
            detail = f"an id is a string of 1 to {ID_LIMIT} printable characters"
            fail(f"{column}/{at}", "id", detail)
        if different and len(set(names)) != len(names):
            fail(column, "duplicate_id", f"the names in {column} are not all different")


def _ranges(c: Columns, fail: Fail) -> None:
    spans = {
        "sessions.min": (0, BIG), "sessions.max": (0, BIG), "sessions.fixed_cost": (0, BIG),
        "sessions.seat_cost": (0, BIG), "sessions.day_limit": (NONE, len(c["day_names"]) - 1),
        "sessions.budget": (NONE, len(c["budget_names"]) - 1),
        "sessions.clash_key": (0, len(c["clash_names"]) - 1),
        "applicants.school": (0, len(c["schools"]) - 1), "applicants.people": (1, 10**6),
        "applicants.wants": (1, 1000), "applicants.split_smallest": (0, 10**6),
        "applicants.split_parts": (0, 1000), "applicants.priority": (0, BIG),
        "applicants.busy_start": (-MINUTE, MINUTE), "applicants.busy_end": (-MINUTE, MINUTE),
        "wishes.rank": (0, 10**6), "wishes.cost": (-BIG, BIG), "wishes.priority": (0, BIG),
        "wishes.stop_session": (0, len(c["sessions.id"]) - 1), "wishes.stop_seats": (NONE, BIG),
        "wishes.stop_travel": (0, BIG),
        "clash_capacity": (0, 10**15), "day_capacity": (0, 10**15), "budget_limit": (0, 10**15),
    }  # fmt: skip
    for name, (low, high) in spans.items():
        wrong = (c[name] < low) | (c[name] > high)
        _first(name, wrong, "range", lambda at, n=name, s=(low, high): (  # type: ignore[misc]
            f"{int(c[n][at])} is outside {s[0]} to {s[1]}"), fail)  # fmt: skip


def _first(
    name: str, wrong: Any, code: str, detail: str | Callable[[int], str], fail: Fail
) -> None:
    where = np.nonzero(wrong)[0]
    if len(where):
        at = int(where[0])
        words = detail if isinstance(detail, str) else detail(at)
        fail(f"{name}/{at}", code, f"{words}; {len(where)} entries are so")


def _across(c: Columns, fail: Fail) -> None:
    """Conditions over several columns, whose lengths and ranges are known to be right."""
    above = c["sessions.min"] > c["sessions.max"]
    _first("sessions.min", above, "min_above_max", "a minimum is above its maximum", fail)
    start, end = c["sessions.start"], c["sessions.end"]
    none = (start == NO_SLOT) & (end == NO_SLOT)
    timed = (np.abs(start) <= MINUTE) & (np.abs(end) <= MINUTE)
    half = ~none & ~timed
    _first("sessions.start", half, "range", "a slot has both ends in range, or none", fail)
    empty = timed & (end <= start)
    _first("sessions.end", empty, "empty_slot", "the end is not after the start", fail)
    late = c["applicants.busy_end"] <= c["applicants.busy_start"]
    _first("applicants.busy_end", late, "empty_slot", "the end is not after the start", fail)
    smallest, parts = c["applicants.split_smallest"], c["applicants.split_parts"]
    half = (smallest > 0) != (parts > 0)
    _first("applicants.split_parts", half, "type", "a split has a smallest part and parts", fail)
    over = smallest > c["applicants.people"]
    name = "applicants.split_smallest"
    _first(name, over, "smallest_above_people", "the smallest part is above the group", fail)
    both = (parts > 0) & (c["applicants.wants"] > 1)
    detail = "a group that may be split can want one session only"
    _first("applicants.split_parts", both, "split_and_wants", detail, fail)
    owner = np.repeat(np.arange(len(parts)), np.diff(c["applicants.wish_ptr"]))
    stops = np.diff(c["wishes.stop_ptr"])
    wish = np.repeat(np.arange(len(stops)), stops)
    own = (c["wishes.stop_seats"] != NONE) & (parts[owner] > 0)[wish]
    detail = "parts of a split group count their own people"
    _first("wishes.stop_seats", own, "split_seats", detail, fail)
    leading = np.zeros(len(wish), np.bool_)
    leading[c["wishes.stop_ptr"][:-1]] = True
    away = leading & (c["wishes.stop_travel"] != 0)
    _first("wishes.stop_travel", away, "range", "no way leads to the first stop", fail)
    twice = _repeated(wish, c["wishes.stop_session"])
    detail = "a session is visited twice"
    _first("wishes.stop_session", twice, "duplicate_stop", detail, fail)
    row = np.repeat(np.arange(len(start)), np.diff(c["sessions.clash_ptr"]))
    detail = "a clash key is named twice"
    _first("sessions.clash_key", _repeated(row, c["sessions.clash_key"]), "duplicate_key",
           detail, fail)  # fmt: skip


def _repeated(row: Ints, value: Ints) -> Any:
    """Marks each entry whose row holds the same value before."""
    out = np.zeros(len(row), np.bool_)
    if len(row) < 2 or not (np.diff(row) == 0).any():
        return out
    order = np.lexsort((np.arange(len(row)), value, row))
    same = (np.diff(row[order]) == 0) & (np.diff(value[order]) == 0)
    out[order[1:][same]] = True
    return out
