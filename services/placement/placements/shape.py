"""The shape of a placement: what is kept of it, and what its events say."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chassis.facts import Event, stamp

Status = Literal[
    "planned",
    "offered",
    "confirmed",
    "completed",
    "waitlisted",
    "not_selected",
    "withdrawn",
    "cancelled",
    "postponed",
    "expired",
]
EndedBy = Literal["school", "centre", "host", "system"]

SEATED: frozenset[str] = frozenset({"planned", "offered", "confirmed", "completed"})
"""States in which the placement has seats (a planned one may have lost them to a repair)."""


class Record(BaseModel):
    """Base of the frozen values of this room."""

    model_config = ConfigDict(frozen=True)


class Stop(Record):
    """One session of a visit with the booking that asks the host for it."""

    booking: str
    session: str
    offer: str
    host: str
    team: str | None
    start: datetime
    end: datetime
    accepted: bool = False
    safe: bool = True
    lost: bool = False
    """The booking ended without the visit: a repair is due."""


class Part(Record):
    """The people who go together, and their stops in order. A group that is not split has one."""

    people: int
    stops: tuple[Stop, ...]


class Change(Record):
    """One line of the history: who did what, when, and why."""

    what: str
    by: str
    at: datetime
    why: str = ""


class Approval(Record):
    """The school's yes: when, and under which decision of its own (내부결재), if it says so."""

    at: datetime
    by: str
    approved_on: str | None = None
    document_number: str | None = None


class Correction(Record):
    """A wrong notice put right by one correction notice."""

    correction: str
    what_code: str
    text: str
    at: datetime
    by: str


class Hold(Record):
    """Seats kept for a group that waits, while its school decides whether it takes them."""

    sessions: tuple[str, ...]
    rank: int
    people: int
    until: datetime


class Placement(Record):
    """The state of one placement. Exactly one of `group` and `applicant` is given."""

    status: Status
    centre: str
    campaign: str
    run: str
    school: str
    group: str | None = None
    applicant: str | None = None
    people: int
    parts: tuple[Part, ...] = ()
    released: bool = False
    confirm_by: datetime | None = None
    approval: Approval | None = None
    wish_rank: int | None = None
    position: int | None = None
    reserve_rank: int | None = None
    reason_code: str | None = None
    facts: dict[str, int] = {}
    reason: str = ""
    offered: int | None = None
    confirmed: int | None = None
    attended: int | None = None
    hold: Hold | None = None
    corrections: tuple[Correction, ...] = ()
    history: tuple[Change, ...] = ()

    @property
    def stops(self) -> list[Stop]:
        """Every stop of every part."""
        return [stop for part in self.parts for stop in part.stops]

    @property
    def ready(self) -> bool:
        """Whether every host has accepted and every safety check is on record."""
        return bool(self.parts) and all(
            stop.accepted and stop.safe and not stop.lost for stop in self.stops
        )

    @property
    def broken(self) -> bool:
        """Whether a stop was lost, so that a repair is due."""
        return any(stop.lost for stop in self.stops)

    @property
    def asks(self) -> bool:
        """Whether the school's yes is wanted: seats are offered, none is lost, no yes stands."""
        return self.status == "offered" and self.approval is None and not self.broken

    @property
    def first_start(self) -> datetime | None:
        """When the first stop begins; None without seats."""
        return min((stop.start for stop in self.stops), default=None)


def facts(placement: Placement) -> dict[str, Any]:
    """What every event of a placement carries: the full state without any free text."""
    return {
        "centre": placement.centre,
        "campaign": placement.campaign,
        "run": placement.run,
        "school": placement.school,
        "group": placement.group,
        "applicant": placement.applicant,
        "people": placement.people,
        "status": placement.status,
        "released": placement.released,
        "confirm_by": stamp(placement.confirm_by) if placement.confirm_by else None,
        "approved_on": placement.approval.approved_on if placement.approval else None,
        "wish_rank": placement.wish_rank,
        "position": placement.position,
        "reserve_rank": placement.reserve_rank,
        "reason_code": placement.reason_code,
        "facts": dict(placement.facts),
        "offered": placement.offered,
        "confirmed": placement.confirmed,
        "attended": placement.attended,
        "parts": [
            {"people": part.people, "stops": [_stop(stop) for stop in part.stops]}
            for part in placement.parts
        ],
    }


def _stop(stop: Stop) -> dict[str, Any]:
    return {**stop.model_dump(exclude={"lost"}), "start": stamp(stop.start), "end": stamp(stop.end)}


def moved(placement: Placement) -> Event:
    """The event that its seats changed, and whether the school has to say yes (again)."""
    return event("moved", placement, asks=placement.asks)


def event(kind: str, placement: Placement, **more: Any) -> Event:
    """The event `placement.<kind>` about this state."""
    return Event(f"placement.{kind}", {**facts(placement), **more})


def conditioned(
    placement: Placement, booking: str, condition: dict[str, Any], decide_by: datetime
) -> Event:
    """What a school hears of a host's condition, and until when it may answer."""
    asked = {"booking": booking, "condition": condition, "decide_by": stamp(decide_by)}
    return event("conditioned", placement, **asked)
