"""JSON endpoints for programmes."""

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.registration.organisations.model import Level
from services.registration.programmes import operations
from services.registration.programmes.model import Kind, Programme, Status, Tier
from services.registration.views import Code, Id, Name, Paged

MEMBERS = (Role.CENTRE, Role.SCHOOL, Role.HOST, Role.OFFICE, Role.ADMIN)

routes = Routes("programmes", "/api/v1/programmes")


class ProgrammePath(BaseModel):
    """Which programme."""

    programme_id: Id


class ProgrammeBody(Body):
    """What a programme is. An empty list of grades means all grades of its level."""

    name: Name
    name_en: Name | None = None
    brand: Code
    level: Level
    tier: Tier = Tier.BASIC
    kind: Kind = Kind.GROUPS
    grades: list[int] = Field(default_factory=list, max_length=6)
    rounds: int = Field(1, ge=1, le=100)

    def state(self) -> Programme:
        """The same as the rules know it; the acting centre is filled in later."""
        return Programme.model_validate({**self.model_dump(), "centre": ""})


class ProgrammeView(BaseModel):
    """A programme."""

    id: str
    version: int
    centre: str
    name: str
    name_en: str | None
    brand: str
    level: Level
    tier: Tier
    kind: Kind
    grades: list[int]
    rounds: int
    status: Status


class ProgrammesView(BaseModel):
    """A page of programmes."""

    items: list[ProgrammeView]
    next: str | None


def _view(stored: Stored[Programme]) -> ProgrammeView:
    return ProgrammeView(id=stored.id, version=stored.version, **stored.state.model_dump())


@routes.query("", roles=MEMBERS, answer=ProgrammesView)
def programmes(act: Act, query: Paged) -> ProgrammesView:
    """A centre's own programmes; for everyone else all that are published."""
    page = operations.listed(act, query.limit, query.cursor)
    return ProgrammesView(items=[_view(stored) for stored in page.items], next=page.next)


@routes.query("/<programme_id>", roles=MEMBERS, answer=ProgrammeView)
def programme(act: Act, path: ProgrammePath) -> ProgrammeView:
    """One programme."""
    return _view(operations.shown(act, path.programme_id))


@routes.command("POST", "", roles=(Role.CENTRE,), answer=Receipt, status=201)
def publish(act: Act, body: ProgrammeBody) -> Receipt:
    """Publish a programme."""
    return operations.publish(act, body.state())


@routes.command("PUT", "/<programme_id>", roles=(Role.CENTRE,), answer=Receipt)
def change(act: Act, path: ProgrammePath, body: ProgrammeBody) -> Receipt:
    """Publish a programme anew with other details."""
    return operations.change(act, path.programme_id, body.state())


@routes.command("POST", "/<programme_id>/retire", roles=(Role.CENTRE,), answer=Receipt)
def retire(act: Act, path: ProgrammePath) -> Receipt:
    """Take no new campaign of a programme."""
    return operations.retire(act, path.programme_id)
