"""A run: the campaign's market is frozen, solved, and released in two steps.

    waiting -> solving -> completed | failed
    waiting | solving -> cancelled

A run waits until the copy of the demands agrees with the campaign's manifest, or until the
operator decides to go on without, with a reason on record. Nothing about a single placement is
published before its release: first to the hosts, then to the schools.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chassis.errors import Refused
from chassis.facts import Event, stamp

Status = Literal["waiting", "solving", "completed", "failed", "cancelled"]
Mode = Literal["max", "stable"]
Stage = Literal["hosts", "schools"]
Numbers = dict[str, int | None]

OVER: frozenset[str] = frozenset({"completed", "failed", "cancelled"})


class Record(BaseModel):
    """Base of the frozen values of this room."""

    model_config = ConfigDict(frozen=True)


class Change(Record):
    """One line of the history: who did what, when, and why."""

    what: str
    by: str
    at: datetime
    why: str = ""


class Hole(Record):
    """A bucket of the manifest in which the copy differs, and what is known of the cause."""

    kind: str
    bucket: str
    why: str


class Release(Record):
    """One release as a job: it goes on from `done` rows after a crash."""

    requested: datetime
    by: str
    answer_by: datetime
    """Hosts answer, or schools confirm, before this time."""
    done: int = 0
    finished: datetime | None = None


class Result(Record):
    """What the winning attempt found, with the hashes that let anyone recompute it."""

    attempt: int
    numbers: Numbers
    other_mode: Numbers | None
    claims: tuple[str, ...]
    chosen_schools: tuple[str, ...]
    rows: int
    frozen_hash: str
    """Of the market before the lottery's seed existed: part of the seed."""
    market_hash: str
    """Of the market file that was solved, with the seed."""
    result_hash: str
    reproducible: bool = True


class Run(Record):
    """The state of one run."""

    status: Status
    centre: str
    campaign: str
    mode: Mode
    time_limit: int
    """Seconds of solving."""
    rules_hash: str
    missing: tuple[Hole, ...] = ()
    go_on: str | None = None
    """The operator's reason for running although the manifest has holes."""
    cancel_requested: bool = False
    attempt: int = 0
    failure: str | None = None
    result: Result | None = None
    hosts: Release | None = None
    schools: Release | None = None
    history: tuple[Change, ...] = ()


Step = tuple[Run, list[Event]]


def start(run: Run) -> Step:
    """A new run waits for a solver."""
    return run, [
        Event("run.started", {"centre": run.centre, "campaign": run.campaign, "mode": run.mode})
    ]


def wait_for(run: Run, missing: tuple[Hole, ...]) -> Run:
    """Show why the run cannot begin yet."""
    return run.model_copy(update={"missing": missing})


def begin(run: Run, attempt: int) -> Run:
    """A solver claimed the run. A later attempt takes over from one that died."""
    if run.status not in ("waiting", "solving") or attempt <= run.attempt:
        raise Refused("run_state", status=run.status)
    return run.model_copy(update={"status": "solving", "attempt": attempt})


def go_on(run: Run, reason: str) -> Run:
    """Run in spite of the holes in the manifest; the reason stays on record."""
    if run.status != "waiting":
        raise Refused("run_state", status=run.status)
    return run.model_copy(update={"go_on": reason})


def complete(run: Run, result: Result) -> Step:
    """The result of one attempt becomes the run's result."""
    if run.status != "solving" or result.attempt != run.attempt:
        raise Refused("run_state", status=run.status)
    done = run.model_copy(update={"status": "completed", "result": result})
    return done, [
        Event(
            "run.completed",
            {
                "centre": run.centre,
                "campaign": run.campaign,
                "mode": run.mode,
                "numbers": dict(result.numbers),
                "other_mode": None if result.other_mode is None else dict(result.other_mode),
                "claims": list(result.claims),
                "market_hash": result.market_hash,
                "result_hash": result.result_hash,
                "rules_hash": run.rules_hash,
            },
        )
    ]


def fail(run: Run, code: str) -> Step:
    """The market cannot be solved as it stands; the code says why."""
    if run.status in OVER:
        raise Refused("run_state", status=run.status)
    done = run.model_copy(update={"status": "failed", "failure": code})
    return done, [
        Event("run.failed", {"centre": run.centre, "campaign": run.campaign, "code": code})
    ]


def request_cancel(run: Run) -> Step:
    """Stop: at once while waiting, else as soon as the solver sees it."""
    if run.status in OVER:
        raise Refused("run_state", status=run.status)
    if run.status == "waiting":
        return cancelled(run)
    return run.model_copy(update={"cancel_requested": True}), []


def cancelled(run: Run) -> Step:
    """The run has stopped without a result."""
    done = run.model_copy(update={"status": "cancelled", "cancel_requested": True})
    return done, [Event("run.cancelled", {"centre": run.centre, "campaign": run.campaign})]


def release(run: Run, stage: Stage, job: Release, now: datetime) -> Run:
    """Begin one release. The second needs the first to be finished."""
    if run.status != "completed":
        raise Refused("run_not_completed", status=run.status)
    if job.answer_by <= now:
        code = "hosts_reply_by_passed" if stage == "hosts" else "schools_confirm_by_passed"
        raise Refused(code, at=job.answer_by)
    if stage == "hosts":
        if run.hosts is not None:
            raise Refused("released_already")
        return run.model_copy(update={"hosts": job})
    if run.hosts is None or run.hosts.finished is None:
        raise Refused("hosts_release_first")
    if run.schools is not None:
        raise Refused("released_already")
    return run.model_copy(update={"schools": job})


def answer_time(now: datetime, wanted: datetime, start: datetime | None, days: int) -> datetime:
    """Until when a later request is answered: the campaign's date, else so many days from now.

    Never after the visit begins, and never less than an hour from now.
    """
    if wanted > now:
        return wanted
    latest = now + timedelta(days=days)
    if start is not None:
        latest = min(latest, start)
    return max(latest, now + timedelta(hours=1))


def advance(run: Run, stage: Stage, done: int) -> Run:
    """The release has handled `done` rows."""
    job = run.hosts if stage == "hosts" else run.schools
    if job is None:
        raise Refused("run_state", status=run.status)
    return run.model_copy(update={stage: job.model_copy(update={"done": done})})


def finish(run: Run, stage: Stage, now: datetime) -> Step:
    """The release is complete: everyone concerned has its own event by now."""
    job = run.hosts if stage == "hosts" else run.schools
    if job is None or job.finished is not None:
        raise Refused("run_state", status=run.status)
    done = run.model_copy(update={stage: job.model_copy(update={"finished": now})})
    told: dict[str, Any] = {
        "centre": run.centre,
        "campaign": run.campaign,
        "stage": stage,
        "at": stamp(job.requested),
    }
    return done, [Event("run.released", told)]
