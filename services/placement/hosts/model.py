"""A centre's vetting of a host: the steps before anything may be offered to children.

found → contacted → visited → approved; from each step a host can be held with a reason, and a
held host is visited again before it is approved. Every step is kept with its time and its doer.
"""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from chassis.errors import FieldError, Invalid, Refused
from chassis.facts import Event

Status = Literal["found", "contacted", "visited", "approved", "held"]
HeldFor = Literal["unsafe", "unsuitable", "unreachable", "capacity", "documents", "other"]

NEXT: dict[Status, frozenset[Status]] = {
    "found": frozenset({"contacted", "held"}),
    "contacted": frozenset({"visited", "held"}),
    "visited": frozenset({"approved", "held"}),
    "approved": frozenset({"held"}),
    "held": frozenset({"contacted", "visited"}),
}


class Step(BaseModel):
    """One step of the vetting: what, when, by which account, and why."""

    model_config = ConfigDict(frozen=True)

    status: Status
    at: datetime
    by: str
    reason_code: HeldFor | None = None
    note: str = ""


class Vetting(BaseModel):
    """The vetting of one host by one centre."""

    model_config = ConfigDict(frozen=True)

    centre: str
    host: str
    status: Status
    reason_code: HeldFor | None = None
    steps: list[Step]
    links_since: datetime | None = None
    """Links for the host's answers that were made before are void."""
    links_sent: tuple[datetime, ...] = ()
    """When a new link was asked for lately."""

    def moved(self, step: Step) -> "Vetting":
        """The vetting after one more step. Raises Refused or Invalid."""
        if step.status not in NEXT[self.status]:
            raise Refused("vetting_step", status=self.status, wanted=step.status)
        _check(step)
        return self.model_copy(
            update={
                "status": step.status,
                "reason_code": step.reason_code,
                "steps": [*self.steps, step],
            }
        )


def begun(centre: str, host: str, step: Step) -> Vetting:
    """The first record of a host at a centre. Raises Refused unless it begins at "found"."""
    if step.status != "found":
        raise Refused("vetting_begins_at_found", wanted=step.status)
    return Vetting(centre=centre, host=host, status=step.status, steps=[step])


LINK_PAUSE = timedelta(minutes=10)
LINKS_A_DAY = 3
"""How often a new link goes out: whoever has an old one must not fill the contact's letter-box."""


def revoked(vetting: Vetting, now: datetime) -> tuple[Vetting, list[Event]]:
    """No link that was made until now opens anything."""
    state = vetting.model_copy(update={"links_since": now})
    return state, [_about("host.links_revoked", vetting)]


def link_wanted(vetting: Vetting, now: datetime, asked_by: str) -> tuple[Vetting, list[Event]]:
    """A new link is to go to the known contacts; nothing changes where one went out just now."""
    lately = tuple(at for at in vetting.links_sent if now - at < timedelta(days=1))
    if lately and (now - lately[-1] < LINK_PAUSE or len(lately) >= LINKS_A_DAY):
        return vetting, []
    state = vetting.model_copy(update={"links_sent": (*lately, now)})
    return state, [_about("host.link_wanted", vetting, asked_by=asked_by)]


def _about(name: str, vetting: Vetting, **more: str) -> Event:
    return Event(name, {"centre": vetting.centre, "host": vetting.host, **more})


RANK: tuple[Status, ...] = ("found", "contacted", "visited", "approved", "held")
"""Which of two vettings of one host counts: the further one, and a hold above all."""


def joined(one: Vetting, other: Vetting) -> Vetting:
    """Two vettings of what turned out to be one host: every step of both, as of `one`.

    A hold of either stands until the host is visited again: merging must not lift what somebody
    stopped for the children's sake.
    """
    counts = max((one, other), key=lambda vetting: RANK.index(vetting.status))
    return one.model_copy(
        update={
            "status": counts.status,
            "reason_code": counts.reason_code,
            "steps": sorted([*one.steps, *other.steps], key=lambda step: step.at),
        }
    )


def changed(vetting: Vetting) -> Event:
    """The event of the vetting's latest step."""
    return Event(
        "host.vetting_changed",
        {
            "centre": vetting.centre,
            "host": vetting.host,
            "status": vetting.status,
            "reason_code": vetting.reason_code,
        },
    )


def _check(step: Step) -> None:
    if step.status == "held" and step.reason_code is None:
        raise Invalid([FieldError("/reason_code", "held_needs_reason")])
    if step.status != "held" and step.reason_code is not None:
        raise Invalid([FieldError("/reason_code", "reason_only_when_held")])
