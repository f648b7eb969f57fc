"""JSON endpoints of runs: start, watch, cancel, release, and read what came out."""

from datetime import datetime
from typing import Any

from flask import Response
from pydantic import AwareDatetime, BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from chassis.scope import Party
from services.placement.runs import operations
from services.placement.runs.model import Hole, Mode, Release, Result, Run, Stage, Status

routes = Routes("runs", "/api/v1/runs")
lottery_routes = Routes("lotteries", "/api/v1/lotteries")


class RunPath(BaseModel):
    """Which run."""

    run_id: str


class FilePath(RunPath):
    """Which file of a run's directory: `market.json`, `result.json`, `certificate.json`, …"""

    name: str


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: str


class StartBody(Body):
    """A run for a campaign; mode and time limit (seconds) default to the campaign's and 60."""

    campaign: str
    mode: Mode | None = None
    time_limit: int | None = Field(default=None, ge=1, le=3600)


class GoOnBody(Body):
    """Why the run goes on although the manifest has holes."""

    reason: str = Field(min_length=1, max_length=500)


class ReleaseBody(Body):
    """To whom; until when they answer (the campaign's date by default); why before the time."""

    stage: Stage
    answer_by: AwareDatetime | None = None
    anyway: str | None = Field(default=None, min_length=1, max_length=500)


class EmptyBody(Body):
    """Nothing to say beside the act itself."""


class ChangeView(BaseModel):
    """One line of the history."""

    what: str
    by: str
    at: datetime
    why: str


class ProgressView(BaseModel):
    """What the solver has reached."""

    phase: str
    stage: str | None = None
    stage_number: int | None = None
    stages: int | None = None
    value: int | None = None
    bound: int | None = None
    gap: float | None = None
    best: dict[str, int] = {}
    at: datetime


class RunView(BaseModel):
    """A run with its progress, its result's numbers, and its releases."""

    id: str
    version: int
    status: Status
    campaign: str
    mode: Mode
    time_limit: int
    rules_hash: str
    missing: list[Hole]
    go_on: str | None
    attempt: int
    failure: str | None
    cancel_requested: bool
    progress: ProgressView | None
    result: Result | None
    hosts: Release | None
    schools: Release | None
    started_at: datetime
    changed_at: datetime
    history: list[ChangeView]


class RunsQuery(BaseModel):
    """Which runs, and where the page begins."""

    campaign: str | None = None
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = None


class RunsView(BaseModel):
    """A page of runs."""

    items: list[RunView]
    next: str | None


class ResultsQuery(BaseModel):
    """Where the page begins: after this row."""

    limit: int = Field(default=100, ge=1, le=500)
    cursor: int = -1


class GrantedView(BaseModel):
    """People who go together, with their sessions and the rank of the wish."""

    people: int
    wish: int
    rank: int
    sessions: list[str]


class RowView(BaseModel):
    """One applicant's result. The wishes' reasons and the draw are for the centre."""

    number: int
    applicant: str
    kind: str
    school: str
    people: int
    state: str
    parts: list[GrantedView]
    reason: dict[str, Any] | None
    why_not: list[dict[str, Any]]
    position: int | None
    reserve_rank: int | None
    draw: int
    line: str | None = None
    """The applicant's name in the public files."""


class PublishedFile(BaseModel):
    """A published file and the SHA-256 of its bytes."""

    name: str
    sha256: str


class PublishedView(BaseModel):
    """The files of a released run."""

    files: list[PublishedFile]


class ResultsView(BaseModel):
    """A page of result rows."""

    items: list[RowView]
    next: int | None


class LotteryView(BaseModel):
    """The lottery: its commitment, and after the release all that recomputes it."""

    campaign: str
    commitment: str
    committed_at: datetime
    secret: str | None = None
    frozen_hash: str | None = None
    market_hash: str | None = None
    result_hash: str | None = None
    rules_hash: str | None = None
    seed: str | None = None


def view(stored: Stored[Run], progress: dict[str, Any] | None = None) -> RunView:
    """The run as its centre sees it."""
    return RunView.model_validate(
        {
            **stored.state.model_dump(exclude={"centre"}),
            "id": stored.id,
            "version": stored.version,
            "progress": progress,
            "started_at": stored.created,
            "changed_at": stored.changed,
        }
    )


@routes.command("POST", "", roles=(Role.CENTRE,), status=201)
def start(act: Act, body: StartBody) -> Receipt:
    """Start a run; a solver claims it when the copy of the demands is whole."""
    return operations.start(act, body.campaign, body.mode, body.time_limit)


@routes.query("", roles=(Role.CENTRE, Role.OFFICE), answer=RunsView)
def index(act: Act, query: RunsQuery) -> RunsView:
    """The runs of the centre."""
    page = operations.page(act, query.campaign, query.limit, query.cursor)
    return RunsView(items=[view(row) for row in page.items], next=page.next)


@routes.query("/<run_id>", roles=(Role.CENTRE, Role.OFFICE), answer=RunView)
def show(act: Act, path: RunPath) -> RunView:
    """One run with what its solver has reached."""
    stored = operations.show(act, path.run_id)
    return view(stored, operations.progress(act, stored))


@routes.command("POST", "/<run_id>/cancel", roles=(Role.CENTRE,))
def cancel(act: Act, path: RunPath, body: EmptyBody) -> Receipt:
    """Stop the run."""
    return operations.cancel(act, path.run_id)


@routes.command("POST", "/<run_id>/go-on", roles=(Role.CENTRE,))
def go_on(act: Act, path: RunPath, body: GoOnBody) -> Receipt:
    """Run although the manifest has holes; the reason stays on record."""
    return operations.go_on(act, path.run_id, body.reason)


@routes.command("POST", "/<run_id>/release", roles=(Role.CENTRE,))
def release(act: Act, path: RunPath, body: ReleaseBody) -> Receipt:
    """Release to the hosts, then to the schools."""
    return operations.release(act, path.run_id, body.stage, body.answer_by, body.anyway)


@routes.query("/<run_id>/results", roles=(Role.CENTRE, Role.SCHOOL), answer=ResultsView)
def results(act: Act, path: RunPath, query: ResultsQuery) -> ResultsView:
    """All rows with their reasons for the centre; its own for a school, once released."""
    rows = operations.results(act, path.run_id, query.cursor, query.limit)
    school = isinstance(act.scope, Party)
    items = [RowView.model_validate({**row, "why_not": []} if school else row) for row in rows]
    more = len(rows) == query.limit
    return ResultsView(items=items, next=rows[-1]["number"] if more else None)


@routes.query("/<run_id>/files/<name>", roles=(Role.CENTRE,))
def file(act: Act, path: FilePath) -> Response:
    """A file of the run's directory, for the centre before anything is released."""
    return _download(path, operations.file(act, path.run_id, path.name))


@routes.query("/<run_id>/published", roles=(Role.PUBLIC,), answer=PublishedView)
def published(act: Act, path: RunPath) -> PublishedView:
    """What anyone may check once the run is released to schools: all files of its directory."""
    rows = operations.published(act, path.run_id)
    return PublishedView(files=[PublishedFile.model_validate(row) for row in rows])


@routes.query("/<run_id>/published/<name>", roles=(Role.PUBLIC,))
def published_file(act: Act, path: FilePath) -> Response:
    """One of those files; put them into one directory and run the verifier on it."""
    return _download(path, operations.published_file(act, path.run_id, path.name))


def _download(path: FilePath, content: bytes) -> Response:
    kind = "application/json" if path.name.endswith(".json") else "application/octet-stream"
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{path.name}"'
    return response


@lottery_routes.query("/<campaign_id>", roles=(Role.PUBLIC,), answer=LotteryView)
def lottery(act: Act, path: CampaignPath) -> LotteryView:
    """The commitment of a campaign's lottery; after the release all that recomputes it."""
    return LotteryView.model_validate(operations.show_lottery(act, path.campaign_id))
