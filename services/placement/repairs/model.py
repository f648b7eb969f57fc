"""A repair: after a decline or an expiry, who moves where, shown before anything is done.

    queued -> previewed -> applied | dismissed
    previewed -> queued        (the market changed under the preview)

One repair of a campaign is in work at a time. It moves only groups that nobody has accepted yet.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Literal

from pydantic import BaseModel, ConfigDict

from chassis.errors import Refused

Status = Literal["queued", "previewed", "applied", "dismissed"]
Cause = Literal["declined", "expired", "cancelled", "session_changed", "by_hand", "asked"]
"""`by_hand`: the operator moves a placement; `asked`: a school asks for other seats."""


class Record(BaseModel):
    """Base of the frozen values of this room."""

    model_config = ConfigDict(frozen=True)


class PartPlan(Record):
    """People who go together, and the sessions they go to, in order."""

    people: int
    sessions: tuple[str, ...]


class Row(Record):
    """One placement in the preview: from where to where; nowhere means the waitlist."""

    placement: str
    applicant: str
    kind: Literal["group", "person"]
    school: str
    people: int
    before: tuple[PartPlan, ...]
    after: tuple[PartPlan, ...]
    wish_rank: int | None = None
    affected: bool = False
    """Whether the cause itself took a stop away from this placement (else it moves to help)."""


class Change(Record):
    """One line of the history: who did what, when, and why."""

    what: str
    by: str
    at: datetime
    why: str = ""


class Repair(Record):
    """The state of one repair."""

    status: Status
    centre: str
    campaign: str
    run: str
    cause: Cause
    booking: str
    session: str
    placements: tuple[str, ...]
    """The placements that lost a stop, or the one that the operator moves."""
    wanted: tuple[str, ...] = ()
    """The sessions that a placement is moved to: by the operator, whatever it costs others, or as
    its school asks, if nobody loses a seat by it."""
    wanted_rank: int = 0
    """The rank of what a school asks for, in the order of sessions by the published rule."""
    rows: tuple[Row, ...] = ()
    market_version: str | None = None
    claim: str | None = None
    """What may be claimed of the preview, or why nobody can be moved (no_answer, none_found,
    market_broken): those who lost a stop then wait."""
    moved_people: int | None = None
    waitlisted: int | None = None
    history: tuple[Change, ...] = ()


def version_of(facts: Iterable[str]) -> str:
    """The market version: a hash over what a preview relied on, in any order."""
    return sha256("\n".join(sorted(facts)).encode()).hexdigest()


def preview(repair: Repair, rows: tuple[Row, ...], market_version: str, claim: str) -> Repair:
    """Show who would move where."""
    if repair.status != "queued":
        raise Refused("repair_state", status=repair.status)
    return repair.model_copy(
        update={
            "status": "previewed",
            "rows": rows,
            "market_version": market_version,
            "claim": claim,
            "moved_people": sum(row.people for row in rows if not row.affected),
            "waitlisted": sum(1 for row in rows if not row.after),
        }
    )


def apply(repair: Repair, market_version: str) -> Repair:
    """Do what was shown, if the market is still the one that it was computed for."""
    if repair.status != "previewed":
        raise Refused("repair_state", status=repair.status)
    if repair.market_version != market_version:
        raise Refused("market_changed")
    return repair.model_copy(update={"status": "applied"})


def dismiss(repair: Repair) -> Repair:
    """Leave the seats lost; the centre finds another way."""
    if repair.status not in ("queued", "previewed"):
        raise Refused("repair_state", status=repair.status)
    return repair.model_copy(update={"status": "dismissed"})


def again(repair: Repair) -> Repair:
    """Compute the preview anew, after the market changed under it."""
    if repair.status != "previewed":
        raise Refused("repair_state", status=repair.status)
    return repair.model_copy(
        update={"status": "queued", "rows": (), "market_version": None, "claim": None}
    )
