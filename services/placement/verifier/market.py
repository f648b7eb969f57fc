"""The market as columns of integers: its hash, and the columnar file with all its faults."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from services.placement.verifier.files import Arrays, Ints, integers, text
from services.placement.verifier.ledger import Fault, Unusable

FORMAT, VERSION = "ieum.market", 1
STAGES = ("placed", "rank", "leximin", "cost", "lottery")
MODES = ("max", "stable")
#: Start and end of a session without a slot, which overlaps nothing.
NO_SLOT = -(2**62)
BIG = 10**9
#: Every column in the order in which it is hashed.
_LAYOUT = """
sessions. id host district start end min max open fixed_cost seat_cost day_limit budget
sessions. clash_ptr clash_key
applicants. id school people wants all_or_none split_smallest split_parts priority
applicants. busy_ptr busy_start busy_end wish_ptr
wishes. rank cost priority stop_ptr stop_session stop_seats stop_travel
"""
COLUMNS = (
    *(row.split()[0] + name for row in _LAYOUT.strip().splitlines() for name in row.split()[1:]),
    *("schools", "clash_names", "clash_capacity", "day_names", "day_capacity"),
    *("budget_names", "budget_limit"),
)
NAMES = {
    *("sessions.id", "sessions.host", "sessions.district", "applicants.id"),
    *("schools", "clash_names", "day_names", "budget_names"),
}


@dataclass(frozen=True, eq=False)
class Market:
    """Columns by their published names: `names` of ids, `col` of integers; excluded and rules.

    `rules` has the keys that are hashed (docs/market-file.md, "Hash"): fixed, max_schools,
    max_students, mode, must_place_all, seed, stages.
    """

    names: Mapping[str, list[str]]
    col: Mapping[str, Ints]
    excluded: list[list[Any]]
    rules: dict[str, Any]

    @property
    def sessions(self) -> int:
        """Number of sessions."""
        return len(self.names["sessions.id"])

    @property
    def applicants(self) -> int:
        """Number of applicants."""
        return len(self.names["applicants.id"])

    @property
    def wishes(self) -> int:
        """Number of wishes."""
        return len(self.col["wishes.rank"])

    @cached_property
    def owner(self) -> Ints:
        """The applicant of every wish."""
        return np.repeat(np.arange(self.applicants), np.diff(self.col["applicants.wish_ptr"]))

    @cached_property
    def stop_wish(self) -> Ints:
        """The wish of every stop."""
        return np.repeat(np.arange(self.wishes), np.diff(self.col["wishes.stop_ptr"]))

    @cached_property
    def splits(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether each applicant may be split."""
        return np.asarray(self.col["applicants.split_parts"] > 0)

    def own_wishes(self, a: int) -> range:
        """The wishes of applicant `a`."""
        ptr = self.col["applicants.wish_ptr"]
        return range(int(ptr[a]), int(ptr[a + 1]))

    def stops(self, w: int) -> list[int]:
        """The sessions of wish `w`, in order."""
        ptr = self.col["wishes.stop_ptr"]
        found: list[int] = self.col["wishes.stop_session"][ptr[w] : ptr[w + 1]].tolist()
        return found

    @cached_property
    def own_hash(self) -> str:
        """SHA-256 of the canonical bytes, worked out once."""
        return self.hash()

    def hash(self, **changed: Any) -> str:
        """SHA-256 of the canonical bytes; `changed` replaces single rules."""
        digest = hashlib.sha256(f"{FORMAT}\t{VERSION}\n".encode())
        for name in COLUMNS:
            if name in NAMES:
                digest.update(f"{name}\t{canonical(self.names[name])}\n".encode())
            else:
                column = self.col[name]
                digest.update(f"{name}\tint64[{len(column)}]\n".encode())
                digest.update(np.ascontiguousarray(column, dtype="<i8").data)
                digest.update(b"\n")
        digest.update(f"excluded\t{canonical(self.excluded)}\n".encode())
        digest.update(f"rules\t{canonical({**self.rules, **changed})}\n".encode())
        return digest.hexdigest()


def canonical(value: object) -> str:
    """JSON without spaces and with sorted keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_arrays(arrays: Arrays, file: str) -> Market:
    """The market of a .npz file; raises `Unusable` with every fault."""
    faults: list[Fault] = []

    def fail(place: str, detail: str) -> None:
        faults.append(Fault(f"{file}:/{place}", detail))

    if text(arrays.get("format")) != FORMAT:
        fail("format", f"the format must be {FORMAT}")
    version = arrays.get("version")
    if version is None or version.size != 1 or str(version.reshape(-1)[0]) != str(VERSION):
        fail("version", f"the version must be {VERSION}")
    for name in sorted(set(arrays) - {*COLUMNS, "format", "version", "excluded", "rules"}):
        fail(name, "unknown column")
    names: dict[str, list[str]] = {}
    col: dict[str, Ints] = {}
    for name in COLUMNS:
        array = arrays.get(name)
        if name in NAMES:
            try:
                if array is None or array.ndim != 1 or array.dtype.kind != "S":
                    raise ValueError
                names[name] = [value.decode() for value in array.tolist()]
            except ValueError:
                fail(name, "a column of UTF-8 byte strings is needed")
        elif (column := integers(array)) is None:
            fail(name, "a column of integers is needed")
        else:
            col[name] = column
    extra: dict[str, Any] = {}
    for name, kind in (("excluded", list), ("rules", dict)):
        try:
            extra[name] = json.loads(text(arrays.get(name)) or "")
        except (ValueError, RecursionError):
            fail(name, "a JSON text is needed")
        else:
            if not isinstance(extra[name], kind):
                fail(name, f"the JSON text must be a {kind.__name__}")
    if faults:
        raise Unusable(faults)
    market = Market(names, col, extra["excluded"], extra["rules"])
    faults = check(market, file)
    if faults:
        raise Unusable(faults)
    return market


def check(m: Market, file: str) -> list[Fault]:
    """Every fault of the columns: lengths, pointers, ranges, references, rules."""
    faults: list[Fault] = []

    def fail(place: str, detail: str) -> None:
        faults.append(Fault(f"{file}:/{place}", detail))

    _lengths(m, fail)
    if not faults:
        _ranges(m, fail)
    if not faults:
        _rules(m, fail)
    return faults


def _lengths(m: Market, fail: Any) -> None:
    rows = {"sessions": m.sessions, "applicants": m.applicants, "wishes": m.wishes}
    flat = {
        "sessions.clash_ptr": ["sessions.clash_key"],
        "applicants.busy_ptr": ["applicants.busy_start", "applicants.busy_end"],
        "applicants.wish_ptr": ["wishes.rank"],
        "wishes.stop_ptr": ["wishes.stop_session", "wishes.stop_seats", "wishes.stop_travel"],
    }
    ragged = {name for names in flat.values() for name in names} - {"wishes.rank"}
    for name in COLUMNS:
        column: Any = m.names[name] if name in NAMES else m.col[name]
        label = name.split(".")[0]
        if name in flat:
            rising = len(column) == rows[label] + 1 and column[0] == 0
            if not rising or bool((np.diff(column) < 0).any()):
                fail(name, f"a pointer rises from 0 and has {rows[label] + 1} entries")
            for target in flat[name]:
                if len(m.col[target]) != (column[-1] if len(column) else 0):
                    fail(target, f"its length is not the last entry of {name}")
        elif "." in name and name not in ragged and len(column) != rows[label]:
            fail(name, f"{rows[label]} entries are needed")
    for label, limit in (("clash", "capacity"), ("day", "capacity"), ("budget", "limit")):
        if len(m.names[f"{label}_names"]) != len(m.col[f"{label}_{limit}"]):
            fail(f"{label}_{limit}", "each name needs one limit")
    for name in NAMES - {"sessions.host", "sessions.district"}:
        if len(set(m.names[name])) != len(m.names[name]):
            fail(name, "the names are not all different")


def _ranges(m: Market, fail: Any) -> None:
    flag = (0, 1)

    def named(label: str) -> tuple[int, int]:
        return -1, len(m.names[label]) - 1

    spans = {
        "sessions.min": (0, BIG), "sessions.max": (0, BIG), "sessions.open": flag,
        "sessions.fixed_cost": (0, BIG), "sessions.seat_cost": (0, BIG),
        "sessions.day_limit": named("day_names"), "sessions.budget": named("budget_names"),
        "sessions.clash_key": (0, len(m.names["clash_names"]) - 1),
        "applicants.school": (0, len(m.names["schools"]) - 1), "applicants.people": (1, 10**6),
        "applicants.wants": (1, 1000), "applicants.all_or_none": flag,
        "applicants.split_smallest": (0, 10**6), "applicants.split_parts": (0, 1000),
        "applicants.priority": (0, BIG), "wishes.rank": (0, 10**6), "wishes.cost": (-BIG, BIG),
        "wishes.priority": (0, BIG), "wishes.stop_session": (0, m.sessions - 1),
        "wishes.stop_seats": (-1, BIG), "wishes.stop_travel": (0, BIG),
        "clash_capacity": (0, 10**15), "day_capacity": (0, 10**15), "budget_limit": (0, 10**15),
        "sessions.start": (NO_SLOT, 2**50), "sessions.end": (NO_SLOT, 2**50),
        "applicants.busy_start": (-(2**50), 2**50), "applicants.busy_end": (-(2**50), 2**50),
    }  # fmt: skip
    c = m.col
    for name, (low, high) in spans.items():
        if not len(c[name]) or low <= int(c[name].min()) <= int(c[name].max()) <= high:
            continue
        for at in np.nonzero((c[name] < low) | (c[name] > high))[0].tolist():
            fail(f"{name}/{at}", f"{int(c[name][at])} is outside {low} to {high}")
    slot = c["sessions.start"] != NO_SLOT
    x = {k.split(".")[1]: v for k, v in c.items() if k.startswith("applicants.")}
    split = x["split_parts"] > 0
    conditions = {
        "sessions.min": (c["sessions.min"] > c["sessions.max"], "the minimum is above the maximum"),
        "sessions.end": (
            np.where(slot, c["sessions.end"] <= c["sessions.start"], c["sessions.end"] != NO_SLOT),
            "the end is not after the start",
        ),
        "sessions.start": (slot & (c["sessions.start"] < -(2**50)), "the start is out of range"),
        "applicants.busy_end": (x["busy_end"] <= x["busy_start"], "the end is not after the start"),
        "applicants.split_parts": (
            split & (x["wants"] > 1),
            "a group that may be split can want one session only",
        ),
        "applicants.split_smallest": (
            np.where(split, (x["split_smallest"] < 1) | (x["split_smallest"] > x["people"]),
                     x["split_smallest"] != 0),
            "the smallest part does not fit the group",
        ),
        "wishes.stop_ptr": (np.diff(c["wishes.stop_ptr"]) < 1, "a wish names at least one session"),
    }  # fmt: skip
    for name, (wrong, detail) in conditions.items():
        for at in np.nonzero(wrong)[0].tolist():
            fail(f"{name}/{at}", detail)
    if not len(c["wishes.stop_session"]) or (c["wishes.stop_session"] >= m.sessions).any():
        return
    if split.any():
        own = split[m.owner[m.stop_wish]] & (c["wishes.stop_seats"] >= 0)
        for at in np.nonzero(own)[0].tolist():
            fail(f"wishes.stop_seats/{at}", "parts of a split group count their own people")
    if len(c["wishes.stop_session"]) == m.wishes:
        return
    several = (np.diff(c["wishes.stop_ptr"]) > 1)[m.stop_wish]
    visit = (m.stop_wish * m.sessions + c["wishes.stop_session"])[several]
    if len(np.unique(visit)) != len(visit):
        fail("wishes.stop_session", "a wish visits one session twice")


def _rules(m: Market, fail: Any) -> None:
    r, known = m.rules, {"fixed", "max_schools", "max_students", "mode", "must_place_all"}
    if set(r) != known | {"seed", "stages"}:
        fail("rules", f"the rules must have exactly {', '.join(sorted(known))}, seed and stages")
        return
    stages = r["stages"]
    good = isinstance(stages, list) and bool(stages) and all(s in STAGES for s in stages)
    if not good or len(set(stages)) != len(stages):
        fail("rules/stages", f"stages are different ones of {', '.join(STAGES)}")
    if r["mode"] not in MODES:
        fail("rules/mode", f"the mode is one of {', '.join(MODES)}")
    if not isinstance(r["must_place_all"], bool) or not isinstance(r["seed"], str):
        fail("rules", "must_place_all is true or false, and the seed a text")
    for cap in ("max_schools", "max_students"):
        if r[cap] is not None and (type(r[cap]) is not int or not 0 <= r[cap] <= BIG):
            fail(f"rules/{cap}", "a cap is null or a count")
    if not isinstance(r["fixed"], list):
        fail("rules/fixed", "a list is needed")
        return
    for i, row in enumerate(r["fixed"]):
        whole = isinstance(row, list) and len(row) == 3 and all(type(v) is int for v in row)
        if not whole or not 0 <= row[0] < m.applicants or row[1] not in m.own_wishes(row[0]):
            fail(f"rules/fixed/{i}", "no such applicant or wish")
            continue
        people = int(m.col["applicants.people"][row[0]])
        least = int(m.col["applicants.split_smallest"][row[0]]) or people
        if not least <= row[2] <= people:
            fail(f"rules/fixed/{i}", f"{least} to {people} people may be fixed, not {row[2]}")
    pairs = [tuple(row[:2]) for row in r["fixed"] if isinstance(row, list)]
    if len(set(pairs)) != len(pairs):
        fail("rules/fixed", "a wish is fixed twice")
    for i, row in enumerate(m.excluded):
        whole = isinstance(row, list) and len(row) == 4 and type(row[0]) is type(row[1]) is int
        if not whole or not 0 <= row[0] < m.applicants or not 0 <= row[1] < m.sessions:
            fail(f"excluded/{i}", "no such applicant or session")
        elif not isinstance(row[2], str) or not row[2] or not isinstance(row[3], dict):
            fail(f"excluded/{i}", "a reason code and an object of facts are needed")
