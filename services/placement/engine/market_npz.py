"""The columnar form of a market: one array per column, checked as strictly as the JSON form.

The functions take and give mappings of arrays; reading and writing the file is the caller's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.placement.engine.market import (
    FORMAT,
    KEYS,
    MODES,
    NONE,
    STAGES,
    VERSION,
    Applicants,
    Exclusion,
    Fixed,
    Market,
    MarketError,
    MarketErrors,
    Rules,
    Sessions,
    Wishes,
    canonical_json,
    columns_of,
    rules_document,
)

Array = NDArray[Any]
FLAGS = {"sessions.open", "applicants.all_or_none"}
NAMES = {
    *("sessions.id", "sessions.host", "sessions.district", "applicants.id"),
    *("schools", "clash_names", "day_names", "budget_names"),
}


def to_arrays(market: Market) -> dict[str, Array]:
    """The arrays of the .npz form."""
    out: dict[str, Array] = {"format": np.array(FORMAT), "version": np.array(VERSION)}
    for name, value in columns_of(market):
        if isinstance(value, np.ndarray):
            out[name] = value.astype(np.bool_ if name in FLAGS else np.int64)
        else:
            out[name] = np.array([text.encode() for text in value] or [b""])[: len(value)]
    excluded = [[e.applicant, e.session, e.code, dict(e.facts)] for e in market.excluded]
    out["excluded"] = np.array(canonical_json(excluded))
    out["rules"] = np.array(canonical_json(rules_document(market.rules)))
    return out


def from_arrays(arrays: Mapping[str, Array]) -> Market:
    """Build a market from the arrays of a .npz file; raises `MarketErrors` with every fault."""
    errors: list[MarketError] = []

    def fail(pointer: str, code: str, detail: str) -> None:
        errors.append(MarketError(f"/{pointer}", code, detail))

    if str(arrays.get("format", "")) != FORMAT:
        fail("format", "format", f"the format must be {FORMAT!r}")
    if int(arrays.get("version", np.array(0))) != VERSION:
        fail("version", "version", f"this reader knows version {VERSION} only")
    columns: dict[str, Any] = {}
    for part, kind in (("sessions.", Sessions), ("applicants.", Applicants), ("wishes.", Wishes)):
        for name in kind.__dataclass_fields__:
            columns[part + name] = _column(arrays, part + name, fail)
    for name in KEYS:
        columns[name] = _column(arrays, name, fail)
    if errors:
        raise MarketErrors(errors)
    _check(columns, fail)
    if errors:
        raise MarketErrors(errors)
    excluded, rules = _texts(arrays, columns, fail)
    if errors:
        raise MarketErrors(errors)

    def under(label: str) -> dict[str, Any]:
        return {k[len(label) :]: v for k, v in columns.items() if k.startswith(label)}

    return Market(
        sessions=Sessions(**under("sessions.")),
        applicants=Applicants(**under("applicants.")),
        wishes=Wishes(**under("wishes.")),
        **{name: columns[name] for name in KEYS},
        excluded=excluded,
        rules=rules,
    )


Fail = Callable[[str, str, str], None]


def _column(arrays: Mapping[str, Array], name: str, fail: Fail) -> Any:
    array = arrays.get(name)
    if array is None:
        fail(name, "required", f"column {name} is missing")
        return None
    if array.ndim != 1:
        fail(name, "type", f"column {name} must have one dimension")
        return None
    if name in NAMES:
        if array.dtype.kind != "S":
            fail(name, "type", f"column {name} must hold byte strings")
            return None
        try:
            return tuple(text.decode() for text in array.tolist())
        except UnicodeDecodeError:
            fail(name, "type", f"column {name} must be UTF-8")
            return None
    if name in FLAGS:
        if array.dtype.kind != "b":
            fail(name, "type", f"column {name} must be boolean")
        return array.astype(np.bool_)
    if array.dtype.kind not in "iu":
        fail(name, "type", f"column {name} must hold integers")
        return None
    return array.astype(np.int64)


def _check(c: dict[str, Any], fail: Fail) -> None:
    """Lengths, pointers, ranges and references of all columns."""
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
    for name, column in c.items():
        if name in pointers:
            rows, last = pointers[name]
            good = len(column) == rows + 1 and column[0] == 0 and column[-1] == last
            if not good or (np.diff(column) < 0).any():
                fail(name, "pointer", f"{name} must rise from 0 to {last} in {rows + 1} entries")
            continue
        if "." not in name:
            continue
        label = name.split(".")[0]
        rows = {"sessions": sessions, "applicants": applicants, "wishes": wishes}[label]
        if len(column) != flat.get(name, rows):
            fail(name, "length", f"{name} needs {flat.get(name, rows)} entries")
    _ranges(c, fail)
    for name in ("sessions.id", "applicants.id"):
        if len(set(c[name])) != len(c[name]):
            fail(name, "duplicate_id", f"the ids of {name} are not unique")


def _ranges(c: dict[str, Any], fail: Fail) -> None:
    big = 10**9
    spans = {
        "sessions.min": (0, big), "sessions.max": (0, big), "sessions.fixed_cost": (0, big),
        "sessions.seat_cost": (0, big), "sessions.day_limit": (NONE, len(c["day_names"]) - 1),
        "sessions.budget": (NONE, len(c["budget_names"]) - 1),
        "sessions.clash_key": (0, len(c["clash_names"]) - 1),
        "applicants.school": (0, len(c["schools"]) - 1), "applicants.people": (1, 10**6),
        "applicants.wants": (1, 1000), "applicants.split_smallest": (0, 10**6),
        "applicants.split_parts": (0, 1000), "applicants.priority": (0, big),
        "wishes.rank": (0, 10**6), "wishes.cost": (-big, big), "wishes.priority": (0, big),
        "wishes.stop_session": (0, len(c["sessions.id"]) - 1), "wishes.stop_seats": (NONE, big),
        "wishes.stop_travel": (0, big),
    }  # fmt: skip
    for name, (low, high) in spans.items():
        wrong = np.nonzero((c[name] < low) | (c[name] > high))[0]
        if len(wrong):
            at = int(wrong[0])
            detail = f"{int(c[name][at])} is outside {low} to {high}; {len(wrong)} entries are"
            fail(f"{name}/{at}", "range", detail)
    same = len(c["sessions.min"]) == len(c["sessions.max"])
    if same and (c["sessions.min"] > c["sessions.max"]).any():
        at = int(np.nonzero(c["sessions.min"] > c["sessions.max"])[0][0])
        fail(f"sessions.min/{at}", "min_above_max", "a minimum is above its maximum")


def _texts(
    arrays: Mapping[str, Array], c: dict[str, Any], fail: Fail
) -> tuple[tuple[Exclusion, ...], Rules]:
    """The exclusions and rules, kept as JSON text."""
    try:
        rows = json.loads(str(arrays["excluded"]))
        excluded = tuple(Exclusion(int(a), int(s), str(code), facts) for a, s, code, facts in rows)
        raw = json.loads(str(arrays["rules"]))
        fixed = tuple(Fixed(int(a), int(w), int(n)) for a, w, n in raw.pop("fixed"))
        rules = Rules(**{**raw, "stages": tuple(raw["stages"])}, fixed=fixed)
    except (KeyError, ValueError, TypeError) as error:
        fail("rules", "json", f"excluded and rules must be JSON texts of this format: {error}")
        return (), Rules()
    known = set(rules.stages) <= set(STAGES) and len(set(rules.stages)) == len(rules.stages)
    if not known or not rules.stages or rules.mode not in MODES:
        fail("rules", "unknown_stage", "the rules name an unknown stage or mode")
    applicants, sessions = len(c["applicants.id"]), len(c["sessions.id"])
    if any(not (0 <= e.applicant < applicants and 0 <= e.session < sessions) for e in excluded):
        fail("excluded", "range", "an exclusion names an unknown row")
    ptr = c["applicants.wish_ptr"]
    for f in fixed:
        if (
            not (0 <= f.applicant < applicants)
            or not ptr[f.applicant] <= f.wish < ptr[f.applicant + 1]
        ):
            fail("rules", "unknown_wish", "a fixed placement names an unknown wish")
    return excluded, rules
