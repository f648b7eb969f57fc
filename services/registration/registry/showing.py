"""What the register's pages show and answer: one organisation, letters, and a refusal beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Response, make_response, redirect, request, url_for

from chassis.act import Act
from chassis.errors import FieldError, Invalid, NotFound, Problem
from chassis.http.app import held
from chassis.http.mends import again
from chassis.http.pages import render
from chassis.http.problems import lang, text
from chassis.roles import Role
from services.registration.acting import today
from services.registration.codes import codes
from services.registration.contacts import operations as contacts
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Level, Relation
from services.registration.organisations.relations import ends_soon
from services.registration.registry import form, operations

TEMPLATES = Path(__file__).parent / "templates"
CENTRE = (Role.CENTRE,)
EMAIL_MOST = 254
SCHOOL_CODE = ("school_code_missing", "school_code_shape")
"""Here the code is asked for in two fields, and its sentence speaks of both."""

TYPED = ("email", "person", "telephone", "until")


def mailed(sent: Mapping[str, str]) -> str | None:
    """The address to write to, or none for a letter. Raises Invalid for a mail without one."""
    email = sent.get("email", "").strip()[:EMAIL_MOST]
    if sent.get("way") == "letter":
        return None
    if not email:
        raise Invalid([FieldError("/email", "email_shape")])
    return email


def letters(act: Act, written: Sequence[operations.Letter], back: str) -> Response:
    """Letters to be printed; their codes stand nowhere else."""
    centre = organisations.shown(act, act.tenant()).state
    address = f"{held().settings.public_address}{url_for('door.door')}"
    page = render(
        "registry/letters.html", letters=written, centre=centre, back=back, address=address
    )
    answer = make_response(page, 200)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def one(act: Act, id: str, refused: Problem | None = None) -> str:
    """The page of one organisation."""
    card = operations.card(act, id)
    held = {tie.relation for tie in card.ties}
    return render(
        "registry/one.html",
        card=card,
        id=id,
        state=card.row.state,
        kinds=[text(f"page.registry.kinds.{kind.value}") for kind in card.row.state.kinds],
        level=levels().get(card.row.state.level or ""),
        parent=_name(act, card.row.state.parent),
        ending=ends_soon(card.ties, today(act)),
        merged=_name(act, card.row.state.merged_into),
        duties=operations.DUTIES.get(card.role, ()) if card.role else (),
        relations=[
            (one.value, text(f"page.registry.relations.{one.value}"))
            for one in Relation
            if one not in held
        ],
        done=request.args.get("done", ""),
        contacts=contacts.shown(act, id),
        typed={name: request.form.get(name, "") for name in TYPED},
        **mended(refused),
    )


def refused(act: Act, id: str, problem: Problem) -> Response:
    """The organisation's page again, with what was refused."""
    return make_response(one(act, id, problem), problem.status)


def beside(act: Act, id: str, problem: Problem) -> Response:
    """A refusal on the organisation's page, or alone where the centre may not see that."""
    try:
        return refused(act, id, problem)
    except NotFound:
        raise problem from None


def mended(refused: Problem | None) -> dict[str, Any]:
    """What the form says of a refusal."""
    if refused is not None:
        refused.errors = [
            FieldError(one.pointer, "school_code_parts") if one.code in SCHOOL_CODE else one
            for one in refused.errors
        ]
    return again(refused, form.field_of)


def levels() -> dict[str, str]:
    """The levels of schools in the reader's words."""
    return {one.value: codes().levels[one.value][lang()] for one in Level}


def to(id: str, done: str) -> Response:
    """On to an organisation's page, which says what was done."""
    return redirect(url_for("registry.one", organisation_id=id, done=done), 303)  # type: ignore[return-value]


def _name(act: Act, id: str | None) -> str:
    return organisations.names(act, [id]).get(id, "") if id else ""
