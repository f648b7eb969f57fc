"""Pages: entering with the code of a letter, or by the link of a mail.

By code the account waits for the centre; by link it is open at once. Opening either page changes
nothing, so a program that looks at links in mails uses no invitation up.
"""

from pathlib import Path

from flask import Response, make_response, redirect, request
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Replayed
from chassis.errors import Problem
from chassis.http import problems
from chassis.http.mends import last_of, mends, sentence
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.accounts.model import DUTIES
from services.registration.accounts.operations import NewHolder
from services.registration.contacts.model import Reach
from services.registration.invitations import operations

ANYONE = (Role.PUBLIC,)
LONGEST = 200
TEMPLATES = Path(__file__).parent / "templates"
FIELDS = ("code", "token", "login", "person", "email", "telephone", "duty")

routes = Routes("entry", "/start", templates=str(TEMPLATES))
link_routes = Routes("entry_link", "/invitations")


class TokenQuery(BaseModel):
    """The secret of a mail's link."""

    token: str = Field(default="", max_length=LONGEST)


@link_routes.page("/accept", roles=ANYONE)
def by_link(act: Act, query: TokenQuery) -> Response:
    """The form for who came by the link of an invitation, as long as it opens anything."""
    try:
        operations.check(act, query.token, request.remote_addr or "")
    except Problem as refused:
        return _closed(refused)
    return _form([], 200, query.token)


@routes.form("", roles=ANYONE, keyed=False)
def begin(act: Act) -> Response:
    """The form for who came with a code. The code travels in the body, never in an address."""
    try:
        operations.check(act, _said("code"), request.remote_addr or "")
    except Problem as refused:
        return _form([("code", sentence(refused))], refused.status)
    return _form([], 200)


@routes.form("/account", roles=ANYONE)
def enter(act: Act) -> Response:
    """Open the account that the code invites to."""
    try:
        secret = _said("token") or _said("code")
        operations.accept(act, secret, _holder(), request.remote_addr or "")
    except Replayed:
        pass
    except Problem as refused:
        if _said("token") and not refused.errors:
            return _closed(refused)
        found = mends(refused, _field_of) if refused.errors else [("code", sentence(refused))]
        return _form(found, refused.status)
    if _said("token"):
        return redirect("/start/ready", 303)  # type: ignore[return-value]
    return redirect("/start/done", 303)  # type: ignore[return-value]


@routes.page("/done", roles=ANYONE)
def done(act: Act) -> str:
    """What happens next: the centre looks at who entered."""
    return render("invitations/done.html")


@routes.page("/ready", roles=ANYONE)
def ready(act: Act) -> str:
    """Who came by a link may sign in at once."""
    return render("invitations/ready.html")


def _closed(refused: Problem) -> Response:
    """A link that opens nothing any more: why, and what to do."""
    return make_response(
        render("invitations/closed.html", why=refused.code, sentence=sentence(refused)),
        refused.status,
    )


def _said(name: str) -> str:
    return request.form.get(name, "").strip()[:LONGEST]


def _holder() -> NewHolder:
    return NewHolder(
        login=_said("login").lower(),
        password=request.form.get("password", "")[:LONGEST],
        words=Reach(
            person=_said("person") or None,
            email=_said("email") or None,
            telephone=_said("telephone") or None,
        ),
        language=problems.lang(),
        duty=_said("duty") if _said("duty") in DUTIES else "",
    )


def _field_of(pointer: str) -> str:
    name = last_of(pointer)
    return name if name in (*FIELDS, "password") else ""


def _form(found: list[tuple[str, str]], status: int, token: str = "") -> Response:
    values = {name: _said(name) for name in FIELDS}
    if token:
        values["token"] = token
    page = render(
        "invitations/start.html", values=values, found=found, errors=dict(found), duties=DUTIES
    )
    return make_response(page, status)
