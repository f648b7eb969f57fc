"""The campaign's days as months of weeks: what is offered, what is closed and what it is called."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the calendar.

    `kind`: `open` (sessions are offered), `own` (the school's own blackout), `holiday` (closed to
    all), `plain` (nothing is offered). `rank` is the day's place among the wishes, from 1.
    """

    day: date
    kind: str
    note: str = ""
    sessions: int = 0
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """A month of weeks; a week has one cell for each weekday of the calendar, or None."""

    first: date
    weeks: tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The months, and the weekdays (1 is Monday) that have a column."""

    months: tuple[Month, ...]
    weekdays: tuple[int, ...]


def calendar(
    days: Mapping[date, int],
    closed: Mapping[date, str],
    own: Collection[date],
    ranked: Sequence[date],
) -> Calendar:
    """The calendar of `days` with the number of their sessions.

    `closed` names the days on which nobody comes; a weekend has columns only if it has sessions
    or a wish.
    """
    late = [d for d in days if d.isoweekday() >= SATURDAY and (days[d] or d in ranked)]
    last = max((d.isoweekday() for d in late), default=SATURDAY - 1)
    weekdays = tuple(range(1, last + 1))
    months = []
    for first in sorted({day.replace(day=1) for day in days}):
        weeks = []
        for monday in _mondays(first):
            row = [monday + timedelta(days=n - 1) for n in weekdays]
            inside = [
                _cell(day, days, closed, own, ranked)
                if day in days and day.month == first.month
                else None
                for day in row
            ]
            if any(inside):
                weeks.append(tuple(inside))
        months.append(Month(first, tuple(weeks)))
    return Calendar(tuple(months), weekdays)


def _mondays(first: date) -> list[date]:
    start = first - timedelta(days=first.weekday())
    return [start + timedelta(weeks=n) for n in range(6)]


def _cell(
    day: date,
    days: Mapping[date, int],
    closed: Mapping[date, str],
    own: Collection[date],
    ranked: Sequence[date],
) -> Cell:
    rank = ranked.index(day) + 1 if day in ranked else None
    if day in closed:
        return Cell(day, "holiday", closed[day], 0, rank)
    if day in own:
        return Cell(day, "own", "", days[day], rank)
    return Cell(day, "open" if days[day] or rank else "plain", "", days[day], rank)
