"""Use cases of releases: follow the campaign's times, release by hand, call off, and the clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import NotFound, Refused
from services.placement.campaigns import operations as campaigns
from services.placement.releases import model
from services.placement.releases.model import Appointment, Releases
from services.placement.releases.store import id_of, releases
from services.placement.runs import operations as runs
from services.placement.runs.model import Stage

AS_MUCH_AS = 100


def follow_campaign(act: Act, campaign: str, told: Mapping[str, Any]) -> None:
    """Keep the campaign's own times as its event tells them."""
    stored = _kept(act, campaign)
    before = Releases(centre=told["centre"], campaign=campaign) if not stored else stored.state
    times: dict[Stage, str | None] = {
        "hosts": told.get("hosts_release_at"),
        "schools": told.get("schools_release_at"),
    }
    after = model.follow(before, times, told["status"] == "cancelled")
    if stored is None:
        releases.create(act, id_of(campaign), after, due=model.due(after))
    elif after != before:
        releases.save(act, stored, after, due=model.due(after))


def show(act: Act, campaign: str) -> Releases:
    """Both releases of a campaign of the act's own centre. Raises NotFound."""
    stored = _kept(act, campaign)
    if stored is not None:
        return stored.state
    return Releases(centre=campaigns.own(act, campaign)["centre"], campaign=campaign)


def plan(
    act: Act,
    run: str,
    stage: Stage,
    answer_by: datetime | None = None,
    anyway: str | None = None,
) -> Receipt:
    """Release a run in ten minutes. What would be refused then is refused now."""
    found = runs.check_release(act, run, stage, answer_by, anyway, act.now + model.UNDO)
    campaign = found.state.campaign
    wanted = Appointment(run=run, answer_by=answer_by, anyway=anyway, asked_by=act.actor)
    id = id_of(campaign)
    try:
        stored = releases.load(act, id)
    except NotFound:
        empty = Releases(centre=found.state.centre, campaign=campaign)
        state = model.plan(empty, stage, wanted, act.now)
        return releases.create(act, id, state, due=model.due(state))
    state = model.plan(stored.state, stage, wanted, act.now)
    return releases.save(act, stored, state, due=model.due(state))


def call_off(act: Act, campaign: str, stage: Stage) -> Receipt:
    """Nothing of this stage goes out; possible until it happens."""
    stored = releases.load(act, id_of(campaign))
    one = stored.state.of(stage)
    state = model.call_off(stored.state, stage, act.now)
    # The clock of the database decides between calling off and the timer.
    return releases.save(act, stored, state, due=model.due(state), before=one.at)


def resume(act: Act, campaign: str, stage: Stage) -> Receipt:
    """The campaign's own time counts again."""
    stored = releases.load(act, id_of(campaign))
    state = model.resume(stored.state, stage, act.now)
    return releases.save(act, stored, state, due=model.due(state))


def come(act: Act, id: str, stage: Stage) -> None:
    """The time of a release has come: begin it, or tell the operator why not.

    Begun and recorded are two writes; after a crash between them the run is found released.
    """
    stored = releases.load(act, id)
    one = stored.state.of(stage)
    if one.status != "set" or one.at is None or one.at > act.now:
        return
    run = one.run
    try:
        run = run or latest_result(act, stored.state.campaign)
        if run is None:
            raise Refused("run_missing")
        if getattr(runs.show(act, run).state, stage) is None:
            runs.release(act, run, stage, one.answer_by, one.anyway)
    except Refused as refused:
        state, events = model.missed(stored.state, stage, refused.code, run)
        releases.save(act, stored, state, events, due=model.due(state))
        return
    state = model.done(stored.state, stage)
    releases.save(act, stored, state, due=model.due(state))


def latest_result(act: Act, campaign: str) -> str | None:
    """The run that the clock releases: the one that hosts know, else the latest with a result."""
    released = runs.released_run(act, campaign)
    if released is not None:
        return released.id
    found = runs.page(act, campaign, AS_MUCH_AS, None).items
    if any(one.state.status in ("waiting", "solving") for one in found):
        raise Refused("run_unfinished")
    finished = [one for one in found if one.state.status == "completed"]
    return max(finished, key=lambda one: one.created).id if finished else None


def _kept(act: Act, campaign: str) -> Stored[Releases] | None:
    try:
        return releases.get(act, id_of(campaign))
    except NotFound:
        return None
