"""The columns of the sheet of groups, read once from `columns.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.registration.codes import plain


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its cells are read and how it is called in each language."""

    key: str
    kind: str
    width: int
    titles: Mapping[str, str]
    list: str | None


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns in order, and the words by which cells choose."""

    all: tuple[Column, ...]
    required: tuple[str, ...]
    by_title: Mapping[str, str]
    errors: Mapping[str, str]
    error_titles: frozenset[str]
    sheet: Mapping[str, str]
    choices: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]]
    words: Mapping[str, Mapping[str, str]]
    weekdays: Mapping[str, int]
    units: tuple[str, ...]

    def title(self, key: str, language: str) -> str:
        """What a column is called."""
        return next(column.titles[language] for column in self.all if column.key == key)


@cache
def columns() -> Columns:
    """The columns, read once per process."""
    found = yaml.safe_load((Path(__file__).parent / "columns.yaml").read_text())
    all = tuple(
        Column(
            key=row["key"],
            kind=row["kind"],
            width=row["width"],
            titles={"ko": row["ko"], "en": row["en"]},
            list=row.get("list"),
        )
        for row in found["columns"]
    )
    by_title = {
        plain(title): row["key"]
        for row in found["columns"]
        for title in (row["ko"], row["en"], *row.get("also", ()))
    }
    errors = found["errors"]
    return Columns(
        all=all,
        required=tuple(found["required"]),
        by_title=by_title,
        errors={"ko": errors["ko"], "en": errors["en"]},
        error_titles=frozenset(plain(one) for one in (errors["ko"], errors["en"], *errors["also"])),
        sheet=found["sheet"],
        choices=found["choices"],
        words={name: _words(rows) for name, rows in found["choices"].items()},
        weekdays={
            plain(word): number for number, words in found["weekdays"].items() for word in words
        },
        units=tuple(sorted(found["units"], key=len, reverse=True)),
    )


def _words(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {
        plain(word): meaning
        for meaning, languages in rows.items()
        for word in (meaning, *languages["ko"], *languages["en"])
    }
