"""Pages of releases: look at what goes out, let it go in ten minutes, and call it off."""

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, redirect, request, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.errors import Problem, Refused
from chassis.facts import KST, moment
from chassis.http.pages import render
from chassis.http.problems import text
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.campaigns import operations as campaigns
from services.placement.organisations import operations as organisations
from services.placement.releases import operations
from services.placement.releases.preview import preview
from services.placement.runs import operations as runs
from services.placement.runs.model import Stage

TEMPLATES = Path(__file__).parent / "templates"
CENTRE = (Role.CENTRE,)
ANSWER_BY = {"hosts": "hosts_reply_by", "schools": "schools_confirm_by"}
WITH_A_REASON = ("hosts_not_answered", "repairs_open")
"""Refusals that the operator may overrule by saying why."""

routes = Routes("release_pages", templates=str(TEMPLATES))


class StagePath(BaseModel):
    """Which run, and to whom."""

    run_id: str
    stage: Stage


class CampaignPath(BaseModel):
    """Which campaign, and which of its releases."""

    campaign_id: str
    stage: Stage


@routes.page("/runs/<run_id>/release/<stage>", roles=CENTRE)
def look(act: Act, path: StagePath) -> str:
    """Who would be told what, and by when they answer."""
    return _page(act, path, {})


@routes.form("/runs/<run_id>/release/<stage>", roles=CENTRE)
def send(act: Act, path: StagePath) -> Response | tuple[str, int]:
    """Release in ten minutes, or at once if the form says so."""
    try:
        answer_by = _local(request.form.get("answer_by", ""))
        anyway = request.form.get("anyway", "").strip()[:500] or None
        if request.form.get("at_once"):
            runs.release(act, path.run_id, path.stage, answer_by, anyway)
        else:
            operations.plan(act, path.run_id, path.stage, answer_by, anyway)
    except Problem as problem:
        return _page(act, path, request.form, problem), problem.status
    return _back(runs.show(act, path.run_id).state.campaign)


@routes.form("/campaigns/<campaign_id>/releases/<stage>/call-off", roles=CENTRE)
def stop(act: Act, path: CampaignPath) -> Response:
    """Nothing goes out."""
    operations.call_off(act, path.campaign_id, path.stage)
    return _back(path.campaign_id)


@routes.form("/campaigns/<campaign_id>/releases/<stage>/resume", roles=CENTRE)
def go_on(act: Act, path: CampaignPath) -> Response:
    """The campaign's own time counts again."""
    operations.resume(act, path.campaign_id, path.stage)
    return _back(path.campaign_id)


def _page(act: Act, path: StagePath, typed: Any, problem: Problem | None = None) -> str:
    run = runs.show(act, path.run_id)
    campaign = run.state.campaign
    frame = campaigns.own(act, campaign)
    usual = moment(frame[ANSWER_BY[path.stage]]).astimezone(KST)
    found = (
        []
        if problem is None
        else [(_field(problem), text(f"problem.{problem.code}", **problem.facts))]
    )
    return render(
        "releases/preview.html",
        run=run,
        stage=path.stage,
        campaign=campaign,
        names=organisations.names(act, [campaign]),
        found=preview(act, run, path.stage),
        appointment=operations.show(act, campaign).of(path.stage),
        released=getattr(run.state, path.stage),
        answer_by=typed.get("answer_by") or usual.strftime("%Y-%m-%dT%H:%M"),
        anyway=typed.get("anyway", ""),
        ask_why=(problem is not None and problem.code in WITH_A_REASON)
        or bool(typed.get("anyway")),
        errors=found,
    )


def _field(problem: Problem) -> str:
    if problem.code in WITH_A_REASON:
        return "anyway"
    late = problem.code.endswith("_passed") or problem.code == "not_a_time"
    return "answer_by" if late else ""


def _local(written: str) -> datetime | None:
    """A local time of the form in Seoul; empty: the campaign's own."""
    if not written:
        return None
    try:
        return datetime.fromisoformat(written).replace(tzinfo=KST)
    except ValueError:
        raise Refused("not_a_time") from None


def _back(campaign: str) -> Response:
    return redirect(url_for("desk.of_campaign", campaign_id=campaign), 303)  # type: ignore[return-value]
