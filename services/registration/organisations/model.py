"""Organisations: each exists once, of one or more kinds, and joined to others by relations.

A relation belongs to the centre that holds it, so that a host which serves several centres is
one organisation with several relations. Names of organisations are public data, yet they travel
to siblings in a sealed label only: an event holds ids, codes and dates.
"""

import re
import unicodedata
from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from chassis.errors import FieldError, Invalid
from chassis.facts import Event

LABELS_TOPIC = "registration.labels"


class Kind(StrEnum):
    """What an organisation is; several may hold at once (a university may run a centre)."""

    MINISTRY = "ministry"
    PROVINCE_OFFICE = "province_office"
    SUPPORT_OFFICE = "education_support_office"
    CITY = "city"
    COUNCIL = "council"
    SCHOOL = "school"
    CENTRE = "career_centre"
    COMPANY = "company"
    UNIVERSITY = "university"
    ASSOCIATION = "association"
    INSTITUTE = "research_institute"
    YOUTH_AGENCY = "youth_agency"
    CONSORTIUM = "consortium"


class Level(StrEnum):
    """The level of a school (학교급)."""

    ELEMENTARY = "elementary"
    MIDDLE = "middle"
    HIGH = "high"
    SPECIAL = "special"
    OUT_OF_SCHOOL = "out_of_school"


class Relation(StrEnum):
    """How a centre stands to another organisation."""

    HOST = "centre_host"
    SCHOOL = "centre_school"
    OWNER = "owner"
    OPERATOR = "operator"
    OFFICE = "office"


class Status(StrEnum):
    """A closed organisation stays on record and takes part in nothing new."""

    ACTIVE = "active"
    CLOSED = "closed"


LEARNERS = frozenset({Kind.SCHOOL, Kind.YOUTH_AGENCY})
"""Kinds that send groups, and therefore can be related to a centre as its school."""

OFFICES = frozenset({Kind.MINISTRY, Kind.PROVINCE_OFFICE, Kind.SUPPORT_OFFICE, Kind.CITY})
"""Kinds that can supervise a centre."""

_SCHOOL_CODE = re.compile(r"^[A-Z][0-9]{2}-[0-9]{7}$")
_BUSINESS_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)


class Tie(BaseModel):
    """One relation of a centre: the other organisation and from when until when it holds."""

    model_config = ConfigDict(frozen=True)

    relation: Relation
    other: str
    since: date
    until: date | None = None

    def holds(self, on: date) -> bool:
        """Whether the relation holds on a day; `until` is its last day."""
        return self.since <= on and (self.until is None or on <= self.until)


class Details(BaseModel):
    """What is told about an organisation when it is registered or changed."""

    model_config = ConfigDict(frozen=True)

    kinds: tuple[Kind, ...]
    name: str
    name_en: str | None = None
    parent: str | None = None
    level: Level | None = None
    school_code: str | None = None
    business_number: str | None = None
    district: str | None = None
    address: str | None = None
    phone: str | None = None


class Organisation(Details):
    """The state of an organisation. `keys` are what makes it unique; the store indexes them."""

    registrar: str
    status: Status = Status.ACTIVE
    keys: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    """Keys of those that were merged into it, so that none of them is registered again."""
    merged_into: str | None = None
    ties: tuple[Tie, ...] = ()

    def details(self) -> Details:
        """The part that a change may replace."""
        return Details.model_validate({name: getattr(self, name) for name in Details.model_fields})

    def tied(self, relation: Relation, on: date) -> tuple[str, ...]:
        """The other organisations of a relation that holds on a day."""
        return tuple(t.other for t in self.ties if t.relation is relation and t.holds(on))


def plain(name: str) -> str:
    """A name as duplicates are looked for: composed, without spaces, brackets and case."""
    composed = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in composed if sign.isalnum())


def keys_of(details: Details) -> tuple[str, ...]:
    """What no two organisations may share: school key, business number, name in one place.

    Departments of one city share nothing but their parent, hence the parent is part of the last.
    A school is unique by its code alone, since a district may have two schools of one name.
    """
    if details.school_code:
        return (f"school:{details.school_code}",)
    keys = [f"name:{plain(details.name)}|{details.district or ''}|{details.parent or ''}"]
    if details.business_number and details.parent is None:
        keys.append(f"business:{digits(details.business_number)}")
    return tuple(keys)


def digits(text: str) -> str:
    """Only the digits of a number that people write with hyphens."""
    return "".join(sign for sign in text if sign.isascii() and sign.isdigit())


def is_business_number(text: str) -> bool:
    """Whether ten digits carry the check digit of a Korean business number."""
    found = [int(sign) for sign in digits(text)]
    if len(found) != 10:
        return False
    total = sum(w * d for w, d in zip(_BUSINESS_WEIGHTS, found[:9], strict=True))
    total += found[8] * 5 // 10
    return (10 - total % 10) % 10 == found[9]


def faults(details: Details) -> list[FieldError]:
    """Every field that has to be mended."""
    errors: list[FieldError] = []
    if not details.kinds:
        errors.append(FieldError("/kinds", "kinds_missing"))
    if len(set(details.kinds)) != len(details.kinds):
        errors.append(FieldError("/kinds", "kinds_twice"))
    if not plain(details.name):
        errors.append(FieldError("/name", "name_missing"))
    school = Kind.SCHOOL in details.kinds
    if school and details.level is None:
        errors.append(FieldError("/level", "level_missing"))
    if school and details.school_code is None:
        errors.append(FieldError("/school_code", "school_code_missing"))
    if details.school_code is not None and not _SCHOOL_CODE.match(details.school_code):
        errors.append(FieldError("/school_code", "school_code_shape"))
    if details.school_code is not None and not school:
        errors.append(FieldError("/school_code", "school_code_only_school"))
    if details.business_number is not None and not is_business_number(details.business_number):
        errors.append(FieldError("/business_number", "business_number_shape"))
    return errors


def check(details: Details) -> None:
    """Raise Invalid with every field that has to be mended."""
    if errors := faults(details):
        raise Invalid(errors)


def register(details: Details, registrar: str) -> tuple[Organisation, list[Event]]:
    """A new organisation and what is told about it."""
    check(details)
    state = Organisation(**details.model_dump(), registrar=registrar, keys=keys_of(details))
    return state, [_event("organisation.registered", state), label(state)]


def change(
    state: Organisation, details: Details, status: Status | None = None
) -> tuple[Organisation, list[Event]]:
    """The organisation with other details. Another school key would be another school."""
    check(details)
    if state.school_code is not None and details.school_code != state.school_code:
        raise Invalid(
            [FieldError("/school_code", "school_code_fixed", {"code": state.school_code})]
        )
    changed = state.model_copy(
        update={
            **{name: getattr(details, name) for name in Details.model_fields},
            "keys": tuple(dict.fromkeys((*keys_of(details), *state.further))),
            "status": status or state.status,
        }
    )
    # A new name changes no fact of the event, yet the contacts that carry the name react to it.
    events = [_event("organisation.changed", changed)]
    if _label(changed) != _label(state):
        events.append(label(changed))
    return changed, events


def label(state: Organisation) -> Event:
    """The sealed words by which placement calls the organisation."""
    return Event("label.changed", _label(state), topic=LABELS_TOPIC)


def _event(name: str, state: Organisation) -> Event:
    return Event(name, _facts(state))


def _facts(state: Organisation) -> dict[str, object]:
    return {
        "kinds": [kind.value for kind in state.kinds],
        "parent": state.parent,
        "level": state.level.value if state.level else None,
        "school_code": state.school_code,
        "district": state.district,
        "status": state.status.value,
    }


def _label(state: Organisation) -> dict[str, object]:
    return {
        "kind": "organisation",
        "name": state.name,
        "phone": state.phone,
        "district": state.district,
    }
