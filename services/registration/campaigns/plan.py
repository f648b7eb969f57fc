"""What a centre decides about a campaign, the rules it must keep, and their published hash."""

import hashlib
import json
from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from chassis.errors import FieldError, Invalid
from chassis.facts import KST
from services.registration.programmes.model import Kind

STAGES = ("placed", "rank", "leximin", "travel", "lottery")


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


def check(plan: Plan, known_fields: frozenset[str]) -> None:
    """Raise Invalid with every field that has to be mended. Dates are read in Seoul."""
    errors: list[FieldError] = []

    def order(pointer: str, code: str, right: bool) -> None:
        if not right:
            errors.append(FieldError(pointer, code))

    if not plan.name.strip():
        errors.append(FieldError("/name", "name_missing"))
    order("/deadline", "deadline_after_opening", plan.opens_at < plan.deadline)
    order("/hosts_reply_by", "hosts_after_deadline", plan.deadline <= plan.hosts_reply_by)
    order(
        "/schools_confirm_by", "schools_after_hosts", plan.hosts_reply_by <= plan.schools_confirm_by
    )
    order("/window/last", "window_order", plan.window.first <= plan.window.last)
    order(
        "/window/last",
        "window_after_deadline",
        plan.deadline.astimezone(KST).date() < plan.window.last,
    )
    if plan.hosts_release_at is not None:
        order("/hosts_release_at", "release_after_deadline", plan.deadline <= plan.hosts_release_at)
    if plan.schools_release_at is not None:
        earliest = plan.hosts_release_at or plan.deadline
        order("/schools_release_at", "release_after_hosts", earliest <= plan.schools_release_at)
    for place, day in enumerate(plan.unusable_dates):
        if not plan.window.first <= day <= plan.window.last:
            errors.append(FieldError(f"/unusable_dates/{place}", "date_outside_window"))
    for name, cap in (("schools", plan.caps.schools), ("students", plan.caps.students)):
        if cap is not None and cap < 1:
            errors.append(FieldError(f"/caps/{name}", "cap_least"))
    if not plan.fields:
        errors.append(FieldError("/fields", "fields_missing"))
    for place, code in enumerate(plan.fields):
        if code not in known_fields:
            errors.append(FieldError(f"/fields/{place}", "field_unknown", {"field": code}))
    for place, stage in enumerate(plan.stages):
        if stage not in STAGES:
            errors.append(FieldError(f"/stages/{place}", "stage_unknown", {"stage": stage}))
    if len(set(plan.stages)) != len(plan.stages) or plan.stages[:1] != ("placed",):
        errors.append(FieldError("/stages", "stages_order"))
    if errors:
        raise Invalid(errors)


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
