"""The campaign's form: what was typed, read into a plan, and a plan written back into fields.

Local times are typed and shown in Asia/Seoul. What cannot be read is said beside its field, and
everything typed stays.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from chassis.errors import FieldError
from chassis.facts import KST
from services.registration import daytext
from services.registration.campaigns.plan import STAGES, Caps, Mode, Plan, Window
from services.registration.programmes.model import Kind

MOMENTS = (
    "opens_at",
    "deadline",
    "hosts_release_at",
    "hosts_reply_by",
    "schools_release_at",
    "schools_confirm_by",
)
"""In the order in which they happen."""

FIELDS = (
    *("name", "programme", "kind", "fields", *MOMENTS, "first", "last", "unusable"),
    *("mode", "schools", "students", "phone"),
)
"""In the order in which they stand in the form."""

FREE = ("hosts_release_at", "schools_release_at")
SHOWN = "%Y-%m-%dT%H:%M"
NAME_MOST = 100
_BETWEEN = re.compile(r"[\s,]+")
_NEXT = re.compile(r"\s+(?=\d{4}-)")
"""Before a day with its year a space parts as well as a comma."""


def fields_of(plan: Plan) -> dict[str, Any]:
    """The plan as the form's fields."""
    return {
        **{name: _written(getattr(plan, name)) for name in MOMENTS},
        "programme": plan.programme,
        "name": plan.name,
        "kind": plan.kind.value,
        "mode": plan.mode.value,
        "first": plan.window.first.isoformat(),
        "last": plan.window.last.isoformat(),
        "unusable": "\n".join(day.isoformat() for day in plan.unusable_dates),
        "schools": plan.caps.schools or "",
        "students": plan.caps.students or "",
        "fields": list(plan.fields),
        "phone": plan.phone or "",
    }


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """The form as it was sent, to be shown again."""
    return {name: form.get(name, "") for name in FIELDS} | {"fields": form.getlist("fields")}


def proposed(programme: str, kind: str, now: datetime) -> dict[str, Any]:
    """What a new campaign begins with: an order of dates that one can move."""
    day = now.astimezone(KST).date()
    steps = {
        "opens_at": (1, 9),
        "deadline": (12, 18),
        "hosts_release_at": (15, 10),
        "hosts_reply_by": (22, 18),
        "schools_release_at": (23, 10),
        "schools_confirm_by": (30, 18),
    }
    times = {
        name: f"{day + timedelta(days=days)}T{hour:02}:00" for name, (days, hour) in steps.items()
    }
    return {
        **times,
        "programme": programme,
        "name": "",
        "kind": kind,
        "mode": Mode.MAX.value,
        "first": (day + timedelta(days=35)).isoformat(),
        "last": (day + timedelta(days=75)).isoformat(),
        "unusable": "",
        "schools": "",
        "students": "",
        "fields": [],
        "phone": "",
    }


def read(
    found: Mapping[str, Any], before: Plan | None = None
) -> tuple[dict[str, Any], list[FieldError]]:
    """What the fields say of a plan, by name, and what of them cannot be read.

    A field that cannot be read says nothing; of the window each end speaks for itself. A moment
    of the plan `before` that still stands in the form keeps the seconds that are not shown there.
    """
    unread: list[FieldError] = []
    times = {
        name: at
        if before is not None and found[name] == _written(at := getattr(before, name))
        else _moment(found, name, unread)
        for name in MOMENTS
    }
    first, last = (_day(found[name], f"/window/{name}", unread) for name in ("first", "last"))
    unusable = _days(found["unusable"], first, last, unread)
    window: dict[str, Any] = {"first": first, "last": last}
    schools, students = (_number(found, name, unread) for name in ("schools", "students"))
    said = {
        **times,
        "programme": found["programme"],
        "name": found["name"].strip()[:NAME_MOST],
        "kind": _one_of(Kind, found["kind"], Kind.GROUPS),
        "mode": _one_of(Mode, found["mode"], Mode.MAX),
        "window": Window.model_construct(**window),
        "unusable_dates": unusable,
        "caps": Caps(schools=schools, students=students),
        "stages": STAGES,
        "fields": tuple(found["fields"]),
        "phone": found["phone"].strip() or None,
    }
    return said, unread


def field_of(pointer: str) -> str:
    """The form's field that an error is about."""
    parts = pointer.strip("/").split("/")
    inner = {"window": parts[-1], "caps": parts[-1], "unusable_dates": "unusable"}
    return inner.get(parts[0], parts[0])


def _written(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(KST).strftime(SHOWN)


def _moment(found: Mapping[str, Any], name: str, errors: list[FieldError]) -> datetime | None:
    written = found[name].strip()
    if not written and name in FREE:
        return None
    try:
        return datetime.fromisoformat(written).replace(tzinfo=KST)
    except ValueError:
        errors.append(FieldError(f"/{name}", "missing" if not written else "moment_unreadable"))
        return None


def _day(written: str, pointer: str, errors: list[FieldError]) -> date | None:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        errors.append(FieldError(pointer, "missing" if not written else "day_unreadable"))
        return None


def _days(
    written: str, first: date | None, last: date | None, errors: list[FieldError]
) -> tuple[date, ...]:
    """Days with their year, and, where the window is known, also as 11/14 or 11/18-11/20."""
    if first is None or last is None:
        words = filter(None, _BETWEEN.split(written.strip()))
        found = [_day(word, f"/unusable_dates/{place}", errors) for place, word in enumerate(words)]
        return tuple(day for day in found if day is not None)
    days, unread = daytext.read(_NEXT.sub(",", written), daytext.Window(first, last))
    errors += [FieldError("/unusable_dates", "day_unreadable") for _ in unread[:1]]
    return tuple(date.fromisoformat(day) for day in days)


def _number(found: Mapping[str, Any], name: str, errors: list[FieldError]) -> int | None:
    written = str(found[name]).strip()
    if not written:
        return None
    if not written.isdecimal() or len(written) > 7:
        errors.append(FieldError(f"/caps/{name}", "int_parsing"))
        return None
    return int(written)


def _one_of(kind: Any, written: str, usual: Any) -> Any:
    return next((one for one in kind if one.value == written), usual)
