"""Days as people write them (10/10-10/11, 11/1): read, written, and what buttons do to them.

A school's own days are known as one line of text, which a teacher may write; the list with its
buttons and the two fields of a new span write the same line.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MOST_DAYS = 100
LONGEST_SPAN = 60
MOST_PARTS = 100
MONTHS = 12

_NUMBERS = re.compile(r"\d+")
_BETWEEN = re.compile(r"[,;\n]+")
_SPAN = re.compile(r"[~\-\N{EN DASH}]")
_STORED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:/(\d{4}-\d{2}-\d{2}))?")

Span = tuple[date, date]
"""The first and the last of days in a row."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days of a campaign, so that a day without a year is known."""

    first: date
    last: date


def parts(text: str) -> list[str]:
    """What stands between the commas of a line."""
    return [part.strip() for part in _BETWEEN.split(text) if part.strip()][:MOST_PARTS]


def day_in(text: str, window: Window) -> date | None:
    """The day that a text names, with or without its year; None if it names none."""
    numbers = [int(one) for one in _NUMBERS.findall(text)]
    try:
        if len(numbers) == 3:
            year, month, day = numbers
            return date(year if year > 99 else 2000 + year, month, day)
        if len(numbers) == 2:
            found = date(window.first.year, *numbers)
            later = found < window.first and window.last.year > window.first.year
            return date(window.last.year, *numbers) if later else found
    except ValueError:
        pass
    return None


def span_in(text: str, window: Window) -> Span | None:
    """First and last day of 10/10-10/11, 10/10-11 or 10/10."""
    numbers = _NUMBERS.findall(text)
    if _SPAN.search(text) and len(numbers) in (3, 4) and int(numbers[0]) <= MONTHS:
        first = day_in("/".join(numbers[:2]), window)
        end = (numbers[-2] if numbers[3:] else numbers[0], numbers[-1])
        last = day_in("/".join(end), window)
    else:
        first = last = day_in(text, window)
    if first is None or last is None or not 0 <= (last - first).days <= LONGEST_SPAN:
        return None
    return first, last


def read(text: str, window: Window) -> tuple[tuple[str, ...], list[str]]:
    """Each day of a line once, as 2024-10-10, and the parts that cannot be read."""
    found: dict[str, None] = {}
    unread = []
    for part in parts(text):
        span = span_in(part, window)
        if span is None:
            unread.append(part)
            continue
        found.update(dict.fromkeys(day.isoformat() for day in _days(*span)))
    return tuple(found), unread


def spans(days: Iterable[str]) -> list[Span]:
    """Stored days in their order, those in a row as one span. What is no day is left out."""
    found: list[Span] = []
    for day in sorted({day for text in days if (day := stored_day(text))}):
        if found and found[-1][1] + timedelta(days=1) == day:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def line_of(days: Iterable[str]) -> str:
    """Stored days as one line of text, as people write it in a field."""
    return ", ".join(
        _short(first) if first == last else f"{_short(first)}-{_short(last)}"
        for first, last in spans(days)
    )


def value_of(span: Span) -> str:
    """A span as the value of its button: 2024-10-10/2024-10-11."""
    return "/".join(day.isoformat() for day in span)


def without(text: str, value: str, window: Window) -> str:
    """The line without the days of a button's value. What cannot be read stays as it is."""
    there, unread = read(text, window)
    match = _STORED.fullmatch(value)
    first, last = (match[1], match[2] or match[1]) if match else ("", "")
    return ", ".join(
        one for one in (line_of(day for day in there if not first <= day <= last), *unread) if one
    )


def taken_in(text: str, first: str, last: str, window: Window) -> tuple[str, str | None]:
    """The line with the days between two fields of a form, and a code if they name none.

    One of the two may be empty: a single day. Days outside the window need not be named.
    """
    start, end = stored_day(first or last), stored_day(last or first)
    if start is None or end is None:
        return text, "date_unknown"
    if end < start:
        return text, "days_order"
    start, end = max(start, window.first), min(end, window.last)
    if end < start:
        return text, "own_outside"
    there, unread = read(text, window)
    new = [day.isoformat() for day in _days(start, end)]
    return ", ".join(one for one in (line_of((*there, *new)), *unread) if one), None


def stored_day(text: str) -> date | None:
    """The day of a stored text; None if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _short(day: date) -> str:
    return f"{day.month}/{day.day}"
