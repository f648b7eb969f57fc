"""The supply gap (수급 현황): what schools ask for against the seats that hosts offer. Pure.

A group counts with its people for the fields it ranks first (as many as it wants stops), in the
week of its first wished day; a person for the field and week of the first wished session.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.placement.demands.wished import Group, Session

Level = Literal["ample", "normal", "short"]
AMPLE_BELOW = 45
NORMAL_UP_TO = 100
#: A public figure that fewer schools than this stand behind is left out.
FEWEST_SCHOOLS = 3

Cell = tuple[str, date | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One field in one week (or over all weeks, or without a wished day): people and seats."""

    field: str
    week: date | None
    demand: int | None
    seats: int
    sessions: int
    percent: int | None
    level: Level


@dataclass(frozen=True, slots=True)
class Supply:
    """The gap by field and by field and week; `undated` is demand that named no day."""

    fields: tuple[Row, ...]
    weeks: tuple[Row, ...]
    undated: tuple[Row, ...]
    demand: int
    seats: int


def level(demand: int, seats: int) -> Level:
    """여유 below 45 % of the seats, 보통 up to 100 %, 부족 above."""
    if demand * 100 < AMPLE_BELOW * seats:
        return "ample"
    if demand * 100 <= NORMAL_UP_TO * seats:
        return "normal"
    return "short"


def week_of(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def supply(
    demands: Iterable[tuple[str, Group]], sessions: Iterable[Session], public: bool
) -> Supply:
    """The gap from (school, group) pairs and the sessions on offer.

    `public`: figures behind which fewer than three schools stand are left out; their level stays,
    so that a host still sees what is wanted.
    """
    offered = [s for s in sessions if s.open]
    by_id = {s.id: s for s in offered}
    people: dict[Cell, int] = defaultdict(int)
    schools: dict[Cell, set[str]] = defaultdict(set)
    for school, group in demands:
        for field, week in _wanted(group, by_id):
            for cell in {(field, week), (field, date.min)}:
                people[cell] += group.people * group.wants
                schools[cell].add(school)
    seats: dict[Cell, int] = defaultdict(int)
    count: dict[Cell, int] = defaultdict(int)
    for s in offered:
        for cell in ((s.offer.field, week_of(s.day)), (s.offer.field, date.min)):
            seats[cell] += s.maximum
            count[cell] += 1

    def row(cell: Cell) -> Row:
        field, week = cell
        hidden = public and 0 < len(schools.get(cell, ())) < FEWEST_SCHOOLS
        wanted, there = people.get(cell, 0), seats.get(cell, 0)
        return Row(
            field=field,
            week=None if week == date.min else week,
            demand=None if hidden else wanted,
            seats=there,
            sessions=count.get(cell, 0),
            percent=None if hidden or not there else wanted * 100 // there,
            level=level(wanted, there),
        )

    cells = sorted({*people, *seats}, key=lambda cell: (cell[0], cell[1] or date.max))
    total = sum(n for (_, week), n in people.items() if week == date.min)
    return Supply(
        fields=tuple(row(cell) for cell in cells if cell[1] == date.min),
        weeks=tuple(row(cell) for cell in cells if cell[1] not in (None, date.min)),
        undated=tuple(row(cell) for cell in cells if cell[1] is None),
        demand=total,
        seats=sum(n for (_, week), n in seats.items() if week == date.min),
    )


def _wanted(group: Group, sessions: Mapping[str, Session]) -> list[Cell]:
    """The fields and the week that a group counts for, one for each stop."""
    if group.alone:
        first = next((sessions[e[0]] for e in group.order if e[0] in sessions), None)
        return [] if first is None else [(first.offer.field, week_of(first.day))]
    week = week_of(group.dates[0].day) if group.dates else None
    fields = group.fields[: group.stops] or ()
    missing = group.stops - len(fields)
    return [(field, week) for field in (*fields, *([group.fields[0]] * missing if fields else ()))]
