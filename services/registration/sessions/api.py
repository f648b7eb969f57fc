"""JSON endpoints for signing in and out. Only these paths ever see the session's cookie."""

from datetime import datetime
from urllib.parse import urlencode

from flask import Response, redirect, request
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.clock import now
from chassis.errors import Unauthenticated
from chassis.http.preferences import local
from chassis.http.routes import Body, Routes, shown
from chassis.roles import Role
from services.registration.sessions import cookies, operations
from services.registration.sessions.operations import SignedIn

ANYONE = (Role.PUBLIC,)

routes = Routes("sessions", "/session")


class SignInBody(Body):
    """Who signs in."""

    login: str = Field(max_length=100)
    password: str = Field(max_length=200)


class PasswordBody(Body):
    """The password as it is, and as it shall be."""

    old: str = Field(max_length=200)
    new: str = Field(max_length=200)


class Onward(BaseModel):
    """Where to go after a renewal."""

    next: str | None = Field(None, max_length=500)


class SessionView(BaseModel):
    """A token and whom it speaks for."""

    token: str
    account: str
    post: str
    role: Role
    organisation: str
    centres: list[str]
    expires_at: datetime
    session_ends: datetime
    seconds_left: int
    """How long the session still lives if it is left alone."""
    last_sign_in: datetime | None


class EndedView(BaseModel):
    """What was ended."""

    ended: bool = True


def _answer(signed_in: SignedIn) -> Response:
    identity = signed_in.identity
    view = SessionView(
        token=signed_in.token,
        account=identity.account,
        post=identity.post,
        role=identity.role,
        organisation=identity.organisation,
        centres=list(identity.centres),
        expires_at=signed_in.expires_at,
        session_ends=signed_in.session_ends,
        seconds_left=max(0, int(identity.session_ends - now().timestamp())),
        last_sign_in=signed_in.last_sign_in,
    )
    response: Response = shown(view, 200)
    response.headers["Cache-Control"] = "no-store"
    return cookies.put(response, signed_in)


@routes.command("POST", "", roles=ANYONE, answer=SessionView, keyed=False)
def sign_in(act: Act, body: SignInBody) -> Response:
    """Sign in. The answer holds a token for ten minutes; cookies are set as well."""
    cookies.refuse_foreign_page()
    address = request.remote_addr or ""
    return _answer(operations.sign_in(act, body.login, body.password, address))


@routes.query("", roles=ANYONE, answer=SessionView)
def session(act: Act) -> Response:
    """Who is signed in, with a fresh token."""
    return _answer(operations.renew(act, cookies.secret()))


@routes.command("POST", "/renew", roles=ANYONE, answer=SessionView, keyed=False)
def renew(act: Act) -> Response:
    """A fresh token for the session in the cookie."""
    cookies.refuse_foreign_page()
    return _answer(operations.renew(act, cookies.secret()))


@routes.page("/onward", roles=ANYONE)
def onward(act: Act, query: Onward) -> Response:
    """Renew the token of a page's reader and go on; without a session, to the sign-in page."""
    target = local(query.next)
    try:
        signed_in = operations.renew(act, cookies.secret())
    except Unauthenticated:
        return redirect(f"/sign-in?{urlencode({'next': target})}", 303)  # type: ignore[return-value]
    return cookies.put(redirect(target, 303), signed_in)  # type: ignore[arg-type]


@routes.command("DELETE", "", roles=ANYONE, answer=EndedView, keyed=False)
def sign_out(act: Act) -> Response:
    """End this session."""
    cookies.refuse_foreign_page()
    operations.sign_out(act, cookies.secret())
    response: Response = shown(EndedView(), 200)
    return cookies.clear(response)


@routes.command("POST", "/everywhere/sign-out", roles=ANYONE, answer=EndedView, keyed=False)
def sign_out_everywhere(act: Act) -> Response:
    """End every session of the account and make its tokens void at every service."""
    cookies.refuse_foreign_page()
    operations.sign_out_everywhere(act, cookies.secret())
    response: Response = shown(EndedView(), 200)
    return cookies.clear(response)


@routes.command("POST", "/password", roles=ANYONE, answer=EndedView, keyed=False)
def change_password(act: Act, body: PasswordBody) -> Response:
    """A new password; every session ends and has to be opened again with it."""
    cookies.refuse_foreign_page()
    operations.change_password(act, cookies.secret(), body.old, body.new)
    response: Response = shown(EndedView(), 200)
    return cookies.clear(response)
