"""What a school answers: groups with head-counts and wishes, as a draft that may be unfinished.

The same model holds the draft and what was submitted. Its types are loose on purpose (a draft may
lack anything); `rules.py` says what is missing before it can be submitted. Dates are written
`YYYY-MM-DD`, times of day `HH:MM` (Asia/Seoul), head-counts are persons.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Day = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{4}-\d{2}-\d{2}$")]
Clock = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{2}:\d{2}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
OwnId = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
Count = Annotated[int, Field(ge=-9999, le=9999)]

SCHOOL_DAYS = (1, 2, 3, 4, 5)
"""Monday to Friday as ISO weekdays: when groups travel unless they say otherwise."""


class Part(BaseModel):
    """Base of the parts of an answer: frozen, and closed so that a mistyped name is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WishedDate(Part):
    """A day the group would like to come, with the hours it can be away (both optional)."""

    date: Day
    start: Clock | None = Field(default=None, alias="from")
    end: Clock | None = Field(default=None, alias="to")

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )


class Split(Part):
    """How a group may be divided: the fewest persons in a part, and the most parts."""

    smallest: Count
    parts: Count


class Group(Part):
    """Students who travel together. Head-counts only: no name of a student is asked for."""

    id: OwnId = ""
    level: Code | None = None
    grade: Count | None = None
    class_name: Name = ""
    people: Count | None = None
    smallest: Count | None = None
    split: Split | None = None
    needs: tuple[Code, ...] = Field(default=(), max_length=20)
    fields: tuple[Code, ...] = Field(default=(), max_length=20)
    kinds: tuple[Code, ...] = Field(default=(), max_length=20)
    dates: tuple[WishedDate, ...] = Field(default=(), max_length=20)
    first: Literal["field", "date"] = "field"
    stops: Count = 1
    wants: Count = 1
    place: Literal["on_site", "in_school"] = "on_site"
    travel_limit: Count | None = None
    bus: bool = False
    lunch: bool = False
    blackout: tuple[Day, ...] = Field(default=(), max_length=100)
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(
        default=SCHOOL_DAYS, max_length=7
    )
    remarks: Words = ""
    order: tuple[tuple[Id, ...], ...] = Field(default=(), max_length=100)

    def fact(self) -> dict[str, Any]:
        """The group as events carry it: ids, codes, dates and numbers, and no words.

        Only meaningful for a group that passed the rules. Access needs travel apart, sealed.
        """
        return {
            "id": self.id,
            "level": self.level,
            "grade": self.grade,
            "people": self.people,
            "fields": list(self.fields),
            "kinds": list(self.kinds),
            "dates": [{"date": day.date, "from": day.start, "to": day.end} for day in self.dates],
            "first": self.first,
            "stops": self.stops,
            "place": self.place,
            "travel_limit": self.travel_limit,
            "bus": self.bus,
            "lunch": self.lunch,
            "smallest": self.people if self.smallest is None else self.smallest,
            "split": self.split.model_dump() if self.split else None,
            "blackout": sorted(set(self.blackout)),
            "weekdays": sorted(set(self.weekdays)),
            "wants": self.wants,
            "order": [list(entry) for entry in self.order],
        }


class Answers(Part):
    """All that one school answers in one campaign."""

    groups: tuple[Group, ...] = Field(default=(), max_length=60)
    remarks: Words = ""

    def without_words(self) -> "Answers":
        """The answers for readers who need numbers only (a supervising office)."""
        bare = {"class_name": "", "remarks": ""}
        return Answers(groups=tuple(group.model_copy(update=bare) for group in self.groups))

    def as_template(self) -> "Answers":
        """The groups without what belonged to one campaign: ids, days, order and remarks."""
        past: dict[str, Any] = {"id": "", "dates": (), "blackout": (), "order": (), "remarks": ""}
        return Answers(groups=tuple(group.model_copy(update=past) for group in self.groups))

    def people(self) -> int:
        """Head-count over all groups; a group without a number counts as none."""
        return sum(group.people or 0 for group in self.groups)


def with_ids(answers: Answers, known: Answers, fresh: Iterable[str]) -> Answers:
    """The answers with an id for every group.

    A caller that sends no ids at all (a simple client, a file) keeps the known ids by position,
    so that saving the same draft again changes nothing. Otherwise a group without an id is new.
    """
    ids = iter(fresh)
    if any(group.id for group in answers.groups):
        given = [group.id or next(ids) for group in answers.groups]
    else:
        kept = [group.id for group in known.groups]
        given = [
            kept[place] if place < len(kept) else next(ids) for place in range(len(answers.groups))
        ]
    groups = tuple(
        group.model_copy(update={"id": id}) for group, id in zip(answers.groups, given, strict=True)
    )
    return answers.model_copy(update={"groups": groups})
