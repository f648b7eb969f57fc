"""What an offer says: everything that a host fills in, and the rules of its shape.

Free text (title, place, meeting point, team's name, telephone) stays in this service; events
carry codes, and the text travels only in the sealed label for notifications.
"""

import re
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from chassis.errors import FieldError

DAY = r"^\d{4}-\d{2}-\d{2}$"
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
CODE = r"^[a-z][a-z0-9_]{0,39}$"
DISTRICT = r"^[0-9A-Za-z]{2,10}$"

ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
YEARS = range(2000, 2101)

T = TypeVar("T")


def _of_our_time(moment: datetime) -> datetime:
    """A moment that every calendar can turn into Seoul's time."""
    if moment.year not in YEARS:
        raise ValueError(f"the year is between {YEARS[0]} and {YEARS[-1]}")
    return moment


def _once(values: list[T]) -> list[T]:
    """Each value once, in the order of its first mention: naming one twice says nothing more."""
    return list(dict.fromkeys(values))


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
Setting = Literal["on_site", "in_school", "both"]
Hazard = Literal[
    "incineration_plant", "machinery", "heights", "water", "chemicals", "heat", "traffic", "animals"
]
LONGEST_SESSION_HOURS = 10
#: An event may hold 64 KiB; a session takes about 190 bytes of it, and a revision also tells
#: those that it cancels.
MOST_SESSIONS = 150


class Slot(BaseModel):
    """One session by hand: start and end, and its own numbers where they differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Moment
    end: Moment
    minimum: int | None = Field(default=None, ge=0, le=10_000)
    maximum: int | None = Field(default=None, ge=1, le=10_000)


class Recurring(BaseModel):
    """Sessions on weekdays (1 = Monday) between two days, at the same hours (Asia/Seoul)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekdays: list[int] = Field(min_length=1, max_length=7)
    begins: str = Field(pattern=CLOCK)
    ends: str = Field(pattern=CLOCK)
    first: str = Field(pattern=DAY)
    last: str = Field(pattern=DAY)
    excepted: list[str] = []
    minimum: int | None = Field(default=None, ge=0, le=10_000)
    maximum: int | None = Field(default=None, ge=1, le=10_000)


class Terms(BaseModel):
    """What a host accepts without being asked: so many people, of these grades (empty: any)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    people: int = Field(ge=1, le=10_000)
    grades: list[int] = []

    def cover(self, people: int, grade: int | None) -> bool:
        """Whether a request lies within the terms."""
        return people <= self.people and (not self.grades or grade is None or grade in self.grades)


class ByTelephone(BaseModel):
    """With whom the centre spoke on the telephone, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spoken_with: str = Field(min_length=1, max_length=80)
    at: Moment


class Session(BaseModel):
    """One session of an offer with its seats."""

    model_config = ConfigDict(frozen=True)

    id: str
    start: datetime
    end: datetime
    minimum: int
    maximum: int
    status: Literal["open", "closed", "cancelled"] = "open"


class Content(BaseModel):
    """The content of one version of an offer.

    `minimum` and `maximum` say which size of group is welcome; a session's own numbers say how
    many seats it has and from how many on it takes place (they default to the group's).
    `either_or`: overlapping sessions of the team within one campaign are alternatives, of which
    the placement opens one; without it an overlap is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=120)
    team: str | None = Field(default=None, pattern=ID)
    team_name: str | None = Field(default=None, max_length=80)
    field: str = Field(pattern=CODE)
    kind: str = Field(pattern=CODE)
    levels: Annotated[list[str], AfterValidator(_once)] = []
    grades: Annotated[list[int], AfterValidator(_once)] = []
    hazards: Annotated[list[Hazard], AfterValidator(_once)] = []
    setting: Setting = "on_site"
    place: str = Field(default="", max_length=200)
    place_code: str = Field(pattern=DISTRICT)
    meeting_point: str = Field(default="", max_length=200)
    telephone: str | None = Field(default=None, max_length=30)
    accessible: Annotated[list[str], AfterValidator(_once)] = []
    minimum: int = Field(default=1, ge=1, le=10_000)
    maximum: int = Field(ge=1, le=10_000)
    lead_days: int = Field(default=0, ge=0, le=365)
    day_limit: int | None = Field(default=None, ge=1, le=100)
    blackout: list[str] = []
    travel_minutes: dict[str, int] = {}
    terms: Terms | None = None
    either_or: bool = False
    slots: list[Slot] = Field(default=[], max_length=MOST_SESSIONS)
    recurring: list[Recurring] = Field(default=[], max_length=50)


def faults(content: Content, codes: dict[str, frozenset[str]]) -> list[FieldError]:
    """Every fault of an offer's content that its shape alone does not show.

    `codes` holds the code lists shared with surveys: fields, kinds, levels and needs.
    """
    return [
        *_codes(content, codes),
        *_numbers(content),
        *_days("/blackout", content.blackout),
        *(error for i, slot in enumerate(content.slots) for error in _slot(content, i, slot)),
        *(error for i, rule in enumerate(content.recurring) for error in _rule(i, rule)),
    ]


def _codes(content: Content, codes: dict[str, frozenset[str]]) -> list[FieldError]:
    found = [
        FieldError(pointer, "unknown_code", {"value": value})
        for pointer, value, known in (
            ("/field", content.field, codes["fields"]),
            ("/kind", content.kind, codes["kinds"]),
            *((f"/levels/{i}", v, codes["levels"]) for i, v in enumerate(content.levels)),
            *((f"/accessible/{i}", v, codes["needs"]) for i, v in enumerate(content.accessible)),
        )
        if value not in known
    ]
    for i, grade in enumerate(content.grades):
        if not 1 <= grade <= 6:
            found.append(FieldError(f"/grades/{i}", "grade_range", {"grade": grade}))
    for place, way in content.travel_minutes.items():
        if not re.fullmatch(DISTRICT, place) or not 0 <= way <= 600:
            found.append(FieldError(f"/travel_minutes/{place}", "travel_range", {"minutes": way}))
    return found


def _numbers(content: Content) -> list[FieldError]:
    found = []
    if content.minimum > content.maximum:
        facts = {"minimum": content.minimum, "maximum": content.maximum}
        found.append(FieldError("/minimum", "minimum_above_maximum", facts))
    if content.terms is not None and content.terms.people > content.maximum:
        facts = {"people": content.terms.people, "maximum": content.maximum}
        found.append(FieldError("/terms/people", "terms_above_maximum", facts))
    if content.either_or and content.team is None:
        found.append(FieldError("/either_or", "either_or_needs_team"))
    return found


def _days(pointer: str, days: list[str]) -> list[FieldError]:
    return [
        FieldError(f"{pointer}/{i}", "not_a_day", {"value": day})
        for i, day in enumerate(days)
        if not _is_day(day)
    ]


def _is_day(text: str) -> bool:
    if not re.fullmatch(DAY, text):
        return False
    try:
        return datetime.strptime(text, "%Y-%m-%d").year in YEARS
    except ValueError:
        return False


def _slot(content: Content, i: int, slot: Slot) -> list[FieldError]:
    at = f"/slots/{i}"
    found = []
    if slot.end <= slot.start:
        found.append(FieldError(f"{at}/end", "end_before_start"))
    elif (slot.end - slot.start).total_seconds() > LONGEST_SESSION_HOURS * 3600:
        found.append(FieldError(f"{at}/end", "session_too_long", {"hours": LONGEST_SESSION_HOURS}))
    low = content.minimum if slot.minimum is None else slot.minimum
    high = content.maximum if slot.maximum is None else slot.maximum
    if low > high:
        facts = {"minimum": low, "maximum": high}
        found.append(FieldError(f"{at}/minimum", "minimum_above_maximum", facts))
    return found


def _rule(i: int, rule: Recurring) -> list[FieldError]:
    at = f"/recurring/{i}"
    found: list[FieldError] = []
    if any(not 1 <= day <= 7 for day in rule.weekdays):
        found.append(FieldError(f"{at}/weekdays", "weekday_range"))
    if rule.ends <= rule.begins:
        found.append(FieldError(f"{at}/ends", "end_before_start"))
    wrong = [
        *(
            FieldError(f"{at}/{name}", "not_a_day", {"value": value})
            for name, value in (("first", rule.first), ("last", rule.last))
            if not _is_day(value)
        ),
        *_days(f"{at}/excepted", rule.excepted),
    ]
    if not wrong and not 0 <= _span(rule) <= 366:
        wrong.append(FieldError(f"{at}/last", "rule_span", {"days": 366}))
    return found + wrong


def _span(rule: Recurring) -> int:
    first, last = (datetime.strptime(day, "%Y-%m-%d") for day in (rule.first, rule.last))
    return (last - first).days
