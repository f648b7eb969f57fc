"""What a single cell means: a number, a day, a code, or a fault that says what to write."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.registration.codes import Codes, plain
from services.registration.imports.columns import Column, Columns

Cell = str | int | float | None
Table = list[list[Cell]]

MOST_CODES = 20
MOST_DAYS = 100

_HOURS = re.compile(r"(\d{1,2}):(\d{2})")
_NUMBERS = re.compile(r"\d+")
_BETWEEN = re.compile(r"[,;/\n·]+")
_BETWEEN_DAYS = re.compile(r"[,;\n]+")


class Unreadable(Exception):
    """A cell that cannot be what its column asks for."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads cells. Days without a year belong to the window from `first` to `last`."""

    columns: Columns
    codes: Codes
    first: date
    last: date
    language: str

    def read(self, column: Column, cell: Cell) -> Any:
        """The meaning of a filled cell. Raises Unreadable."""
        text = str(cell).strip()
        match column.kind:
            case "count":
                return self._count(cell)
            case "code":
                return self._code(column, text)
            case "codes":
                return tuple(self._code(column, one) for one in _parts(text, _BETWEEN, MOST_CODES))
            case "choice":
                return self._choice(column, text)
            case "day":
                return self._wished(text)
            case "days":
                return tuple(self._day(one) for one in _parts(text, _BETWEEN_DAYS, MOST_DAYS))
            case "weekdays":
                return self._weekdays(text)
            case _:
                return text

    def _count(self, cell: Cell) -> int:
        if isinstance(cell, int):
            return cell
        text = str(cell).strip().replace(",", "")
        for unit in self.columns.units:
            text = text.removesuffix(unit).strip()
        if not re.fullmatch(r"-?\d{1,4}", text):
            raise Unreadable("cell_number", value=_short(cell))
        return int(text)

    def _code(self, column: Column, text: str) -> str:
        # Levels with a grade in the same cell ("중2") are not guessed at: the grade has a column.
        code = self.codes.read(column.list or "", text)
        if code is None:
            raise Unreadable("cell_code", value=_short(text))
        return code

    def _choice(self, column: Column, text: str) -> str:
        meaning = self.columns.words[column.list or ""].get(plain(text) or text)
        if meaning is None:
            offered = self.columns.choices[column.list or ""]
            raise Unreadable(
                "cell_choice",
                value=_short(text),
                words=", ".join(row[self.language][0] for row in offered.values()),
            )
        return meaning

    def _wished(self, text: str) -> dict[str, str | None]:
        hours = [f"{int(hour):02d}:{minute}" for hour, minute in _HOURS.findall(text)]
        day = self._day(_HOURS.sub(" ", text))
        start, end = [*hours, None, None][:2]
        return {"date": day, "from": start, "to": end}

    def _day(self, text: str) -> str:
        numbers = [int(number) for number in _NUMBERS.findall(text)]
        try:
            if len(numbers) == 3:
                year, month, day = numbers
                return date(year if year > 99 else 2000 + year, month, day).isoformat()
            if len(numbers) == 2:
                return self._of_window(*numbers).isoformat()
        except ValueError:
            pass
        raise Unreadable("cell_day", value=_short(text), example=self.first)

    def _of_window(self, month: int, day: int) -> date:
        found = date(self.first.year, month, day)
        if found < self.first and self.last.year > self.first.year:
            return date(self.last.year, month, day)
        return found

    def _weekdays(self, text: str) -> tuple[int, ...]:
        known = self.columns.weekdays
        whole = [known.get(plain(part)) for part in _parts(text, _BETWEEN, MOST_CODES)]
        if None in whole:
            whole = [known.get(plain(letter)) for letter in plain(text)]
        found = sorted({number for number in whole if number is not None})
        if None in whole or not found:
            raise Unreadable("cell_weekdays", value=_short(text))
        return tuple(found)


def _parts(text: str, between: re.Pattern[str], most: int) -> list[str]:
    found = [part.strip() for part in between.split(text) if part.strip()]
    if len(found) > most:
        raise Unreadable("cell_many", most=most)
    return found


def _short(value: Cell) -> str:
    text = str(value).strip()
    return text if len(text) <= 20 else f"{text[:19]}…"
