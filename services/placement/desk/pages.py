"""Pages of the centre: what was placed and why not, who has still to answer, what to repair."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from flask import Response, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Stored
from chassis.http.pages import render
from chassis.http.problems import lang, text
from chassis.http.routes import Routes
from chassis.http.sheets import Cell, attachment, workbook
from chassis.roles import Role
from services.placement.desk import operations
from services.placement.repairs import operations as repairs
from services.placement.runs import operations as runs
from services.placement.runs.model import Run

TEMPLATES = Path(__file__).parent / "templates"
CENTRE = (Role.CENTRE,)
PAGE = 50
MOST_ROWS = 500
KEYS = ("people", "state", "rank", "session", "first_start", "reason")
OPEN_ROWS = 8
"""More placed groups than these are folded below those without a seat."""
State = Literal["placed", "waitlisted", "not_selected"]
Shown = Literal["all", "placed", "waitlisted", "not_selected"]
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

    state: Shown | None = None
    cursor: int = Field(default=-1, ge=-1)


@routes.page("/", roles=CENTRE)
def overview(act: Act) -> str:
    """Every campaign that is past its survey, with the verdict of its run."""
    return render("desk/overview.html", rows=operations.overview(act))


@routes.page("/campaigns/<campaign_id>", roles=CENTRE)
def of_campaign(act: Act, path: CampaignPath) -> Response | str:
    """One campaign: its run, the requests that wait, repairs with their preview, the waitlist."""
    desk = operations.campaign(act, path.campaign_id)
    if _ended(desk.run):
        return _anew()
    seats = operations.seats(act, path.campaign_id) if desk.repairs or desk.requests else {}
    return render(
        "desk/campaign.html",
        desk=desk,
        seats=seats,
        groups=operations.groups(act, path.campaign_id, operations.groups_shown(desk)),
        stages=_stages(),
        progress=runs.progress(act, desk.run) if desk.run else None,
    )


@routes.page("/runs/<run_id>", roles=CENTRE)
def results(act: Act, path: RunPath, query: ResultsQuery) -> Response | str:
    """The result of a run, exceptions first, each unplaced applicant with its reason."""
    run = runs.show(act, path.run_id)
    if _ended(run):
        return _anew()
    desk = operations.of_run(act, run)
    counts: dict[str, int] = {}
    if desk.verdict:
        counts = {name: getattr(desk.verdict, name).groups for name in STATES}
    state = query.state or _first(counts)
    rows = runs.results(act, path.run_id, query.cursor, PAGE, _states(state))
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
        stages=_stages(),
        progress=runs.progress(act, run),
        moves=operations.moves(run, rows),
        groups=operations.groups(act, run.state.campaign, [row["applicant"] for row in rows]),
        open_rows=OPEN_ROWS,
    )


@routes.query("/runs/<run_id>/results.xlsx", roles=CENTRE)
def results_sheet(act: Act, path: RunPath, query: ResultsQuery) -> Response:
    """The rows that the page shows, all of them, as a workbook."""
    run = runs.show(act, path.run_id)
    state = query.state or "all"
    seats = operations.seats(act, run.state.campaign)
    found: list[dict[str, Any]] = []
    after = -1
    while rows := runs.results(act, path.run_id, after, MOST_ROWS, _states(state)):
        found.extend(rows)
        after = rows[-1]["number"]
    names = operations.names_of(act, {row["school"] for row in found})
    title = text("page.desk.results")
    groups = operations.groups(act, run.state.campaign, [row["applicant"] for row in found])
    keys = ("school", "grade_head", "class_head", *KEYS)
    heads = [text(f"page.desk.{key}") for key in keys]
    content = workbook(title, heads, (_line(row, names, groups, seats) for row in found))
    return attachment(title, content)


def _line(
    row: dict[str, Any],
    names: Mapping[str, str],
    groups: Mapping[str, operations.Group],
    seats: Mapping[str, operations.Seat],
) -> tuple[Cell, ...]:
    """One result row as the workbook has it."""
    sessions = [seats[id] for part in row["parts"] for id in part["sessions"] if id in seats]
    return (
        names.get(row["school"], ""),
        row["grade"],
        groups[row["applicant"]].name if row["applicant"] in groups else None,
        row["people"],
        text(f"page.desk.row.{row['state']}"),
        row["parts"][0]["rank"] + 1 if row["parts"] else row["position"] or row["reserve_rank"],
        ", ".join(" ".join(filter(None, (one.host, one.team))) for one in sessions),
        min((one.start for one in sessions), default=None),
        row["reason"]["sentences"][lang()] if row["reason"] else None,
    )


def _first(counts: Mapping[str, int]) -> Shown:
    """Everything while it fits on a page; else exceptions first."""
    if sum(counts.values()) <= PAGE:
        return "all"
    return next((name for name in STATES if counts.get(name)), "placed")


def _states(shown: Shown) -> tuple[State, ...] | None:
    return None if shown == "all" else (shown,)


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


def _ended(run: Stored[Run] | None) -> bool:
    """Whether a page that was watching a run has to be shown anew: there is a result."""
    watching = request.headers.get("HX-Request") == "true"
    return watching and (run is None or run.state.status not in ("waiting", "solving"))


def _anew() -> Response:
    return Response(status=204, headers={"HX-Refresh": "true"})


def _field(name: str) -> str:
    return request.form.get(name, "")


def _back(campaign: str) -> Response:
    return redirect(url_for("desk.of_campaign", campaign_id=campaign), 303)  # type: ignore[return-value]
