"""The columnar form of a market: one array per column, checked as strictly as the JSON form.

The functions take and give mappings of arrays; reading and writing the file is the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.placement.engine.market import (
    FORMAT,
    KEYS,
    VERSION,
    Applicants,
    Exclusion,
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
from services.placement.engine.market_columns import NAMES, Fail, check_columns
from services.placement.engine.market_read import Reader, Repeated, read_text
from services.placement.engine.market_rules import read_fixed, read_rules

Array = NDArray[Any]
FLAGS = {"sessions.open", "applicants.all_or_none"}
RULES = {"fixed", "max_schools", "max_students", "mode", "must_place_all", "seed", "stages"}


def to_arrays(market: Market) -> dict[str, Array]:
    """The arrays of the .npz form."""
    out: dict[str, Array] = {"format": np.array(FORMAT), "version": np.array(VERSION)}
    for name, value in columns_of(market):
        if isinstance(value, np.ndarray):
            out[name] = value.astype(np.bool_) if name in FLAGS else _narrow(value)
        else:
            out[name] = np.array([text.encode() for text in value] or [b""])[: len(value)]
    excluded = [[e.applicant, e.session, e.code, dict(e.facts)] for e in market.excluded]
    out["excluded"] = np.array(canonical_json(excluded))
    out["rules"] = np.array(canonical_json(rules_document(market.rules)))
    return out


def _narrow(column: Array) -> Array:
    """The same integers in the fewest bytes: most columns hold small ones."""
    if not len(column):
        return column
    kind = np.result_type(np.min_scalar_type(column.min()), np.min_scalar_type(column.max()))
    return column.astype(kind)


def from_arrays(arrays: Mapping[str, Array]) -> Market:
    """Build a market from the arrays of a .npz file; raises `MarketErrors` with every fault."""
    errors: list[MarketError] = []

    def fail(pointer: str, code: str, detail: str) -> None:
        errors.append(MarketError(f"/{pointer}", code, detail))

    if str(arrays.get("format", "")) != FORMAT:
        fail("format", "format", f"the format must be {FORMAT!r}")
    version = arrays.get("version", np.array(0))
    if version.ndim or version.dtype.kind not in "iu" or int(version) != VERSION:
        fail("version", "version", f"this reader knows version {VERSION} only")
    columns: dict[str, Any] = {}
    for part, kind in (("sessions.", Sessions), ("applicants.", Applicants), ("wishes.", Wishes)):
        for name in kind.__dataclass_fields__:
            columns[part + name] = _column(arrays, part + name, fail)
    for name in KEYS:
        columns[name] = _column(arrays, name, fail)
    if errors:
        raise MarketErrors(errors)
    check_columns(columns, fail)
    if errors:
        raise MarketErrors(errors)
    excluded, rules = _texts(arrays, columns)

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


def _texts(arrays: Mapping[str, Array], c: dict[str, Any]) -> tuple[tuple[Exclusion, ...], Rules]:
    """The exclusions and rules, kept as JSON text, read by the reader of the JSON form."""
    r = Reader()
    texts: dict[str, Any] = {}
    for name, kind in (("excluded", list), ("rules", dict)):
        try:
            texts[name] = read_text(str(arrays.get(name, "")))
        except Repeated as error:
            r.fail(f"/{name}{error.pointer}", "duplicate_key", str(error))
        except (ValueError, RecursionError) as error:
            r.fail(f"/{name}", "json", f"this is not JSON: {error}")
        else:
            if not isinstance(texts[name], kind):
                r.fail(f"/{name}", "type", f"{name} must be a JSON {kind.__name__}")
    r.finish()
    raw = texts["rules"]
    r.unknown(raw, "/rules", RULES)
    caps = {"schools": raw.get("max_schools"), "students": raw.get("max_students")}
    known = {k: raw[k] for k in ("stages", "mode", "must_place_all", "seed") if k in raw}
    settings = read_rules(r, {**known, "caps": caps})
    ptr = c["applicants.wish_ptr"].tolist()
    fixed = []
    for i, row in enumerate(r.array(raw, "fixed", "/rules", required=False)):
        at = f"/rules/fixed/{i}"
        good = isinstance(row, list) and len(row) == 3 and all(type(x) is int for x in row)
        if not good or not 0 <= row[0] < len(ptr) - 1:
            r.fail(at, "type", "a fixed placement is [applicant, wish, people], as indices")
        elif not ptr[row[0]] <= row[1] < ptr[row[0] + 1]:
            r.fail(at, "unknown_wish", "the wish is none of the applicant's")
        else:
            name, wish = str(row[0]), row[1] - ptr[row[0]]
            fixed.append({"applicant": name, "wish": wish, "people": row[2]})
    places = {f["applicant"]: int(f["applicant"]) for f in fixed}
    sizes, parts = c["applicants.people"].tolist(), c["applicants.split_smallest"].tolist()
    held = read_fixed(r, {"fixed": fixed}, places, ptr, sizes, parts)
    excluded = _excluded(r, texts["excluded"], len(c["applicants.id"]), len(c["sessions.id"]))
    r.finish()
    return excluded, Rules(**settings, fixed=held)


def _excluded(r: Reader, rows: list[Any], applicants: int, sessions: int) -> tuple[Exclusion, ...]:
    out: list[Exclusion] = []
    for i, row in enumerate(rows):
        at = f"/excluded/{i}"
        if not isinstance(row, list) or len(row) != 4:
            r.fail(at, "type", "an exclusion is [applicant, session, code, facts]")
            continue
        for k, count in ((0, applicants), (1, sessions)):
            r.number(row[k], f"{at}/{k}", (0, count - 1))
        good = r.code(row[2], f"{at}/2") and r.facts(row[3], f"{at}/3")
        if good and type(row[0]) is int and type(row[1]) is int:
            out.append(Exclusion(row[0], row[1], row[2], dict(row[3])))
    return tuple(out)
