"""Who fits a seat that is free: the first of the published order for whom a wish can be granted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Room:
    """What is free of a session, and from how many people on it takes place."""

    free: int
    minimum: int
    running: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """The wish that can be granted now: its sessions, its rank, and how many people."""

    sessions: tuple[str, ...]
    rank: int
    people: int


def first_fit(
    wishes: Sequence[Mapping[str, Any]],
    people: int,
    smallest: int,
    freed: frozenset[str],
    rooms: Mapping[str, Room],
) -> Fit | None:
    """The best ranked wish with a freed session whose every stop has room for the whole group.

    A group that accepts fewer (`smallest`) comes with as many as there are seats.
    """
    for wish in sorted(wishes, key=lambda wish: int(wish["rank"])):
        stops = tuple(wish["stops"])
        if not freed.intersection(stops) or any(stop not in rooms for stop in stops):
            continue
        size = min(people, *(rooms[stop].free for stop in stops))
        if size < smallest or size < 1:
            continue
        if all(rooms[stop].running or size >= rooms[stop].minimum for stop in stops):
            return Fit(stops, int(wish["rank"]), size)
    return None
