"""Campaigns: a window of days, the dates by which everyone answers, and the published rules.

draft → announced → open → closing → closed, or cancelled. Opening, closing and the manifest come
by due times; the deadline itself is enforced where a survey is submitted, whether or not a timer
has fired. The rules have a hash, so that what was published can be checked against what was run.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from chassis.errors import FieldError, Invalid, Refused, TooLate
from chassis.facts import Due, Event, stamp
from services.registration.campaigns import plan as plans
from services.registration.campaigns.plan import Plan, rules_hash
from services.registration.organisations.model import LABELS_TOPIC

TITLES_TOPIC = "registration.titles"

MANIFEST_AFTER = timedelta(seconds=6)
"""A transaction that passed the deadline's check may commit up to five seconds later."""


REMIND_AGAIN = timedelta(hours=1)
"""A second reminder within an hour is a slip of the finger."""


class Status(StrEnum):
    """The states of a campaign."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Campaign(Plan):
    """The state of a campaign. `manifest` is what had arrived when it was closed."""

    centre: str
    status: Status = Status.DRAFT
    manifest: dict[str, dict[str, dict[str, Any]]] | None = None
    reason: str | None = None
    reminded_at: datetime | None = None
    """When the centre last reminded those that have not answered."""

    @property
    def takes_answers(self) -> bool:
        """Whether surveys may be written; the deadline is checked by the database's clock."""
        return self.status in (Status.ANNOUNCED, Status.OPEN)

    def usable(self, day: date) -> bool:
        """Whether visits may take place on a day."""
        return self.window.first <= day <= self.window.last and day not in self.unusable_dates

    def plan(self) -> Plan:
        """The part that the centre decides."""
        return Plan.model_validate({name: getattr(self, name) for name in Plan.model_fields})


def due(state: Campaign) -> list[Due]:
    """The next due times of a state; each operation checks the state again."""
    match state.status:
        case Status.ANNOUNCED:
            return [Due(state.opens_at, "open"), Due(state.deadline, "close")]
        case Status.OPEN:
            return [Due(state.deadline, "close")]
        case Status.CLOSING:
            return [Due(state.deadline + MANIFEST_AFTER, "manifest")]
        case _:
            return []


def announce(state: Campaign, now: datetime) -> tuple[Campaign, list[Event]]:
    """The draft made public; from here on every change is told."""
    _from(state, Status.DRAFT)
    if now >= state.deadline:
        raise Invalid([FieldError("/deadline", "deadline_in_future")])
    announced = state.model_copy(update={"status": Status.ANNOUNCED})
    return announced, [_told("campaign.announced", announced), *labels(announced)]


def replan(
    state: Campaign,
    plan: Plan,
    now: datetime,
    known_fields: frozenset[str],
    found: Sequence[FieldError] = (),
) -> tuple[Campaign, list[Event]]:
    """Another plan. Once announced, the deadline may move only before it has passed, and the
    opening only before it has come; what schools have relied on (programme, kind) stays. `found`
    is what is to be mended already."""
    if state.status not in (Status.DRAFT, Status.ANNOUNCED, Status.OPEN):
        if now >= state.deadline and plan.deadline != state.deadline:
            raise TooLate("deadline_passed", deadline=state.deadline)
        raise Refused("campaign_fixed", status=state.status.value)
    if state.status is not Status.DRAFT and now >= state.deadline:
        raise TooLate("deadline_passed", deadline=state.deadline)
    if errors := [*found, *faults(state, dict(plan), now, known_fields)]:
        raise Invalid(errors)
    changed = state.model_copy(update={name: getattr(plan, name) for name in Plan.model_fields})
    if state.status is Status.DRAFT:
        return changed, []
    events = [_told("campaign.changed", changed)]
    if (changed.name, changed.phone) != (state.name, state.phone):
        events.extend(labels(changed))
    return changed, events


def faults(
    state: Campaign, said: Mapping[str, Any], now: datetime, known_fields: frozenset[str]
) -> list[FieldError]:
    """What has to be mended in another plan, as far as it is said (fields by name)."""
    found = plans.faults(said, known_fields)
    return found if state.status is Status.DRAFT else [*found, *_relied_on(state, said, now)]


def open_(state: Campaign, now: datetime) -> tuple[Campaign, list[Event]] | None:
    """The campaign open, or None while it is not time or the state has moved on."""
    if state.status is not Status.ANNOUNCED or now < state.opens_at:
        return None
    opened = state.model_copy(update={"status": Status.OPEN})
    return opened, [_told("campaign.opened", opened)]


def close(state: Campaign, now: datetime) -> tuple[Campaign, list[Event]] | None:
    """The campaign closing, or None if its deadline has been moved or it is closing already."""
    if not state.takes_answers or now < state.deadline:
        return None
    closing = state.model_copy(update={"status": Status.CLOSING})
    return closing, [_told("campaign.closing", closing)]


def seal(
    state: Campaign, manifest: dict[str, dict[str, dict[str, Any]]]
) -> tuple[Campaign, list[Event]] | None:
    """The campaign closed with its manifest, or None if that has been done."""
    if state.status is not Status.CLOSING:
        return None
    closed = state.model_copy(update={"status": Status.CLOSED, "manifest": manifest})
    return closed, [Event("campaign.closed", {**_facts(closed), "manifest": {"kinds": manifest}})]


def amend(
    state: Campaign, manifest: dict[str, dict[str, dict[str, Any]]], cause: str
) -> tuple[Campaign, list[Event]] | None:
    """The manifest after something was admitted late, or None if nothing differs."""
    if state.status is not Status.CLOSED or manifest == state.manifest:
        return None
    amended = state.model_copy(update={"manifest": manifest})
    return amended, [
        Event("campaign.manifest_amended", {"manifest": {"kinds": manifest}, "cause": cause})
    ]


def cancel(state: Campaign, reason: str) -> tuple[Campaign, list[Event]]:
    """The campaign called off. After closing only placement cancels, visit by visit."""
    if state.status in (Status.CLOSED, Status.CANCELLED):
        raise Refused("campaign_fixed", status=state.status.value)
    cancelled = state.model_copy(update={"status": Status.CANCELLED, "reason": reason})
    if state.status is Status.DRAFT:
        return cancelled, []
    return cancelled, [_told("campaign.cancelled", cancelled)]


def remind(state: Campaign, now: datetime) -> tuple[Campaign, list[Event]]:
    """Those that have not answered are reminded by the centre, once an hour at most."""
    if state.status is not Status.OPEN or now >= state.deadline:
        raise Refused("campaign_not_open")
    if state.reminded_at is not None and now < state.reminded_at + REMIND_AGAIN:
        raise Refused("reminded_lately", at=state.reminded_at + REMIND_AGAIN)
    reminded = state.model_copy(update={"reminded_at": now})
    told = {"centre": state.centre, "deadline": stamp(state.deadline)}
    return reminded, [Event("campaign.reminded", told)]


def labels(state: Campaign) -> list[Event]:
    """The sealed words by which placement and messages call the campaign."""
    words = {"kind": "campaign", "name": state.name, "phone": state.phone, "district": None}
    return [
        Event("label.changed", words, topic=LABELS_TOPIC),
        Event("campaign_label.changed", {"name": state.name}, topic=TITLES_TOPIC),
    ]


def _relied_on(state: Campaign, said: Mapping[str, Any], now: datetime) -> list[FieldError]:
    errors = []
    if said.get("programme", state.programme) != state.programme:
        errors.append(FieldError("/programme", "announced_fixed"))
    if said.get("kind", state.kind) is not state.kind:
        errors.append(FieldError("/kind", "announced_fixed"))
    opens_at, deadline = said.get("opens_at"), said.get("deadline")
    if now >= state.opens_at and opens_at is not None and opens_at != state.opens_at:
        errors.append(FieldError("/opens_at", "opened_fixed"))
    if deadline is not None and deadline <= now:
        errors.append(FieldError("/deadline", "deadline_in_future"))
    return errors


def _from(state: Campaign, *allowed: Status) -> None:
    if state.status not in allowed:
        raise Refused("campaign_fixed", status=state.status.value)


def _told(name: str, state: Campaign) -> Event:
    return Event(name, _facts(state))


def _facts(state: Campaign) -> dict[str, Any]:
    def at(moment: datetime | None) -> str | None:
        return stamp(moment) if moment else None

    return {
        "centre": state.centre,
        "programme": state.programme,
        "kind": state.kind.value,
        "status": state.status.value,
        "opens_at": at(state.opens_at),
        "deadline": at(state.deadline),
        "hosts_reply_by": at(state.hosts_reply_by),
        "schools_confirm_by": at(state.schools_confirm_by),
        "hosts_release_at": at(state.hosts_release_at),
        "schools_release_at": at(state.schools_release_at),
        "window": {
            "first": state.window.first.isoformat(),
            "last": state.window.last.isoformat(),
        },
        "unusable_dates": [day.isoformat() for day in state.unusable_dates],
        "caps": state.caps.model_dump(),
        "stages": list(state.stages),
        "mode": state.mode.value,
        "fields": list(state.fields),
        "rules_hash": rules_hash(state),
    }
