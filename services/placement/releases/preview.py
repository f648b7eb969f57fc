"""What a release would tell whom, before anything is sent."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.documents import Stored
from services.placement.organisations import operations as organisations
from services.placement.placements import operations as placements
from services.placement.runs import inputs
from services.placement.runs import operations as runs
from services.placement.runs.model import Run, Stage

BATCH = 500


@dataclass(slots=True)
class ToHost:
    """What one host hears: visits that it is asked for, and visits within its own terms."""

    host: str
    name: str = ""
    asked: int = 0
    preaccepted: int = 0
    people: int = 0
    first: datetime | None = None

    @property
    def visits(self) -> int:
        """All visits."""
        return self.asked + self.preaccepted


@dataclass(slots=True)
class ToSchool:
    """What one school hears of its groups or persons."""

    school: str
    name: str = ""
    offered: int = 0
    people: int = 0
    waitlisted: int = 0
    not_selected: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """Everybody who would be told, by name."""

    stage: Stage
    hosts: tuple[ToHost, ...] = ()
    schools: tuple[ToSchool, ...] = ()

    def total(self, name: str) -> int:
        """The sum of one figure over all."""
        return sum(getattr(row, name) for row in (*self.hosts, *self.schools))


def preview(act: Act, run: Stored[Run], stage: Stage) -> Preview:
    """Whom the release tells what, as things stand now."""
    return _hosts(act, run) if stage == "hosts" else _schools(act, run)


def _hosts(act: Act, run: Stored[Run]) -> Preview:
    seats = inputs.seats(act, run.state.campaign)
    found: dict[str, ToHost] = {}
    rosters: dict[str, int] = defaultdict(int)
    for row in _rows(act, run.id, ("placed",)):
        for part in row["parts"]:
            for session in part["sessions"]:
                if row["kind"] == "person":
                    rosters[session] += part["people"]
                elif session in seats:
                    seat = seats[session]
                    within = seat.preaccepts(part["people"], row["grade"])
                    _visit(found, seat.host, part["people"], within, seat.start)
    for session, people in rosters.items():
        seat = seats[session]
        _visit(found, seat.host, people, seat.preaccepts(people, None), seat.start)
    names = organisations.names(act, found)
    for host, one in found.items():
        one.name = names.get(host, "")
    return Preview("hosts", hosts=tuple(sorted(found.values(), key=lambda one: one.name)))


def _visit(
    found: dict[str, ToHost], host: str, people: int, preaccepted: bool, start: datetime
) -> None:
    one = found.setdefault(host, ToHost(host))
    one.people += people
    one.first = start if one.first is None else min(one.first, start)
    if preaccepted:
        one.preaccepted += 1
    else:
        one.asked += 1


def _schools(act: Act, run: Stored[Run]) -> Preview:
    found: dict[str, ToSchool] = {}
    seated = placements.seated(act, run.id)
    for placed in seated:
        one = found.setdefault(placed.state.school, ToSchool(placed.state.school))
        one.offered += 1
        one.people += placed.state.people
    for state in ("waitlisted", "not_selected"):
        for row in _rows(act, run.id, (state,)):
            one = found.setdefault(row["school"], ToSchool(row["school"]))
            setattr(one, state, getattr(one, state) + 1)
    names = organisations.names(act, found)
    for school, one in found.items():
        one.name = names.get(school, "")
    return Preview("schools", schools=tuple(sorted(found.values(), key=lambda one: one.name)))


def _rows(act: Act, run: str, states: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    after = -1
    while rows := runs.results(act, run, after, BATCH, states):
        yield from rows
        after = rows[-1]["number"]
