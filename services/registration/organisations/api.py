"""JSON endpoints for organisations and their relations."""

from datetime import date

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from chassis.scope import Centre
from services.registration.acting import today
from services.registration.organisations import operations
from services.registration.organisations.model import (
    Details,
    Kind,
    Level,
    Organisation,
    Relation,
    Status,
    Tie,
)
from services.registration.organisations.relations import describe
from services.registration.views import Code, Id, Name, Paged, Phone

MEMBERS = (Role.CENTRE, Role.SCHOOL, Role.HOST, Role.OFFICE, Role.ADMIN)

routes = Routes("organisations", "/api/v1/organisations")


class OrganisationPath(BaseModel):
    """Which organisation."""

    organisation_id: Id


class RelationPath(OrganisationPath):
    """Which relation of a centre."""

    relation: Relation
    other_id: Id


class DetailsBody(Body):
    """What is told about an organisation."""

    kinds: list[Kind] = Field(min_length=1, max_length=5)
    name: Name
    name_en: Name | None = None
    parent: Id | None = None
    level: Level | None = None
    school_code: str | None = Field(None, max_length=20)
    business_number: str | None = Field(None, max_length=20)
    district: Code | None = None
    address: str | None = Field(None, max_length=200)
    phone: Phone | None = None

    def details(self) -> Details:
        """The same as the rules know it."""
        return Details.model_validate(self.model_dump(include=set(Details.model_fields)))


class TermBody(Body):
    """How the acting centre is related to the organisation that it registers."""

    relation: Relation
    since: date | None = Field(None, description="first day; today if it is not given")
    until: date | None = Field(None, description="last day; none if it is not given")


class RegisterBody(DetailsBody):
    """A new organisation, and the relation to it in the same act."""

    relation: TermBody | None = None


class ChangeBody(DetailsBody):
    """An organisation's details; all of them are replaced."""

    status: Status | None = None


class RelateBody(TermBody):
    """A relation to an organisation that is there already."""

    other: Id


class TieView(BaseModel):
    """One relation of a centre."""

    relation: Relation
    other: str
    name: str | None
    since: date
    until: date | None


class OrganisationView(BaseModel):
    """An organisation. Relations are shown to the centre itself only."""

    id: str
    version: int
    kinds: list[Kind]
    name: str
    name_en: str | None
    parent: str | None
    level: Level | None
    school_code: str | None
    district: str | None
    address: str | None
    phone: str | None
    status: Status
    relations: list[TieView] | None = None


class OrganisationsView(BaseModel):
    """A page of organisations."""

    items: list[OrganisationView]
    next: str | None


class Listing(Paged):
    """Which organisations: of a kind, or in a relation to the acting centre."""

    kind: Kind | None = None
    relation: Relation | None = None


def _view(stored: Stored[Organisation]) -> OrganisationView:
    shown = stored.state.model_dump(include=set(OrganisationView.model_fields))
    return OrganisationView(id=stored.id, version=stored.version, **shown)


@routes.query("", roles=MEMBERS, answer=OrganisationsView)
def organisations(act: Act, query: Listing) -> OrganisationsView:
    """Organisations: all of them, or those related to the acting centre."""
    page = operations.listed(act, query.relation, query.kind, query.limit, query.cursor)
    return OrganisationsView(items=[_view(stored) for stored in page.items], next=page.next)


@routes.query("/<organisation_id>", roles=MEMBERS, answer=OrganisationView)
def organisation(act: Act, path: OrganisationPath) -> OrganisationView:
    """One organisation; the acting centre sees its own relations."""
    stored = operations.shown(act, path.organisation_id)
    view = _view(stored)
    if isinstance(act.scope, Centre) and act.scope.id == stored.id:
        ties = describe(stored.state.ties, today(act))
        names = operations.names(act, [tie.other for tie in ties])
        view.relations = [TieView(**tie.model_dump(), name=names.get(tie.other)) for tie in ties]
    return view


@routes.command("POST", "", roles=(Role.CENTRE, Role.ADMIN), answer=Receipt, status=201)
def register(act: Act, body: RegisterBody) -> Receipt:
    """Register an organisation. One that is there already is named, so that it can be related."""
    if not isinstance(act.scope, Centre):
        return operations.found_centre(act, body.details())
    tie = None
    if body.relation is not None:
        tie = Tie(
            relation=body.relation.relation,
            other="",
            since=body.relation.since or today(act),
            until=body.relation.until,
        )
    return operations.register(act, body.details(), tie)


@routes.command("PUT", "/<organisation_id>", roles=(Role.CENTRE,), answer=Receipt)
def change(act: Act, path: OrganisationPath, body: ChangeBody) -> Receipt:
    """Replace the details of an organisation that the centre registered."""
    return operations.change(act, path.organisation_id, body.details(), body.status)


@routes.command(
    "POST", "/<organisation_id>/relations", roles=(Role.CENTRE,), answer=Receipt, status=201
)
def relate(act: Act, path: OrganisationPath, body: RelateBody) -> Receipt:
    """Relate the centre (the organisation of the path) to another organisation."""
    tie = Tie(
        relation=body.relation,
        other=body.other,
        since=body.since or today(act),
        until=body.until,
    )
    return operations.relate(act, path.organisation_id, tie)


@routes.command(
    "DELETE",
    "/<organisation_id>/relations/<relation>/<other_id>",
    roles=(Role.CENTRE,),
    answer=Receipt,
)
def end_relation(act: Act, path: RelationPath) -> Receipt:
    """End a relation of the centre now."""
    return operations.end_relation(act, path.organisation_id, path.relation, path.other_id)
