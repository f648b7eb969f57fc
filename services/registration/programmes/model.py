"""Programmes: what a centre runs under a name of its own (a brand) for certain grades."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from chassis.errors import FieldError, Invalid, Refused
from chassis.facts import Event
from services.registration.organisations.model import LABELS_TOPIC, Level

GRADES = {
    Level.ELEMENTARY: range(1, 7),
    Level.MIDDLE: range(1, 4),
    Level.HIGH: range(1, 4),
    Level.SPECIAL: range(1, 7),
    Level.OUT_OF_SCHOOL: range(0),
}


class Tier(StrEnum):
    """How deep a programme goes: for everyone, for the interested, towards a job."""

    BASIC = "basic"
    ADVANCED = "advanced"
    PATHWAY = "pathway"


class Kind(StrEnum):
    """Whether whole groups take part, single persons, or both."""

    GROUPS = "groups"
    INDIVIDUALS = "individuals"
    MIXED = "mixed"


class Status(StrEnum):
    """A published programme is known to the siblings; a retired one takes no new campaign."""

    PUBLISHED = "published"
    RETIRED = "retired"


class Programme(BaseModel):
    """The state of a programme. An empty list of grades means all grades of its level."""

    model_config = ConfigDict(frozen=True)

    centre: str
    name: str
    name_en: str | None = None
    brand: str
    level: Level
    tier: Tier = Tier.BASIC
    kind: Kind = Kind.GROUPS
    grades: tuple[int, ...] = ()
    rounds: int = 1
    status: Status = Status.PUBLISHED


def check(state: Programme) -> None:
    """Raise Invalid with every field that has to be mended."""
    errors = []
    if not state.name.strip():
        errors.append(FieldError("/name", "name_missing"))
    for place, grade in enumerate(state.grades):
        if grade not in GRADES[state.level]:
            errors.append(FieldError(f"/grades/{place}", "grade_not_of_level", {"grade": grade}))
    if len(set(state.grades)) != len(state.grades):
        errors.append(FieldError("/grades", "grade_twice"))
    if state.rounds < 1:
        errors.append(FieldError("/rounds", "rounds_least"))
    if errors:
        raise Invalid(errors)


def publish(state: Programme) -> list[Event]:
    """What is told about a programme, first and after each change."""
    check(state)
    return [_published(state), _label(state)]


def retire(state: Programme) -> tuple[Programme, list[Event]]:
    """The programme without new campaigns."""
    if state.status is Status.RETIRED:
        raise Refused("programme_retired")
    retired = state.model_copy(update={"status": Status.RETIRED})
    return retired, [_published(retired)]


def _published(state: Programme) -> Event:
    return Event(
        "programme.published",
        {
            "centre": state.centre,
            "brand": state.brand,
            "level": state.level.value,
            "tier": state.tier.value,
            "kind": state.kind.value,
            "grades": list(state.grades),
            "rounds": state.rounds,
            "status": state.status.value,
        },
    )


def _label(state: Programme) -> Event:
    return Event(
        "label.changed",
        {"kind": "programme", "name": state.name, "phone": None, "district": None},
        topic=LABELS_TOPIC,
    )
