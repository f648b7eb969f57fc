"""From a table to groups: which column is which, and every fault with its row and column."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.errors import FieldError, Refused
from services.registration.codes import plain
from services.registration.imports.cells import Cell, Reader, Table, Unreadable
from services.registration.surveys.answers import Answers, Group
from services.registration.surveys.rules import Rules, faults

HEADER_WITHIN = 10
MOST_GROUPS = 60

_POINTER = re.compile(r"^/groups/(\d+)(/.*)$")
_RANKED = {"fields": "field", "dates": "date"}


@dataclass(frozen=True, slots=True)
class CellFault:
    """One thing to mend: the row as the sheet counts it (from 1) and the column's key."""

    row: int
    column: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_field(self) -> FieldError:
        """The fault as an error of a request."""
        return FieldError(f"/rows/{self.row}/{self.column}", self.code, dict(self.facts))


@dataclass(frozen=True, slots=True)
class Import:
    """What a table says. `rows` are the sheet's numbers of the groups' rows, in order."""

    groups: tuple[Group, ...]
    rows: tuple[int, ...]
    faults: tuple[CellFault, ...]
    ignored: tuple[str, ...]
    header: int
    places: Mapping[str, int]


def understood(table: Table, reader: Reader, rules: Rules) -> Import:
    """The groups of a table with all their faults. Raises Refused without a usable header."""
    header, places, ignored = _header(table, reader)
    groups: list[Group] = []
    rows: list[int] = []
    found: list[CellFault] = []
    for number in range(header + 1, len(table)):
        cells = {
            key: table[number][place]
            for key, place in places.items()
            if place < len(table[number]) and table[number][place] is not None
        }
        if not cells:
            continue
        if len(groups) == MOST_GROUPS:
            raise Refused("file_groups_many", most=MOST_GROUPS)
        group, wrong = _group(number + 1, cells, reader, rules)
        groups.append(group)
        rows.append(number + 1)
        found.extend(wrong)
    if not groups:
        raise Refused("file_without_groups")
    found.extend(_by_rules(groups, rows, found, rules))
    return Import(
        groups=tuple(groups),
        rows=tuple(rows),
        faults=tuple(sorted(found, key=lambda one: one.row)),
        ignored=ignored,
        header=header,
        places=places,
    )


def _header(table: Table, reader: Reader) -> tuple[int, dict[str, int], tuple[str, ...]]:
    """The header's row, the place of each column, and the titles that mean nothing to us."""
    columns = reader.columns
    best: tuple[int, dict[str, int]] = (0, {})
    for number, row in enumerate(table[:HEADER_WITHIN]):
        places: dict[str, int] = {}
        for place, cell in enumerate(row):
            key = columns.by_title.get(plain(str(cell or "")))
            if key is not None:
                places.setdefault(key, place)
        if len(places) > len(best[1]):
            best = (number, places)
    number, places = best
    missing = [key for key in columns.required if key not in places]
    if missing:
        titles = ", ".join(columns.title(key, reader.language) for key in missing)
        raise Refused("file_columns_missing", titles=titles, columns=missing)
    ignored = tuple(
        str(cell)[:40]
        for place, cell in enumerate(table[number])
        if cell is not None
        and place not in places.values()
        and plain(str(cell)) not in columns.error_titles
    )
    return number, places, ignored


def _group(
    row: int, cells: Mapping[str, Cell], reader: Reader, rules: Rules
) -> tuple[Group, list[CellFault]]:
    values: dict[str, Any] = {}
    found = []
    for column in reader.columns.all:
        cell = cells.get(column.key)
        if cell is None:
            continue
        try:
            values[column.key] = reader.read(column, cell)
        except Unreadable as wrong:
            found.append(CellFault(row, column.key, wrong.code, wrong.facts))
    for key, most in (("class_name", 60), ("remarks", 1000)):
        if len(values.get(key, "")) > most:
            found.append(CellFault(row, key, "cell_long", {"most": most}))
            values[key] = values[key][:most]
    if "level" not in cells and rules.level is not None:
        values["level"] = rules.level
    return _assembled(values), found


def _assembled(values: Mapping[str, Any]) -> Group:
    whole = {
        key: values[key]
        for key in (
            "level",
            "grade",
            "class_name",
            "people",
            "smallest",
            "first",
            "kinds",
            "place",
            "stops",
            "wants",
            "travel_limit",
            "weekdays",
            "blackout",
            "needs",
            "remarks",
        )
        if key in values
    }
    for name, prefix in _RANKED.items():
        ranked = [values[f"{prefix}{rank}"] for rank in (1, 2, 3) if f"{prefix}{rank}" in values]
        if ranked:
            whole[name] = ranked
    for key in ("bus", "lunch"):
        if key in values:
            whole[key] = values[key] == "yes"
    if "split_smallest" in values or "split_parts" in values:
        whole["split"] = {
            "smallest": values.get("split_smallest", 1),
            "parts": values.get("split_parts", 2),
        }
    return Group.model_validate(whole)


def _by_rules(
    groups: Sequence[Group], rows: Sequence[int], known: Sequence[CellFault], rules: Rules
) -> list[CellFault]:
    """The faults of the survey's own rules, each at its cell; a cell is blamed once."""
    blamed = {(one.row, one.column) for one in known}
    found = []
    # The groups have no ids yet; those of the survey are given when they are saved.
    named = tuple(
        group.model_copy(update={"id": f"{place:08x}-0000-4000-8000-000000000000"})
        for place, group in enumerate(groups)
    )
    for fault in faults(Answers(groups=named), rules):
        match = _POINTER.match(fault.pointer)
        if match is None:
            found.append(CellFault(rows[0], "people", fault.code, fault.facts))
            continue
        place = (rows[int(match[1])], _column(match[2]))
        if place not in blamed:
            blamed.add(place)
            found.append(CellFault(*place, fault.code, fault.facts))
    return found


def _column(pointer: str) -> str:
    """The column for a place inside a group."""
    parts = pointer.strip("/").split("/")
    name = parts[0]
    if name in _RANKED:
        rank = int(parts[1]) + 1 if len(parts) > 1 else 1
        return f"{_RANKED[name]}{rank}"
    if name == "split":
        return "split_parts" if parts[1:] == ["parts"] else "split_smallest"
    return name
