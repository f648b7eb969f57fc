"""Which free seats one group could have, and what taking them would cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.placement.bookings.shape import Seat

HOLD = timedelta(minutes=30)
"""How long seats are kept while a school decides."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A visit that the group could make: its seats in order, its rank by the published rule."""

    seats: tuple[Seat, ...]
    rank: int
    people: int
    free: int
    asked: bool
    """Whether a host has to be asked; else all of it lies within terms accepted beforehand."""

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sessions of the visit in order."""
        return tuple(seat.session for seat in self.seats)

    @property
    def start(self) -> datetime:
        """When the first stop begins."""
        return self.seats[0].start


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A visit that the group could make if others moved; `known` is False where time ran out."""

    seats: tuple[Seat, ...]
    rank: int
    groups: int
    """How many others would move, each to another of its own wishes."""
    people: int
    known: bool = True

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sessions of the visit in order."""
        return tuple(seat.session for seat in self.seats)


def choice(
    seats: Sequence[Seat],
    rank: int,
    people: int,
    grade: int | None,
    free: Mapping[str, int],
    running: Mapping[str, bool],
) -> Choice | None:
    """The visit as a choice, if every stop has room for the whole group and would take place."""
    room = min(free[seat.session] for seat in seats)
    if room < people:
        return None
    if any(people < seat.minimum and not running[seat.session] for seat in seats):
        return None
    asked = not all(seat.preaccepts(people, grade) for seat in seats)
    return Choice(tuple(seats), rank, people, room, asked)


def clear_of(seats: Sequence[Seat], busy: Mapping[str, Sequence[Mapping[str, object]]]) -> bool:
    """Whether no team of the visit is somewhere else at that time."""
    for seat in seats:
        for entry in busy.get(seat.team or "", ()):
            start, end = entry["start"], entry["end"]
            other = entry["session"] != seat.session
            if (
                other
                and isinstance(start, datetime)
                and isinstance(end, datetime)
                and start < seat.end
                and end > seat.start
            ):
                return False
    return True
