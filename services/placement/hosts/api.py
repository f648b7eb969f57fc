"""JSON endpoints of the hosts' vetting."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.placement.hosts import operations
from services.placement.hosts.model import HeldFor, Status, Vetting
from services.placement.organisations import operations as organisations

routes = Routes("hosts", "/api/v1/hosts")


class HostPath(BaseModel):
    """Which host: the id of its organisation."""

    host_id: str


class VettingBody(Body):
    """One step of the vetting. `held` needs a reason code; the note stays in this service."""

    status: Status
    reason_code: HeldFor | None = None
    reason: str = Field(default="", max_length=500)


class StepView(BaseModel):
    """One step that was recorded."""

    status: str
    at: datetime
    by: str
    reason_code: str | None
    reason: str


class HostView(BaseModel):
    """A host as its centre sees it; the host itself sees its state without notes."""

    host: str
    centre: str
    name: str | None
    status: str
    reason_code: str | None
    version: int
    steps: list[StepView]


class HostsQuery(BaseModel):
    """Which hosts, and where the page begins."""

    status: Status | None = None
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = None
    after: str | None = None


class HostsView(BaseModel):
    """A page of hosts."""

    items: list[HostView]
    next: str | None


def _view(stored: Stored[Vetting], names: dict[str, str], notes: bool) -> HostView:
    vetting = stored.state
    steps: list[dict[str, Any]] = [
        {
            "status": s.status,
            "at": s.at,
            "by": s.by,
            "reason_code": s.reason_code,
            "reason": s.note if notes else "",
        }
        for s in vetting.steps
    ]
    return HostView(
        host=vetting.host,
        centre=vetting.centre,
        name=names.get(vetting.host),
        status=vetting.status,
        reason_code=vetting.reason_code,
        version=stored.version,
        steps=[StepView.model_validate(step) for step in steps] if notes else [],
    )


@routes.query("", roles=(Role.CENTRE, Role.HOST), answer=HostsView)
def index(act: Act, query: HostsQuery) -> HostsView:
    """The hosts of the centre with the state of their vetting; a host sees its own."""
    page = operations.page(act, query.status, query.limit, query.cursor)
    names = organisations.names(act, [row.state.host for row in page.items])
    return HostsView(
        items=[_view(row, names, notes=_of_centre(act, row)) for row in page.items], next=page.next
    )


@routes.query("/<host_id>", roles=(Role.CENTRE,), answer=HostView)
def show(act: Act, path: HostPath) -> HostView:
    """One host's vetting with every step."""
    stored = operations.show(act, path.host_id)
    return _view(stored, organisations.names(act, [path.host_id]), notes=True)


@routes.command("POST", "/<host_id>/vetting", roles=(Role.CENTRE,))
def vet(act: Act, path: HostPath, body: VettingBody) -> Receipt:
    """Record the next step: found, contacted, visited, approved, or held with a reason."""
    return operations.vet(act, path.host_id, body.status, body.reason_code, body.reason)


class Nothing(Body):
    """No fields."""


@routes.command("POST", "/<host_id>/links/revoke", roles=(Role.CENTRE,))
def revoke_links(act: Act, path: HostPath, body: Nothing) -> Receipt:
    """Make void every link for answers that the host was sent until now."""
    return operations.revoke_links(act, path.host_id)


@routes.command("POST", "/<host_id>/links/send", roles=(Role.CENTRE,))
def send_link(act: Act, path: HostPath, body: Nothing) -> Receipt:
    """Have a new link sent to the host's known contacts."""
    return operations.send_link(act, path.host_id)


def _of_centre(act: Act, stored: Stored[Vetting]) -> bool:
    return act.tenant() == stored.state.centre
