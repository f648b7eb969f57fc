"""Typed reading of a JSON document that collects faults instead of stopping at the first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from services.placement.engine.market import NO_SLOT, NONE, MarketError, MarketErrors

Range = tuple[int, int]
MISSING = object()
ID_LIMIT = 200
#: Facts of an exclusion may be nested so deeply.
DEEPEST = 16


def escape(part: str) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


class Reader:
    """Reads fields of a document; after a fault it answers a harmless value and reads on."""

    def __init__(self) -> None:
        self.errors: list[MarketError] = []

    def fail(self, pointer: str, code: str, detail: str) -> None:
        """Record one fault."""
        self.errors.append(MarketError(pointer, code, detail))

    def finish(self) -> None:
        """Raise `MarketErrors` if any fault was recorded."""
        if self.errors:
            self._raise()

    def _raise(self) -> NoReturn:
        raise MarketErrors(self.errors)

    def unknown(self, item: Mapping[str, Any], at: str, known: set[str]) -> None:
        """Fields that the format does not know are faults: a misspelt rule must not be ignored."""
        for key in item:
            if key not in known:
                self.fail(f"{at}/{escape(str(key))}", "unknown_field", f"unknown field {key!r}")

    def integer(
        self, item: Mapping[str, Any], key: str, at: str, default: int | None, span: Range
    ) -> int:
        """An integer within `span`; `default` None makes the field required."""
        value = item.get(key, MISSING)
        if value is MISSING:
            if default is None:
                self.fail(f"{at}/{key}", "required", f"{key} is missing")
                return span[0]
            return default
        return self.number(value, f"{at}/{key}", span)

    def number(self, value: object, pointer: str, span: Range) -> int:
        """Check one integer; booleans and floats are not integers here."""
        if type(value) is not int:
            self.fail(pointer, "type", f"an integer is needed, not {value!r}")
            return span[0]
        if not span[0] <= value <= span[1]:
            self.fail(pointer, "range", f"{value} is outside {span[0]} to {span[1]}")
            return span[0]
        return value

    def flag(self, item: Mapping[str, Any], key: str, at: str, default: bool) -> bool:
        """A boolean."""
        value = item.get(key, default)
        if not isinstance(value, bool):
            self.fail(f"{at}/{key}", "type", f"{key} must be true or false")
            return default
        return value

    def identifier(self, item: Mapping[str, Any], key: str, at: str) -> str:
        """A required, non-empty id without control characters."""
        value = item.get(key, MISSING)
        if value is MISSING:
            self.fail(f"{at}/{key}", "required", f"{key} is missing")
            return f"\x00{at}"
        return self.name(value, f"{at}/{key}")

    def name(self, value: object, pointer: str) -> str:
        """Check one id."""
        if not isinstance(value, str) or not value or len(value) > ID_LIMIT:
            detail = f"an id is a string of 1 to {ID_LIMIT} characters"
            self.fail(pointer, "id", detail)
            return f"\x00{pointer}"
        if not value.isprintable():
            self.fail(pointer, "id", "an id has printable characters only")
        return value

    def label(self, item: Mapping[str, Any], key: str, at: str) -> str:
        """An optional id; empty when absent."""
        value = item.get(key, "")
        return "" if value == "" else self.name(value, f"{at}/{key}")

    def slot(
        self, item: Mapping[str, Any], at: str, span: Range, *, required: bool = False
    ) -> tuple[int, int]:
        """A half-open interval of minutes; both ends or neither."""
        start, end = item.get("start"), item.get("end")
        if start is None and end is None and not required:
            return NO_SLOT, NO_SLOT
        for key, value in (("start", start), ("end", end)):
            if value is None:
                self.fail(f"{at}/{key}", "required", f"{key} is missing")
        if start is None or end is None:
            return NO_SLOT, NO_SLOT
        low = self.number(start, f"{at}/start", span)
        high = self.number(end, f"{at}/end", span)
        if high <= low:
            self.fail(f"{at}/end", "empty_slot", f"the end {high} is not after the start {low}")
        return low, high

    def array(self, item: Mapping[str, Any], key: str, at: str, *, required: bool) -> list[Any]:
        """A list; absent means empty unless required."""
        value = item.get(key, MISSING)
        if value is MISSING:
            if required:
                self.fail(f"{at}/{key}", "required", f"{key} is missing")
            return []
        if not isinstance(value, list):
            self.fail(f"{at}/{key}", "type", f"{key} must be a list")
            return []
        return value

    def objects(
        self, item: Mapping[str, Any], key: str, at: str, *, required: bool = False
    ) -> list[Mapping[str, Any]]:
        """A list of objects; an entry of another type is a fault and reads as empty."""
        out: list[Mapping[str, Any]] = []
        for i, value in enumerate(self.array(item, key, at, required=required)):
            if isinstance(value, Mapping):
                out.append(value)
            else:
                self.fail(f"{at}/{key}/{i}", "type", "an object is needed")
                out.append({})
        return out

    def integers(
        self, item: Mapping[str, Any], key: str, at: str, count: int, default: int, span: Range
    ) -> list[int]:
        """`count` integers; one integer stands for the same everywhere, absent for `default`."""
        value = item.get(key)
        if value is None:
            return [default] * count
        if type(value) is int:
            return [self.number(value, f"{at}/{key}", span)] * count
        if not isinstance(value, list) or len(value) != count:
            self.fail(f"{at}/{key}", "length", f"{key} must be an integer or {count} integers")
            return [default] * count
        return [self.number(v, f"{at}/{key}/{i}", span) for i, v in enumerate(value)]

    def code(self, value: object, pointer: str) -> bool:
        """The code of a filter."""
        good = isinstance(value, str) and value != "" and value.isprintable()
        if not good:
            detail = "the reason code is a non-empty string of printable characters"
            self.fail(pointer, "type", detail)
        return good

    def facts(self, value: object, pointer: str) -> bool:
        """An object of strings, integers, booleans, null, and lists and objects of them."""
        good = isinstance(value, Mapping) and _plain(value, 0)
        if not good:
            detail = "facts are an object of integers, booleans and strings"
            self.fail(pointer, "type", detail)
        return good


def _plain(value: object, depth: int) -> bool:
    if depth > DEEPEST:
        return False
    if isinstance(value, Mapping):
        return all(_plain(k, depth) and _plain(v, depth + 1) for k, v in value.items())
    if isinstance(value, list):
        return all(_plain(v, depth + 1) for v in value)
    if isinstance(value, str):
        # Half of a surrogate pair is no character, and no UTF-8 file can hold it.
        return not any("\ud800" <= x <= "\udfff" for x in value)
    return value is None or isinstance(value, int)


class Repeated(ValueError):
    """A key stands twice in one object: readers disagree about which of them counts."""

    def __init__(self, key: str, pointer: str) -> None:
        super().__init__(f"the key {key!r} stands twice in one object")
        self.pointer = f"{pointer}/{escape(key)}"


def read_text(text: str | bytes) -> Any:
    """The document of a JSON text; raises ValueError, RecursionError or `Repeated`."""
    twice: list[tuple[dict[str, Any], str]] = []

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [k for k, _ in pairs]
            twice.append((found, next(k for k in names if names.count(k) > 1)))
        return found

    document = json.loads(text, object_pairs_hook=made)
    if twice:
        raise Repeated(twice[0][1], _place(document, twice[0][0]) or "")
    return document


def _place(document: object, wanted: object) -> str | None:
    """The JSON pointer of an object of the document, or None."""
    todo: list[tuple[object, str]] = [(document, "")]
    while todo:
        value, at = todo.pop()
        if value is wanted:
            return at
        if isinstance(value, dict):
            todo.extend((v, f"{at}/{escape(k)}") for k, v in value.items())
        elif isinstance(value, list):
            todo.extend((v, f"{at}/{i}") for i, v in enumerate(value))
    return None


class Codes:
    """Named limits (clash capacities, day limits, budgets) and their indices."""

    def __init__(self) -> None:
        self.index: dict[str, int] = {}
        self.capacity: list[int] = []

    @staticmethod
    def read(r: Reader, document: Mapping[str, Any], key: str) -> Codes:
        """The object `key` of the document: name to limit."""
        codes = Codes()
        table = document.get(key, {})
        if not isinstance(table, Mapping):
            r.fail(f"/{key}", "type", f"{key} must be an object of name to limit")
            return codes
        for name, limit in table.items():
            at = f"/{key}/{escape(str(name))}"
            codes.index[r.name(name, at)] = len(codes.capacity)
            codes.capacity.append(r.number(limit, at, (0, 10**15)))
        return codes

    def code(self, r: Reader, item: Mapping[str, Any], key: str, at: str) -> int:
        """Index of the limit that `item[key]` names, or -1 when absent or null."""
        value = item.get(key)
        return NONE if value is None else self.lookup(r, value, f"{at}/{key}")

    def lookup(self, r: Reader, value: object, pointer: str) -> int:
        """Index of one named limit; a name without a limit is a fault, never a guess."""
        if isinstance(value, str) and value in self.index:
            return self.index[value]
        r.fail(pointer, "unknown_key", f"no limit is given for {value!r}")
        return NONE
