"""The words in which the rule from wishes to ranks speaks: plain values, nothing else.

Times are minutes since 1970-01-01T00:00Z, as in the market file; days and hours of the day are
those of Asia/Seoul, since schools wish for days as they see them on their own calendar.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from chassis.facts import KST, moment

Facts = dict[str, Any]
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Offered:
    """What an offer says about all of its sessions."""

    id: str
    host: str
    team: str | None
    field: str
    kind: str
    levels: frozenset[str]
    grades: frozenset[int]
    setting: str
    place_code: str
    accessible: frozenset[str]
    minimum: int
    maximum: int
    lead_days: int
    travel_minutes: Mapping[str, int]
    hazards: frozenset[str] = frozenset()

    @property
    def place_of_work(self) -> str:
        """Who receives the group: the team, or the offer itself where no team is named."""
        return self.team or self.id


@dataclass(frozen=True, slots=True)
class Session:
    """One session: when, how many seats, and whether it can still be asked for."""

    id: str
    offer: Offered
    start: int
    end: int
    day: date
    begins: int
    ends: int
    minimum: int
    maximum: int
    open: bool = True

    @staticmethod
    def at(
        id: str,
        offer: Offered,
        start: datetime,
        end: datetime,
        minimum: int,
        maximum: int,
        open: bool = True,
    ) -> "Session":
        """A session from its aware start and end."""
        first, last = start.astimezone(KST), end.astimezone(KST)
        begins = first.hour * 60 + first.minute
        length = int((end - start) // timedelta(minutes=1))
        return Session(
            id=id,
            offer=offer,
            start=minutes(start),
            end=minutes(end),
            day=first.date(),
            begins=begins,
            ends=begins + length,
            minimum=minimum,
            maximum=maximum,
            open=open and last > first,
        )


@dataclass(frozen=True, slots=True)
class DateWish:
    """A wished day, with the hours of that day in minutes where the group named them."""

    day: date
    begins: int | None = None
    ends: int | None = None

    def holds(self, session: Session) -> bool:
        """Whether the whole session lies on that day and within those hours."""
        return (
            session.day == self.day
            and (self.begins is None or session.begins >= self.begins)
            and (self.ends is None or session.ends <= self.ends)
        )


@dataclass(frozen=True, slots=True)
class Split:
    """A group that may be divided: the smallest part and the most parts."""

    smallest: int
    parts: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a survey with its wishes, its access needs and its school's district.

    `alone`: one person of an individual application, to whom an offer's group size says nothing.
    """

    id: str
    level: str
    grade: int | None
    people: int
    fields: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    dates: tuple[DateWish, ...] = ()
    first: str = "field"
    stops: int = 1
    place: str | None = None
    travel_limit: int | None = None
    smallest: int | None = None
    split: Split | None = None
    blackout: frozenset[date] = frozenset()
    weekdays: frozenset[int] = frozenset()
    wants: int = 1
    order: tuple[tuple[str, ...], ...] = ()
    needs: frozenset[str] = frozenset()
    district: str | None = None
    alone: bool = False

    @property
    def fewest(self) -> int:
        """The smallest head-count that the group accepts in one session."""
        if self.split is not None:
            return self.split.smallest
        return self.people if self.smallest is None else min(self.smallest, self.people)


@dataclass(frozen=True, slots=True)
class Frame:
    """The campaign's window, its unusable dates, and the day from which a host's notice counts."""

    first: date
    last: date
    notice_from: date
    unusable: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One place in an order: a session, or the stops of a visit, with the way between them.

    `key` is None where the group ordered by itself.
    """

    sessions: tuple[str, ...]
    rank: int
    key: Key | None = None
    travel: tuple[int, ...] = ()


class Excluded(NamedTuple):
    """A session that cannot be placed for this group: one code and the facts behind it.

    A campaign makes a million of these, hence the plainest type.
    """

    session: str
    code: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Order:
    """The result: entries best first, and every other session with its reason."""

    version: int
    entries: tuple[Entry, ...]
    excluded: tuple[Excluded, ...]


def minutes(at: datetime) -> int:
    """Whole minutes since the epoch."""
    return int(at.timestamp()) // 60


def hour(text: str | None) -> int | None:
    """Minutes after midnight of "HH:MM"."""
    if text is None:
        return None
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


def offered(id: str, data: Mapping[str, Any]) -> Offered:
    """An offer as its event (or its aggregate) describes it."""
    return Offered(
        id=id,
        host=data["host"],
        team=data.get("team"),
        field=data["field"],
        kind=data["kind"],
        levels=frozenset(data.get("levels", ())),
        grades=frozenset(data.get("grades", ())),
        setting=data.get("setting", "on_site"),
        place_code=data["place_code"],
        accessible=frozenset(data.get("accessible", ())),
        minimum=data["minimum"],
        maximum=data["maximum"],
        lead_days=data.get("lead_days", 0),
        travel_minutes=data.get("travel_minutes", {}),
        hazards=frozenset(data.get("hazards", ())),
    )


def sessions(id: str, data: Mapping[str, Any]) -> list[Session]:
    """The sessions of an offer as its event describes them."""
    offer = offered(id, data)
    return [
        Session.at(
            row["id"],
            offer,
            moment(row["start"]),
            moment(row["end"]),
            row["minimum"],
            row["maximum"],
            row.get("status", "open") == "open",
        )
        for row in data["sessions"]
    ]


def group(
    data: Mapping[str, Any], needs: frozenset[str] = frozenset(), district: str | None = None
) -> Group:
    """A group as `survey.submitted` describes it, with what other topics say about it."""
    split = data.get("split")
    return Group(
        id=data["id"],
        level=data["level"],
        grade=data.get("grade"),
        people=data["people"],
        fields=tuple(data.get("fields", ())),
        kinds=frozenset(data.get("kinds", ())),
        dates=tuple(
            DateWish(date.fromisoformat(d["date"]), hour(d.get("from")), hour(d.get("to")))
            for d in data.get("dates", ())
        ),
        first=data.get("first", "field"),
        stops=data.get("stops", 1),
        place=data.get("place"),
        travel_limit=data.get("travel_limit"),
        smallest=data.get("smallest"),
        split=None if split is None else Split(split["smallest"], split["parts"]),
        blackout=frozenset(date.fromisoformat(d) for d in data.get("blackout", ())),
        weekdays=frozenset(data.get("weekdays", ())),
        wants=data.get("wants", 1),
        order=tuple(tuple(entry) for entry in data.get("order", ())),
        needs=needs,
        district=district,
    )


def person(data: Mapping[str, Any], id: str, district: str | None = None) -> Group:
    """One applicant as `application.submitted` describes it: ranked sessions, nothing else."""
    return Group(
        id=id,
        level=data["level"],
        grade=data.get("grade"),
        people=1,
        order=tuple((session,) for session in data["wishes"]),
        district=district,
        alone=True,
    )


def frame(campaign: Mapping[str, Any]) -> Frame:
    """The frame of a campaign as its events describe it.

    A host's notice is counted from the survey's deadline: the first day on which anybody can
    know who will come.
    """
    window = campaign["window"]
    return Frame(
        first=date.fromisoformat(window["first"]),
        last=date.fromisoformat(window["last"]),
        notice_from=moment(campaign["deadline"]).astimezone(KST).date(),
        unusable=frozenset(date.fromisoformat(d) for d in campaign.get("unusable_dates", ())),
    )
