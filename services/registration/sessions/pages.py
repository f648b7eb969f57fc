"""Pages: the door. Signing in and out with a form, as `/session` does with JSON."""

from pathlib import Path

from flask import Response, make_response, redirect, request

from chassis.act import Act
from chassis.errors import Problem
from chassis.http import problems
from chassis.http.pages import render
from chassis.http.preferences import local
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.sessions import cookies, operations

ANYONE = (Role.PUBLIC,)
LONGEST_LOGIN, LONGEST_PASSWORD = 100, 200
TEMPLATES = Path(__file__).parent / "templates"

routes = Routes("door", templates=str(TEMPLATES))


@routes.page("/sign-in", roles=ANYONE)
def door(act: Act) -> str:
    """The sign-in form beside the code of a letter; hosts are told that they need neither."""
    return render(
        "sessions/door.html",
        next=local(request.args.get("next")),
        login="",
        found=[],
        asked=bool(request.args.get("next", "/") != "/"),
    )


@routes.form("/sign-in", roles=ANYONE, keyed=False)
def enter(act: Act) -> Response:
    """Sign in and go on to where the reader was going."""
    cookies.refuse_foreign_page()
    login = request.form.get("login", "")[:LONGEST_LOGIN]
    password = request.form.get("password", "")[:LONGEST_PASSWORD]
    onward = local(request.form.get("next"))
    try:
        signed_in = operations.sign_in(act, login, password, request.remote_addr or "")
    except Problem as refused:
        sentence = problems.text(f"problem.{refused.code}", **refused.facts)
        page = render(
            "sessions/door.html",
            next=onward,
            login=login,
            found=[("login", sentence)],
            asked=False,
        )
        return make_response(page, refused.status)
    return cookies.put(redirect(onward, 303), signed_in)  # type: ignore[arg-type]


@routes.form("/session/sign-out", roles=ANYONE, keyed=False)
def leave(act: Act) -> Response:
    """End this session and show the door. A session that has ended already is no obstacle."""
    cookies.refuse_foreign_page()
    if secret := cookies.secret():
        operations.sign_out(act, secret)
    return cookies.clear(redirect("/sign-in", 303))  # type: ignore[arg-type]
