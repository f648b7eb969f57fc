"""The shape of a booking: what is kept of it, and what its events say."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chassis.facts import Event, stamp

Status = Literal[
    "asked",
    "conditioned",
    "accepted",
    "confirmed",
    "completed",
    "declined",
    "expired",
    "cancelled",
]
AcceptedBy = Literal["host", "terms", "telephone"]
CancelledBy = Literal["host", "school", "centre", "repair", "system"]

OPEN: frozenset[str] = frozenset({"asked", "conditioned"})
"""Requests that still wait for somebody's answer."""

HOLDING: frozenset[str] = frozenset({"asked", "conditioned", "accepted", "confirmed", "completed"})
"""States in which the booking holds its seats."""

BINDING: frozenset[str] = frozenset({"accepted", "confirmed", "completed"})
"""States in which the host has agreed, so that a repair may not move the group."""

CONDITION_TIME = timedelta(days=3)
"""How long school and centre have to say whether they take a host's condition."""

SECOND_THOUGHTS = timedelta(minutes=30)
"""How long a host may take back what it answered itself."""

DECLINE_REASONS: frozenset[str] = frozenset(
    {
        "staff_absent",
        "date_unsuitable",
        "place_unavailable",
        "group_too_large",
        "group_too_small",
        "grade_unsuitable",
        "safety",
        "condition_refused",
        "other",
    }
)


ONLY_THIS_GROUP: frozenset[str] = frozenset(
    {
        "group_too_large",
        "group_too_small",
        "grade_unsuitable",
        "condition_refused",
        "condition_unanswered",
    }
)
"""Reasons that speak of the group alone: others may still come to the session."""


class Record(BaseModel):
    """Base of the frozen values of this room."""

    model_config = ConfigDict(frozen=True)


class Condition(Record):
    """What the host would accept instead: fewer people, another hour of the same day."""

    people: int | None = None
    start: datetime | None = None
    end: datetime | None = None


class Safety(Record):
    """The recorded check of a hazardous visit."""

    check_code: str
    checked_on: str
    note: str = ""
    by: str
    at: datetime


class Telephoned(Record):
    """What the centre says of a call: with whom it spoke, and when."""

    spoken_with: str
    at: datetime


class Spoken(Record):
    """A call as it is kept: the name stands under the booking's own key, never in clear."""

    sealed: bytes
    at: datetime


class Seat(Record):
    """One session as a booking needs it: whose it is, when, how many, on which terms."""

    session: str
    offer: str
    offer_version: int
    centre: str
    host: str
    team: str | None
    start: datetime
    end: datetime
    minimum: int
    maximum: int
    hazards: tuple[str, ...] = ()
    terms_people: int | None = None
    """The host accepts up to this many people without being asked; None: it is always asked."""
    terms_grades: tuple[int, ...] = ()

    def preaccepts(self, people: int, grade: int | None) -> bool:
        """Whether a request lies within the terms that the host accepted beforehand."""
        if self.terms_people is None or people > self.terms_people:
            return False
        return not self.terms_grades or grade is None or grade in self.terms_grades


class Change(Record):
    """One line of the history: who did what, when, and why."""

    what: str
    by: str
    at: datetime
    why: str = ""


class Booking(Record):
    """The state of one booking. `placement`, `school` and `group` are null for a roster."""

    status: Status
    centre: str
    campaign: str
    run: str
    placement: str | None
    school: str | None
    group: str | None
    host: str
    offer: str
    offer_version: int
    team: str | None
    session: str
    people: int
    smallest: int
    """The smallest head-count that the school would still come with."""
    start: datetime
    end: datetime
    not_before: datetime | None = None
    not_after: datetime | None = None
    """Limits set by the group's other stops of the day."""
    reply_by: datetime
    preaccepted: bool = False
    hazards: tuple[str, ...] = ()
    condition: Condition | None = None
    decide_by: datetime | None = None
    """Until when school or centre say whether they take the condition."""
    safety: Safety | None = None
    accepted_by: AcceptedBy | None = None
    spoken: Spoken | None = None
    answered: datetime | None = None
    """When the host itself gave the answer that stands; None where it did not (yet)."""
    call_wanted: datetime | None = None
    """When the host asked to be called instead."""
    school_confirmed: bool = False
    reason_code: str | None = None
    reason: str = ""
    cancelled_by: CancelledBy | None = None
    history: tuple[Change, ...] = ()

    @property
    def changeable_until(self) -> datetime | None:
        """Until when the host may take its answer back; None for one that stands."""
        if self.answered is None or self.status not in ("accepted", "conditioned", "declined"):
            return None
        return self.answered + SECOND_THOUGHTS

    @property
    def safe(self) -> bool:
        """Whether nothing of safety stands in the way: no hazard, or its check on record."""
        return not self.hazards or self.safety is not None


def facts(booking: Booking) -> dict[str, Any]:
    """What every booking event carries: the full state in ids, codes, integers and times."""
    return {
        "centre": booking.centre,
        "campaign": booking.campaign,
        "run": booking.run,
        "placement": booking.placement,
        "host": booking.host,
        "offer": booking.offer,
        "offer_version": booking.offer_version,
        "team": booking.team,
        "session": booking.session,
        "school": booking.school,
        "group": booking.group,
        "people": booking.people,
        "start": stamp(booking.start),
        "end": stamp(booking.end),
        "status": booking.status,
        "reply_by": stamp(booking.reply_by),
        "preaccepted": booking.preaccepted,
        "hazardous": bool(booking.hazards),
        "safe": booking.safe,
    }


def event(kind: str, booking: Booking, **more: Any) -> Event:
    """The event `booking.<kind>` about this state."""
    return Event(f"booking.{kind}", {**facts(booking), **more})


def condition_data(condition: Condition) -> Mapping[str, Any]:
    """The condition as events carry it."""
    return {
        "people": condition.people,
        "start": stamp(condition.start) if condition.start else None,
        "end": stamp(condition.end) if condition.end else None,
    }
