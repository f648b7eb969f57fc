"""The form of an organisation: what was typed, read into details, and written back into fields."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal, get_args

from chassis.errors import FieldError, Invalid
from services.registration.organisations.model import Details, Kind, Level, Relation, faults

As = Literal["school", "youth", "host", "office"]
AS: tuple[As, ...] = get_args(As)
KINDS: Mapping[As, tuple[Kind, ...]] = {
    "school": (Kind.SCHOOL,),
    "youth": (Kind.YOUTH_AGENCY,),
    "host": (
        Kind.COMPANY,
        Kind.UNIVERSITY,
        Kind.CITY,
        Kind.INSTITUTE,
        Kind.ASSOCIATION,
        Kind.COUNCIL,
        Kind.CONSORTIUM,
    ),
    "office": (Kind.SUPPORT_OFFICE, Kind.PROVINCE_OFFICE, Kind.CITY, Kind.MINISTRY),
}
"""Of which kinds an organisation may be, by what it is registered as; the usual one first."""

RELATION: Mapping[As, Relation] = {
    "school": Relation.SCHOOL,
    "youth": Relation.SCHOOL,
    "host": Relation.HOST,
    "office": Relation.OFFICE,
}
FIELDS = (
    "kind",
    "name",
    "level",
    "office_code",
    "school_number",
    "business_number",
    "parent",
    "district",
    "address",
    "phone",
)
MOST = {"name": 100, "address": 200, "phone": 30}
USUAL_MOST = 40
DISTRICT = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def chosen(value: str) -> As:
    """As what is registered; a school unless it is said otherwise."""
    return next((one for one in AS if one == value), "school")


def of_details(details: Details) -> As:
    """As what an organisation would be registered."""
    for one in ("school", "youth", "office"):
        if set(details.kinds) & set(KINDS[one]) - {Kind.CITY}:
            return one
    return "host"


def typed(sent: Mapping[str, str]) -> dict[str, str]:
    """The fields as they were sent, cut to what can be stored."""
    return {name: sent.get(name, "").strip()[: MOST.get(name, USUAL_MOST)] for name in FIELDS}


def fields_of(details: Details) -> dict[str, str]:
    """Details as the form's fields."""
    office, _, number = (details.school_code or "").partition("-")
    return {
        "kind": details.kinds[0].value if details.kinds else "",
        "name": details.name,
        "level": details.level.value if details.level else "",
        "office_code": office,
        "school_number": number,
        "business_number": details.business_number or "",
        "parent": details.parent or "",
        "district": details.district or "",
        "address": details.address or "",
        "phone": details.phone or "",
    }


def read(found: Mapping[str, str], sort: As, before: Details | None = None) -> Details:
    """The details that the fields say. Raises Invalid with what cannot be read of them, and
    beside it what the rules say to the rest.

    `before` are the details that are changed: what the form does not ask for stays as it was.
    """
    errors = []
    kind = next((one for one in Kind if one.value == found["kind"]), KINDS[sort][0])
    code = f"{found['office_code'].upper()}-{found['school_number']}".strip("-")
    if found["district"] and not DISTRICT.match(found["district"]):
        errors.append(FieldError("/district", "district_shape"))
    if found["parent"] and not ID.match(found["parent"]):
        errors.append(FieldError("/parent", "organisation_unknown"))
    level = next((one for one in Level if one.value == found["level"]), None)
    kinds = (kind,) if before is None else (kind, *(k for k in before.kinds[1:] if k is not kind))
    details = Details(
        kinds=kinds,
        name=found["name"],
        name_en=before.name_en if before else None,
        level=level if sort == "school" else None,
        school_code=(code or None) if sort == "school" else None,
        business_number=found["business_number"] or None,
        parent=found["parent"] or None,
        district=found["district"] or None,
        address=found["address"] or None,
        phone=found["phone"] or None,
    )
    if errors:
        raise Invalid([*faults(details), *errors])
    return details


def day(found: str, pointer: str, errors: list[FieldError]) -> date | None:
    """A day of a form, or none; what is no day is put among the errors."""
    if not found.strip():
        return None
    try:
        return date.fromisoformat(found.strip())
    except ValueError:
        errors.append(FieldError(pointer, "day_unreadable"))
        return None


def field_of(pointer: str) -> str:
    """The form's field that an error is about."""
    name = pointer.strip("/").split("/")[0]
    return {"kinds": "kind", "school_code": "school_number"}.get(name, name)
