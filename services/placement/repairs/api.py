"""JSON endpoints of repairs: look at the preview, then do it or leave it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.placement.repairs import by_hand, operations
from services.placement.repairs.model import Cause, Repair, Row, Status

routes = Routes("repairs", "/api/v1/repairs")


class RepairPath(BaseModel):
    """Which repair."""

    repair_id: str


class ApplyBody(Body):
    """Nothing to say beside the act itself."""


class DismissBody(Body):
    """Why nobody is moved."""

    reason: str = Field(min_length=1, max_length=500)


class ChangeView(BaseModel):
    """One line of the history."""

    what: str
    by: str
    at: datetime
    why: str


class RepairView(BaseModel):
    """A repair with its preview: who would move from where to where."""

    id: str
    version: int
    status: Status
    campaign: str
    run: str
    cause: Cause
    booking: str
    session: str
    placements: list[str]
    rows: list[Row]
    market_version: str | None
    claim: str | None
    moved_people: int | None
    waitlisted: int | None
    queued_at: datetime
    history: list[ChangeView]


class MoveBody(Body):
    """Which placement, and the sessions of the wish that it shall have instead."""

    placement: str
    sessions: list[str] = Field(min_length=1, max_length=10)


class RepairsQuery(BaseModel):
    """Which repairs, and where the page begins."""

    campaign: str | None = None
    status: Literal["queued", "previewed", "applied", "dismissed"] | None = None
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = None


class RepairsView(BaseModel):
    """A page of repairs."""

    items: list[RepairView]
    next: str | None


def view(stored: Stored[Repair]) -> RepairView:
    """The repair as the centre sees it."""
    return RepairView.model_validate(
        {
            **stored.state.model_dump(),
            "id": stored.id,
            "version": stored.version,
            "queued_at": stored.created,
        }
    )


@routes.query("", roles=(Role.CENTRE,), answer=RepairsView)
def index(act: Act, query: RepairsQuery) -> RepairsView:
    """The repairs of the centre."""
    page = operations.page(act, query.campaign, query.status, query.limit, query.cursor)
    return RepairsView(items=[view(row) for row in page.items], next=page.next)


@routes.command("POST", "", roles=(Role.CENTRE,), status=201)
def move(act: Act, body: MoveBody) -> Receipt:
    """Ask what it costs to move one group to another of its wishes; nothing moves yet."""
    return by_hand.ask(act, body.placement, body.sessions)


@routes.query("/<repair_id>", roles=(Role.CENTRE,), answer=RepairView)
def show(act: Act, path: RepairPath) -> RepairView:
    """One repair with its preview."""
    return view(operations.show(act, path.repair_id))


@routes.command("POST", "/<repair_id>/apply", roles=(Role.CENTRE,))
def apply(act: Act, path: RepairPath, body: ApplyBody) -> Receipt:
    """Do what the preview showed; refused (and previewed anew) if the market changed under it."""
    return operations.apply(act, path.repair_id)


@routes.command("POST", "/<repair_id>/dismiss", roles=(Role.CENTRE,))
def dismiss(act: Act, path: RepairPath, body: DismissBody) -> Receipt:
    """Move nobody: those who lost a stop join the waitlist."""
    return operations.dismiss(act, path.repair_id, body.reason)
