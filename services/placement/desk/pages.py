"""Pages of the centre: what was placed and why not, who has still to answer, what to repair."""

from pathlib import Path
from typing import Literal

from flask import Response, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.http.pages import render
from chassis.http.problems import text
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.desk import operations
from services.placement.repairs import operations as repairs
from services.placement.runs import operations as runs

TEMPLATES = Path(__file__).parent / "templates"
CENTRE = (Role.CENTRE,)
PAGE = 50
State = Literal["placed", "waitlisted", "not_selected"]
STATES: tuple[State, ...] = ("waitlisted", "not_selected", "placed")
"""Exceptions first."""

routes = Routes("desk", templates=str(TEMPLATES))


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: str


class RunPath(BaseModel):
    """Which run."""

    run_id: str


class RepairPath(BaseModel):
    """Which repair."""

    repair_id: str


class ResultsQuery(BaseModel):
    """Which rows of a result: of one state, after this number."""

    state: State | None = None
    cursor: int = Field(default=-1, ge=-1)


@routes.page("/", roles=CENTRE)
def overview(act: Act) -> str:
    """Every campaign that is past its survey, with the verdict of its run."""
    return render("desk/overview.html", rows=operations.overview(act))


@routes.page("/campaigns/<campaign_id>", roles=CENTRE)
def of_campaign(act: Act, path: CampaignPath) -> str:
    """One campaign: its run, the requests that wait, repairs with their preview, the waitlist."""
    desk = operations.campaign(act, path.campaign_id)
    seats = operations.seats(act, path.campaign_id) if desk.repairs else {}
    return render(
        "desk/campaign.html",
        desk=desk,
        seats=seats,
        stages=_stages(),
        progress=runs.progress(act, desk.run) if desk.run else None,
    )


@routes.page("/runs/<run_id>", roles=CENTRE)
def results(act: Act, path: RunPath, query: ResultsQuery) -> str:
    """The result of a run, exceptions first, each unplaced applicant with its reason."""
    run = runs.show(act, path.run_id)
    desk = operations.of_run(act, run)
    counts = {name: getattr(desk.verdict, name).groups for name in STATES} if desk.verdict else {}
    first: State = next((name for name in STATES if counts.get(name)), STATES[-1])
    state = query.state or first
    rows = runs.results(act, path.run_id, query.cursor, PAGE, (state,))
    return render(
        "desk/run.html",
        desk=desk,
        run=run,
        counts=counts,
        chosen=state,
        rows=rows,
        following=rows[-1]["number"] if len(rows) == PAGE else None,
        seats=operations.seats(act, run.state.campaign),
        names=operations.names_of(act, {row["school"] for row in rows}),
    )


@routes.form("/campaigns/<campaign_id>/start", roles=CENTRE)
def start(act: Act, path: CampaignPath) -> Response:
    """Start a run with the campaign's own mode."""
    runs.start(act, path.campaign_id, None, None)
    return _back(path.campaign_id)


@routes.form("/runs/<run_id>/cancel", roles=CENTRE)
def cancel(act: Act, path: RunPath) -> Response:
    """Stop the run."""
    found = runs.show(act, path.run_id)
    runs.cancel(act, path.run_id)
    return _back(found.state.campaign)


@routes.form("/runs/<run_id>/go-on", roles=CENTRE)
def go_on(act: Act, path: RunPath) -> Response:
    """Run although answers are missing, with the reason on record."""
    found = runs.show(act, path.run_id)
    runs.go_on(act, path.run_id, _field("reason")[:500])
    return _back(found.state.campaign)


@routes.form("/repairs/<repair_id>/apply", roles=CENTRE)
def apply(act: Act, path: RepairPath) -> Response:
    """Do what the preview showed."""
    found = repairs.show(act, path.repair_id)
    repairs.apply(act, path.repair_id)
    return _back(found.state.campaign)


def _stages() -> list[str]:
    return [text(f"page.desk.stage.{name}") for name in operations.STAGES]


def _field(name: str) -> str:
    return request.form.get(name, "")


def _back(campaign: str) -> Response:
    return redirect(url_for("desk.of_campaign", campaign_id=campaign), 303)  # type: ignore[return-value]
