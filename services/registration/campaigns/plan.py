"""What a centre decides about a campaign, the rules it must keep, and their published hash."""

import hashlib
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from chassis.errors import FieldError
from chassis.facts import KST
from services.registration.programmes.model import Kind

STAGES = ("placed", "rank", "leximin", "travel", "lottery")
Compares = Callable[[Any, Any], bool]


class Mode(StrEnum):
    """배정 방식: as many as possible, or without justified envy."""

    MAX = "max"
    STABLE = "stable"


class Window(BaseModel):
    """The first and the last day on which a visit may take place."""

    model_config = ConfigDict(frozen=True)

    first: date
    last: date


class Caps(BaseModel):
    """How many schools and students may be chosen at most; None is no limit."""

    model_config = ConfigDict(frozen=True)

    schools: int | None = None
    students: int | None = None


class Plan(BaseModel):
    """What the centre decides about a campaign."""

    model_config = ConfigDict(frozen=True)

    programme: str
    name: str
    kind: Kind = Kind.GROUPS
    opens_at: datetime
    deadline: datetime
    hosts_reply_by: datetime
    schools_confirm_by: datetime
    hosts_release_at: datetime | None = None
    schools_release_at: datetime | None = None
    window: Window
    unusable_dates: tuple[date, ...] = ()
    caps: Caps = Caps()
    stages: tuple[str, ...] = STAGES
    mode: Mode = Mode.MAX
    fields: tuple[str, ...]
    phone: str | None = None


def faults(said: Mapping[str, Any], known_fields: frozenset[str]) -> list[FieldError]:
    """Every field that has to be mended. Dates are read in Seoul.

    `said` are a plan's fields by name. A rule about something that is not said, because it was
    left out or could not be read, is not judged; so all that can be judged is told at once.
    """
    errors: list[FieldError] = []

    def order(
        pointer: str, code: str, earlier: Any, later: Any, right: Compares = operator.le
    ) -> None:
        if earlier is not None and later is not None and not right(earlier, later):
            errors.append(FieldError(pointer, code))

    if not said.get("name", "-").strip():
        errors.append(FieldError("/name", "name_missing"))
    deadline, hosts_reply_by = said.get("deadline"), said.get("hosts_reply_by")
    order("/deadline", "deadline_after_opening", said.get("opens_at"), deadline, operator.lt)
    order("/hosts_reply_by", "hosts_after_deadline", deadline, hosts_reply_by)
    order(
        "/schools_confirm_by", "schools_after_hosts", hosts_reply_by, said.get("schools_confirm_by")
    )
    window = said.get("window")
    first, last = (window.first, window.last) if window is not None else (None, None)
    order("/window/last", "window_order", first, last)
    last_day = deadline.astimezone(KST).date() if deadline is not None else None
    order("/window/last", "window_after_deadline", last_day, last, operator.lt)
    hosts_release_at = said.get("hosts_release_at")
    order("/hosts_release_at", "release_after_deadline", deadline, hosts_release_at)
    order(
        "/schools_release_at",
        "release_after_hosts",
        hosts_release_at or deadline,
        said.get("schools_release_at"),
    )
    for place, day in enumerate(said.get("unusable_dates") or ()):
        if (first is not None and day < first) or (last is not None and last < day):
            errors.append(FieldError(f"/unusable_dates/{place}", "date_outside_window"))
    if (caps := said.get("caps")) is not None:
        for name, cap in (("schools", caps.schools), ("students", caps.students)):
            order(f"/caps/{name}", "cap_least", 1, cap)
    fields = said.get("fields")
    if fields is not None and not fields:
        errors.append(FieldError("/fields", "fields_missing"))
    for place, code in enumerate(fields or ()):
        if code not in known_fields:
            errors.append(FieldError(f"/fields/{place}", "field_unknown", {"field": code}))
    return [*errors, *_stages(said.get("stages", STAGES))]


def _stages(stages: Sequence[str]) -> list[FieldError]:
    errors = [
        FieldError(f"/stages/{place}", "stage_unknown", {"stage": stage})
        for place, stage in enumerate(stages)
        if stage not in STAGES
    ]
    if len(set(stages)) != len(stages) or tuple(stages[:1]) != ("placed",):
        errors.append(FieldError("/stages", "stages_order"))
    return errors


def rules_hash(plan: Plan) -> str:
    """SHA-256 (hex) over the canonical JSON of what decides a placement."""
    rules = {
        "stages": list(plan.stages),
        "mode": plan.mode.value,
        "caps": plan.caps.model_dump(),
        "window": [plan.window.first.isoformat(), plan.window.last.isoformat()],
        "unusable_dates": sorted(day.isoformat() for day in plan.unusable_dates),
        "fields": sorted(plan.fields),
        "kind": plan.kind.value,
    }
    text = json.dumps(rules, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
