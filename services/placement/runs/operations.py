"""Use cases of runs: start, cancel, go on without, release, and read what came out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from chassis.act import Act
from chassis.documents import Page, Receipt, Stored
from chassis.errors import NotFound, Refused
from chassis.facts import Due, moment
from chassis.scope import Centre, Party, Public
from services.placement.bookings import operations as bookings
from services.placement.campaigns import operations as campaigns
from services.placement.demands import operations as demands
from services.placement.placements import operations as placements
from services.placement.runs import files, lottery, model, result_rows, store
from services.placement.runs.model import Change, Mode, Release, Run, Stage

DEFAULT_SECONDS = 60
LOTTERY = "lottery.json"


def start(act: Act, campaign: str, mode: Mode | None, time_limit: int | None) -> Receipt:
    """Start a run for a campaign whose survey has closed. One at a time, none after a release."""
    found = campaigns.own(act, campaign)
    id = act.new_id("run")
    run = Run(
        status="waiting",
        centre=found["centre"],
        campaign=campaign,
        mode=mode or found["mode"],
        time_limit=time_limit or DEFAULT_SECONDS,
        rules_hash=found["rules_hash"],
    )
    state, events = model.start(run)
    try:
        already = store.runs.load(act, id)
    except NotFound:
        already = None
    if already is None:
        if not campaigns.closed(found):
            raise Refused("campaign_not_closed", status=found["status"])
        if store.unfinished(act, campaign):
            raise Refused("run_unfinished")
        if store.released(act, campaign) is not None:
            raise Refused("released_already")
    return store.runs.create(act, id, noted(act, state, "started"), events)


def show(act: Act, id: str) -> Stored[Run]:
    """One run within scope."""
    return store.runs.get(act, id)


def progress(act: Act, run: Stored[Run]) -> dict[str, Any] | None:
    """What the solver of a run has reached."""
    return store.progress(act, run.id)


def page(act: Act, campaign: str | None, limit: int, after: str | None) -> Page[Run]:
    """A page of the runs within scope."""
    return store.page(act, campaign, limit, after)


def cancel(act: Act, id: str) -> Receipt:
    """Stop a run: at once while it waits, else as soon as the solver sees it."""
    stored = store.runs.load(act, id)
    state, events = model.request_cancel(stored.state)
    return store.runs.save(act, stored, noted(act, state, "cancel_requested"), events)


def go_on(act: Act, id: str, reason: str) -> Receipt:
    """Run although the manifest has holes; the reason stays on record."""
    stored = store.runs.load(act, id)
    state = model.go_on(stored.state, reason)
    return store.runs.save(act, stored, noted(act, state, "goes_on", reason))


def release(
    act: Act, id: str, stage: Stage, answer_by: Any = None, anyway: str | None = None
) -> Receipt:
    """Begin a release at once; a timer does the work, so that a crash only delays it.

    `answer_by` defaults to the campaign's dates. The schools' release waits for the hosts'
    answers and for repairs, unless the operator says why not (`anyway`).
    """
    stored = store.runs.load(act, id)
    state = _released(act, stored, stage, answer_by, anyway, act.now)
    noted_state = noted(act, state, f"released_to_{stage}", anyway or "")
    return store.runs.save(act, stored, noted_state, due=[Due(act.now, "release")])


def check_release(
    act: Act, id: str, stage: Stage, answer_by: Any, anyway: str | None, at: datetime
) -> Stored[Run]:
    """The run, if it could be released at this time as things stand now. Raises Refused."""
    stored = store.runs.get(act, id)
    _released(act, stored, stage, answer_by, anyway, at)
    return stored


def _released(
    act: Act, stored: Stored[Run], stage: Stage, answer_by: Any, anyway: str | None, at: datetime
) -> Run:
    run = stored.state
    if answer_by is None:
        found = campaigns.own(act, run.campaign)
        name = "hosts_reply_by" if stage == "hosts" else "schools_confirm_by"
        answer_by = moment(found[name])
    job = Release(requested=act.now, by=act.actor, answer_by=answer_by)
    state = model.release(run, stage, job, at)
    if stage == "hosts":
        other = store.released(act, run.campaign)
        if other is not None and other.id != stored.id:
            raise Refused("released_already")
        left = demands.left(act, run.campaign)
        if left and run.result and result_rows.of_schools(act, stored.id, run.result.attempt, left):
            raise Refused("school_left")
    elif anyway is None:
        waiting = bookings.open_requests(act, stored.id)
        if waiting:
            raise Refused("hosts_not_answered", open=waiting)
        broken = placements.broken(act, stored.id)
        if broken:
            raise Refused("repairs_open", open=broken)
    return state


def results(
    act: Act, id: str, after: int, limit: int, states: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Result rows: all (or those in `states`) with their reasons for the centre, its own released
    ones for a school."""
    if isinstance(act.scope, Party):
        found = result_rows.of_school(act, id, after, limit)
        if not found and after < 0:
            # A run of others and a run that is not released yet look the same: not there.
            raise NotFound()
        return found
    run = store.runs.get(act, id).state
    if run.result is None:
        return []
    return result_rows.page(act, id, run.result.attempt, after, limit, states)


def counts(act: Act, run: Stored[Run]) -> dict[str, tuple[int, int]]:
    """Applicants and people of a completed run by the state of their rows."""
    result = run.state.result
    return {} if result is None else result_rows.counts(act, run.id, result.attempt)


def shares(act: Act, run: Stored[Run]) -> list[tuple[str, int, int]]:
    """(school, people placed, people who asked) of a completed run."""
    result = run.state.result
    return [] if result is None else result_rows.shares(act, run.id, result.attempt)


def rows_for(act: Act, id: str, applicants: list[str]) -> dict[str, dict[str, Any]]:
    """The result rows of some applicants of a completed run, by applicant."""
    run = store.runs.get(act, id).state
    if run.result is None:
        return {}
    return result_rows.of_applicants(act, id, run.result.attempt, applicants)


def last_position(act: Act, id: str) -> int:
    """The last place of the waitlist that the run itself gave out."""
    run = store.runs.get(act, id).state
    return 0 if run.result is None else result_rows.waiting(act, id, run.result.attempt)


def released_run(act: Act, campaign: str) -> Stored[Run] | None:
    """The run of a campaign that was released to hosts, if any."""
    return store.released(act, campaign)


def told_to_all(act: Act, campaign: str) -> Stored[Run] | None:
    """The run of a campaign whose result everybody has been told, if any."""
    return store.released_public(act, campaign)


def file(act: Act, id: str, name: str) -> bytes:
    """A file of a completed run's directory, for its centre."""
    run = store.runs.get(act, id).state
    content = None
    if run.result is not None and name != files.FROZEN:
        content = files.read(act, id, run.result.attempt, name)
    if content is None:
        raise NotFound()
    return content


def frozen(act: Act, id: str) -> bytes:
    """The market of a completed run with the ids of the house."""
    run = store.runs.get(act, id).state
    content = None
    if run.result is not None:
        content = files.read(act, id, run.result.attempt, files.FROZEN)
    if content is None:
        raise NotFound()
    return content


def published(act: Act, id: str) -> list[dict[str, str]]:
    """Name and SHA-256 of every file that a run has published, by name."""
    everyone = replace(act, scope=Public())
    run = store.runs.get(everyone, id).state
    attempt = 0 if run.result is None else run.result.attempt
    drawn = {"name": LOTTERY, "sha256": sha256(_lottery_file(act, run.campaign)).hexdigest()}
    return [*files.public(everyone, id, attempt), drawn]


def published_file(act: Act, id: str, name: str) -> bytes:
    """One of those files, for anyone: with the others it is what the verifier reads."""
    everyone = replace(act, scope=Public())
    run = store.runs.get(everyone, id).state
    if name == LOTTERY:
        return _lottery_file(act, run.campaign)
    shown = {row["name"] for row in published(act, id)}
    content = None
    if run.result is not None and name in shown:
        content = files.read(replace(act, scope=Centre(run.centre)), id, run.result.attempt, name)
    if content is None:
        raise NotFound()
    return content


def _lottery_file(act: Act, campaign: str) -> bytes:
    """The lottery as the verifier reads it: everything that recomputes the seed."""
    shown = show_lottery(act, campaign)
    kept = {k: v for k, v in shown.items() if k not in ("campaign", "committed_at")}
    return json.dumps(kept, indent=2, sort_keys=True).encode() + b"\n"


def run_before(act: Act, centre: str, campaign: str) -> Stored[Run] | None:
    """The centre's latest run of another campaign that everybody has been told of."""
    wanted = {"state.centre": centre, "state.campaign": {"$ne": campaign}}
    found = list(store.runs.each(replace(act, scope=Public()), wanted, sort="created"))
    return found[-1] if found else None


def told_to_wait(act: Act, run: Stored[Run]) -> dict[str, int]:
    """Whom a run itself put on the waitlist: applicant to position. For sums, never for a list."""
    inside, found = replace(act, scope=Centre(run.state.centre)), dict[str, int]()
    after = -1
    while run.state.result is not None:
        rows = result_rows.page(
            inside, run.id, run.state.result.attempt, after, states=("waitlisted",)
        )
        if not rows:
            break
        found |= {row["applicant"]: row["position"] for row in rows}
        after = rows[-1]["number"]
    return found


def commit_lottery(act: Act, campaign: str) -> None:
    """Make the campaign's secret, and keep its commitment, as soon as it is announced."""
    if store.lottery(act, campaign) is None:
        secret = lottery.fresh_secret()
        store.keep_lottery(act, campaign, secret, lottery.commitment(secret))


def show_lottery(act: Act, campaign: str) -> dict[str, Any]:
    """The public side of a lottery: the commitment; after the release also what it hid."""
    found = store.lottery(act, campaign)
    if found is None:
        raise NotFound()
    shown: dict[str, Any] = {
        "campaign": campaign,
        "commitment": found["commitment"],
        "committed_at": found["made"],
    }
    run = store.released_public(act, campaign)
    if run is not None and run.state.result is not None:
        result = run.state.result
        shown |= {
            "secret": found["secret"],
            "frozen_hash": result.frozen_hash,
            "market_hash": result.market_hash,
            "result_hash": result.result_hash,
            "rules_hash": run.state.rules_hash,
            "seed": lottery.seed(found["secret"], result.frozen_hash, run.state.rules_hash),
        }
    return shown


def noted(act: Act, run: Run, what: str, why: str = "") -> Run:
    """The run with one more line of history."""
    line = Change(what=what, by=act.actor, at=act.now, why=why)
    return run.model_copy(update={"history": (*run.history, line)})
