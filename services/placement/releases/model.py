"""The releases of one campaign as appointments: by the campaign's own time, or by a person.

    none -> set -> done
            set -> held      stopped by a person before its time
            set -> missed    its time came, and a rule said no; the code says which

A release cannot be taken back once hosts or schools have been told, so nothing goes out at a
click: a person's release happens ten minutes later, and until then it can be called off.
"""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from chassis.errors import Refused
from chassis.facts import Due, Event, moment
from services.placement.runs.model import Stage

UNDO = timedelta(minutes=10)
"""How long a release by a person can be called off."""

Status = Literal["none", "set", "held", "missed", "done"]
STAGES: tuple[Stage, ...] = ("hosts", "schools")


class Appointment(BaseModel):
    """One release to come. `run` is None while the campaign's latest result is meant."""

    model_config = ConfigDict(frozen=True)

    status: Status = "none"
    at: datetime | None = None
    by_clock: bool = True
    run: str | None = None
    answer_by: datetime | None = None
    anyway: str | None = None
    asked_by: str | None = None
    asked_at: datetime | None = None
    code: str | None = None
    """Why it did not happen, where it was missed."""


class Releases(BaseModel):
    """Both releases of a campaign, and the times that the campaign itself names."""

    model_config = ConfigDict(frozen=True)

    centre: str
    campaign: str
    hosts_at: datetime | None = None
    schools_at: datetime | None = None
    hosts: Appointment = Appointment()
    schools: Appointment = Appointment()

    def of(self, stage: Stage) -> Appointment:
        """The appointment of a stage."""
        return self.hosts if stage == "hosts" else self.schools

    def own_time(self, stage: Stage) -> datetime | None:
        """The campaign's own time for a stage."""
        return self.hosts_at if stage == "hosts" else self.schools_at


def timer(stage: Stage) -> str:
    """The name of a stage's due time."""
    return f"release_{stage}"


def due(state: Releases) -> list[Due]:
    """The due times of what is set."""
    found = []
    for stage in STAGES:
        one = state.of(stage)
        if one.status == "set" and one.at is not None:
            found.append(Due(one.at, timer(stage)))
    return found


def follow(state: Releases, times: dict[Stage, str | None], over: bool) -> Releases:
    """The campaign's own times as its latest event tells them.

    What a person set, stopped, or what has happened stays as it is; so does a time that has not
    changed, whatever became of it. A campaign that is called off (`over`) releases nothing.
    """
    for stage in STAGES:
        told = times[stage]
        at = None if told is None or over else moment(told)
        before, one = state.own_time(stage), state.of(stage)
        state = state.model_copy(update={f"{stage}_at": at})
        if one.status == "done" or (at == before and not over):
            continue
        if over or one.by_clock:
            state = _with(state, stage, _by_clock(at))
    return state


def plan(state: Releases, stage: Stage, wanted: Appointment, now: datetime) -> Releases:
    """A person releases: it happens when the time for calling it off is over."""
    one = state.of(stage)
    if one.status == "done":
        raise Refused("released_already")
    if one.status == "set" and not one.by_clock:
        raise Refused("release_planned_already", at=one.at)
    at = now + UNDO
    if one.status == "set" and one.at is not None and one.at <= at:
        raise Refused("release_planned_already", at=one.at)
    changes = {"status": "set", "at": at, "by_clock": False, "asked_at": now}
    return _with(state, stage, wanted.model_copy(update=changes))


def call_off(state: Releases, stage: Stage, now: datetime) -> Releases:
    """Nothing goes out; the campaign's own time counts again if it still lies ahead.

    What the clock alone had set is held until a person releases or resumes it.
    """
    one = state.of(stage)
    if one.status != "set" or one.at is None or one.at <= now:
        raise Refused("release_not_planned")
    own = state.own_time(stage)
    if not one.by_clock and own is not None and own > now:
        return _with(state, stage, _by_clock(own))
    return _with(state, stage, one.model_copy(update={"status": "held"}))


def resume(state: Releases, stage: Stage, now: datetime) -> Releases:
    """The campaign's own time counts again."""
    own = state.own_time(stage)
    if state.of(stage).status not in ("held", "missed") or own is None or own <= now:
        raise Refused("release_not_planned")
    return _with(state, stage, _by_clock(own))


def done(state: Releases, stage: Stage) -> Releases:
    """The release has begun; nothing is due any more."""
    return _with(state, stage, state.of(stage).model_copy(update={"status": "done"}))


def missed(
    state: Releases, stage: Stage, code: str, run: str | None
) -> tuple[Releases, list[Event]]:
    """The time came, and a rule said no: the operator is told, and decides."""
    one = state.of(stage).model_copy(update={"status": "missed", "code": code})
    told = {
        "centre": state.centre,
        "campaign": state.campaign,
        "stage": stage,
        "run": run,
        "code": code,
    }
    return _with(state, stage, one), [Event("release.missed", told)]


def _by_clock(at: datetime | None) -> Appointment:
    return Appointment(status="none" if at is None else "set", at=at)


def _with(state: Releases, stage: Stage, one: Appointment) -> Releases:
    return state.model_copy(update={stage: one})
