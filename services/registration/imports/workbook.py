"""Workbooks for people: an empty template with dropdowns, and a sheet given back with its faults.

Every text is written as text, never as a formula, whatever it begins with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

from services.registration.codes import Codes
from services.registration.imports.cells import Cell, Table
from services.registration.imports.columns import Column, Columns
from services.registration.imports.reading import MOST_COLUMNS

VERSION = 1
ROWS = 60
MOST_PEOPLE = 400


@dataclass(frozen=True, slots=True)
class Look:
    """In which words a workbook is written, and what the campaign offers."""

    columns: Columns
    codes: Codes
    language: str
    fields: Sequence[str]
    first: date
    last: date
    campaign: str


def template(look: Look, hints: Mapping[str, str]) -> bytes:
    """An empty sheet: header locked, a dropdown where a cell chooses, a hint on every title."""
    with _Book(look) as book:
        for place, column in enumerate(look.columns.all):
            book.title(place, column, hints.get(column.key))
            book.choices(place, column, 1, ROWS)
    return book.content()


def marked(
    look: Look, table: Table, header: int, places: Mapping[str, int], said: Mapping[int, str]
) -> bytes:
    """The sheet as it came, with a leading column that says what to mend in each row.

    `said` is by the sheet's row number (from 1). The file may be mended and sent as it is.
    """
    columns = {place: key for key, place in places.items()}
    by_key = {column.key: column for column in look.columns.all}
    with _Book(look) as book:
        book.widths[0] = 50
        book.header = header
        book.write(header, 0, look.columns.errors[look.language], book.head)
        for number, row in enumerate(table):
            if number + 1 in said:
                book.write(number, 0, said[number + 1], book.bad)
            for place, cell in enumerate(row):
                style = book.head if number == header else book.open
                book.write(number, place + 1, cell, style)
        for place, key in columns.items():
            book.widths[place + 1] = by_key[key].width
            book.choices(place + 1, by_key[key], header + 1, max(len(table), ROWS))
    return book.content()


class _Book:
    """One workbook: the visible sheet, the lists behind its dropdowns, and its version."""

    def __init__(self, look: Look) -> None:
        # Imported when it is needed: most roles of the worker never write a workbook.
        import xlsxwriter
        from xlsxwriter.utility import xl_col_to_name

        self._letter = xl_col_to_name
        self.look = look
        self._bytes = BytesIO()
        self._book = xlsxwriter.Workbook(self._bytes, {"in_memory": True})
        self.sheet = self._book.add_worksheet(look.columns.sheet[look.language])
        self.head = self._book.add_format(
            {"bold": True, "locked": True, "bottom": 2, "text_wrap": True, "valign": "top"}
        )
        self.open = self._book.add_format({"locked": False})
        self.bad = self._book.add_format({"locked": False, "text_wrap": True, "valign": "top"})
        self._lists = self._book.add_worksheet("_codes")
        self._lists.hide()
        self._used = 0
        self.widths: dict[int, int] = {}
        self.header = 0

    def __enter__(self) -> "_Book":
        meta = self._book.add_worksheet("_meta")
        meta.hide()
        meta.write_string(0, 0, "ieum.groups")
        meta.write_number(0, 1, VERSION)
        meta.write_string(0, 2, self.look.campaign)
        return self

    def __exit__(self, *failed: object) -> None:
        self.sheet.set_column(0, MOST_COLUMNS, None, self.open)
        for place, width in self.widths.items():
            self.sheet.set_column(place, place, width, self.open)
        self.sheet.freeze_panes(self.header + 1, 0)
        self.sheet.protect("", {"format_columns": True, "format_rows": True, "sort": True})
        self._book.close()

    def content(self) -> bytes:
        """The finished file."""
        return self._bytes.getvalue()

    def title(self, place: int, column: Column, hint: str | None) -> None:
        """A header cell with its hint."""
        self.widths[place] = column.width
        self.write(0, place, column.titles[self.look.language], self.head)
        if hint:
            self.sheet.write_comment(0, place, hint)

    def write(self, row: int, place: int, cell: Cell, style: Any) -> None:
        """A cell as text or as a number."""
        if cell is None:
            self.sheet.write_blank(row, place, None, style)
        elif isinstance(cell, str):
            self.sheet.write_string(row, place, cell, style)
        else:
            self.sheet.write_number(row, place, cell, style)

    def choices(self, place: int, column: Column, first: int, last: int) -> None:
        """What the cells of a column accept: one of a list, a number, or anything."""
        offered = self._offered(column)
        if offered and column.kind in ("code", "choice"):
            for row, word in enumerate(offered):
                self._lists.write_string(row, self._used, word)
            letter = self._letter(self._used, col_abs=True)
            self._used += 1
            source = f"=_codes!{letter}$1:{letter}${len(offered)}"
            # A synonym is welcome too, so the list advises and does not forbid.
            rule: dict[str, Any] = {
                "validate": "list",
                "source": source,
                "error_type": "information",
            }
            self.sheet.data_validation(first, place, last, place, rule)
        elif column.key == "people":
            rule = {
                "validate": "integer",
                "criteria": "between",
                "minimum": 1,
                "maximum": MOST_PEOPLE,
            }
            self.sheet.data_validation(first, place, last, place, rule)

    def _offered(self, column: Column) -> list[str]:
        language = self.look.language
        if column.kind == "choice":
            rows = self.look.columns.choices[column.list or ""]
            return [words[language][0] for words in rows.values()]
        names: Mapping[str, Mapping[str, str]] = getattr(self.look.codes, column.list or "", {})
        allowed = self.look.fields if column.list == "fields" else ()
        return [row[language] for code, row in names.items() if not allowed or code in allowed]
