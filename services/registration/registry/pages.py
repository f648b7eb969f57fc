"""Pages of the centre's register: who is in it, a new organisation, and one organisation."""

from typing import Literal, get_args

from flask import Response, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Replayed
from chassis.errors import FieldError, Invalid, Problem
from chassis.http.pages import render
from chassis.http.problems import lang, text
from chassis.http.routes import Routes
from chassis.http.sheets import attachment, workbook
from services.registration.acting import today
from services.registration.contacts import model as contact_rules
from services.registration.contacts import operations as contacts
from services.registration.contacts.model import Duty
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Kind, Relation, Status, Tie
from services.registration.registry import form, operations, showing
from services.registration.registry.operations import Entry, Row
from services.registration.registry.showing import CENTRE, EMAIL_MOST, TEMPLATES
from services.registration.views import Id

PAGE = 50
Shown = Literal["all", "schools", "hosts", "offices", "outside", "entered"]
SHOWN: tuple[Shown, ...] = get_args(Shown)
REACH = ("person", "email", "telephone")
OUTSIDE = (Entry.NOBODY, Entry.EXPIRED)

routes = Routes("registry", "/organisations", templates=str(TEMPLATES))


class OrganisationPath(BaseModel):
    """Which organisation."""

    organisation_id: Id


class ListQuery(BaseModel):
    """Which organisations are shown, and which page of them."""

    state: Shown = "all"
    page: int = Field(1, ge=1, le=1000)


class NewQuery(BaseModel):
    """As what it is registered."""

    sort: str = Field("school", max_length=20)


@routes.page("", roles=CENTRE)
def listed(act: Act, query: ListQuery) -> str:
    """Every organisation of the register, and how far each has come in."""
    found = operations.rows(act)
    rows = [row for row in found if _fits(query.state, row)]
    outside = [row for row in rows if Relation.SCHOOL in row.relations and row.entry in OUTSIDE]
    return render(
        "registry/list.html",
        chosen=query.state,
        counts={one: sum(1 for row in found if _fits(one, row)) for one in SHOWN},
        rows=rows[(query.page - 1) * PAGE : query.page * PAGE],
        count=len(rows),
        ending=operations.terms_ending(act),
        page=query.page,
        pages=-(-len(rows) // PAGE),
        letters=[row.id for row in outside[: operations.LETTERS_MOST]],
    )


@routes.query("/organisations.xlsx", roles=CENTRE)
def sheet(act: Act, query: ListQuery) -> Response:
    """The organisations that the page shows, as a workbook."""
    title = text("page.registry.title")
    heads = ("name", "relation", "code", "district", "phone", "entry")
    lines = [
        (
            row.state.name,
            ", ".join(text(f"page.registry.relations.{one.value}") for one in row.relations),
            row.state.school_code,
            row.state.district,
            row.state.phone,
            text(f"page.registry.entries.{row.entry.value}"),
        )
        for row in operations.rows(act)
        if _fits(query.state, row)
    ]
    return attachment(title, workbook(title, [text(f"page.registry.{h}") for h in heads], lines))


@routes.form("/letters", roles=CENTRE)
def letters(act: Act) -> Response:
    """Letters with codes for those who have not entered, each on its own sheet."""
    written = operations.letters(act, request.form.getlist("organisation"), lang())
    if not written:
        return redirect(url_for("registry.listed"), 303)  # type: ignore[return-value]
    return showing.letters(act, written, url_for("registry.listed"))


@routes.page("/new", roles=CENTRE)
def new(act: Act, query: NewQuery) -> str:
    """An empty form for an organisation."""
    return _form(act, form.chosen(query.sort), form.typed({}))


@routes.form("/new", roles=CENTRE)
def register(act: Act) -> Response | tuple[str, int]:
    """Register an organisation and relate the centre to it."""
    sort, kept = form.chosen(request.form.get("sort", "")), form.typed(request.form)
    tie = Tie(relation=form.RELATION[sort], other="", since=today(act))
    try:
        id = organisations.register(act, form.read(kept, sort), tie).id
    except Replayed as done:
        id = done.receipt.id
    except Problem as refused:
        return _form(act, sort, kept, refused), refused.status
    return showing.to(id, "registered")


@routes.form("/relations", roles=CENTRE)
def relate(act: Act) -> Response:
    """Relate the centre to an organisation that is there already."""
    sent = request.form
    id, errors = sent.get("organisation", ""), list[FieldError]()
    relation = next((one for one in Relation if one.value == sent.get("relation")), None)
    since = form.day(sent.get("since", ""), "/since", errors)
    until = form.day(sent.get("until", ""), "/until", errors)
    if relation is None:
        errors.append(FieldError("/relation", "enum"))
    if not form.ID.match(id):
        errors.append(FieldError("/other", "organisation_unknown"))
    try:
        if errors or relation is None:
            raise Invalid(errors)
        tie = Tie(relation=relation, other=id, since=since or today(act), until=until)
        organisations.relate(act, act.tenant(), tie)
    except Replayed:
        pass
    except Problem as refused:
        return showing.beside(act, id, refused)
    return showing.to(id, "related")


@routes.page("/<organisation_id>", roles=CENTRE)
def one(act: Act, path: OrganisationPath) -> str:
    """One organisation: who speaks for it, who is invited, how it is related."""
    return showing.one(act, path.organisation_id)


@routes.page("/<organisation_id>/edit", roles=CENTRE)
def edit(act: Act, path: OrganisationPath) -> str:
    """The details of an organisation that the centre registered, to be changed."""
    state = operations.registered(act, path.organisation_id)
    details = state.details()
    sort = form.of_details(details)
    return _form(act, sort, form.fields_of(details), id=path.organisation_id)


@routes.form("/<organisation_id>/edit", roles=CENTRE)
def change(act: Act, path: OrganisationPath) -> Response | tuple[str, int]:
    """Replace the details."""
    state = operations.registered(act, path.organisation_id)
    sort, kept = form.of_details(state.details()), form.typed(request.form)
    status = Status.CLOSED if request.form.get("closed") else Status.ACTIVE
    try:
        details = form.read(kept, sort, state.details())
        organisations.change(act, path.organisation_id, details, status)
    except Replayed:
        pass
    except Problem as refused:
        return _form(act, sort, kept, refused, path.organisation_id), refused.status
    return showing.to(path.organisation_id, "changed")


@routes.form("/<organisation_id>/end", roles=CENTRE)
def end(act: Act, path: OrganisationPath) -> Response:
    """End a relation of the centre now."""
    operations.card(act, path.organisation_id)
    wanted = request.form.get("relation")
    relation = next((one for one in Relation if one.value == wanted), None)
    try:
        if relation is None:
            raise Invalid([FieldError("/relation", "enum")])
        organisations.end_relation(act, act.tenant(), relation, path.organisation_id)
    except Replayed:
        pass
    except Problem as refused:
        return showing.refused(act, path.organisation_id, refused)
    return redirect(url_for("registry.listed"), 303)  # type: ignore[return-value]


@routes.form("/<organisation_id>/contacts", roles=CENTRE)
def reach(act: Act, path: OrganisationPath) -> Response:
    """Record how an organisation is reached that nobody has entered for."""
    sent, id = request.form, path.organisation_id
    role = operations.card(act, id).role
    try:
        words = contact_rules.reach(
            *(sent.get(one, "").strip()[:EMAIL_MOST] or None for one in REACH)
        )
        contacts.add(act, id, words, [Duty(role.value)] if role else [])
    except Replayed:
        pass
    except Problem as refused:
        return showing.refused(act, id, refused)
    return showing.to(id, "reached")


@routes.form("/<organisation_id>/invite", roles=CENTRE)
def invite(act: Act, path: OrganisationPath) -> Response:
    """Invite somebody: by mail, or by a letter that is shown at once and nowhere else."""
    sent, id = request.form, path.organisation_id
    operations.card(act, id)
    try:
        email = showing.mailed(request.form)
        done = operations.invite(act, id, sent.get("duty", ""), email, lang())
    except Problem as refused:
        return showing.refused(act, id, refused)
    if email:
        return showing.to(id, "invited")
    back = url_for("registry.one", organisation_id=id)
    return showing.letters(act, [operations.letter(act, id, done)], back)


def _form(
    act: Act,
    sort: form.As,
    kept: dict[str, str],
    refused: Problem | None = None,
    id: str | None = None,
) -> str:
    own = [Kind(kept["kind"])] if id and kept["kind"] in set(Kind) else []
    kinds = list(dict.fromkeys([*own, *form.KINDS[sort]]))
    there = refused.facts if refused is not None and refused.code == "organisation_exists" else None
    return render(
        "registry/form.html",
        sort=sort,
        sorts=form.AS,
        id=id,
        kept=kept,
        kinds=[(one.value, text(f"page.registry.kinds.{one.value}")) for one in kinds],
        levels=list(showing.levels().items()),
        parents=operations.parents(act, id) if sort in ("host", "office") else [],
        districts=operations.districts(operations.rows(act)),
        closed=bool(id) and operations.registered(act, id).status is Status.CLOSED if id else False,
        there=there,
        relation=form.RELATION[sort].value,
        **showing.mended(refused),
    )


def _fits(shown: Shown, row: Row) -> bool:
    match shown:
        case "schools":
            return Relation.SCHOOL in row.relations
        case "hosts":
            return Relation.HOST in row.relations
        case "offices":
            return any(one not in (Relation.SCHOOL, Relation.HOST) for one in row.relations)
        case "outside":
            return row.entry in OUTSIDE and any(one in operations.ROLE_OF for one in row.relations)
        case "entered":
            return row.entry is Entry.ENTERED
        case _:
            return True
