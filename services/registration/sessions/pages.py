"""Pages: the door. Signing in and out with a form, as `/session` does with JSON."""

from pathlib import Path

from flask import Response, abort, make_response, redirect, request

from chassis.act import Act
from chassis.errors import Problem, Unauthenticated
from chassis.http.app import form_token
from chassis.http.mends import sentence
from chassis.http.pages import render
from chassis.http.preferences import local
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.sessions import cookies, operations

ANYONE = (Role.PUBLIC,)
LONGEST_LOGIN, LONGEST_PASSWORD = 100, 200
LOGIN, PASSWORD = "again-login", "again-password"
"""Names that no form of a page uses."""
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
        page = render(
            "sessions/door.html",
            next=onward,
            login=login,
            found=[("login", sentence(refused))],
            asked=False,
        )
        return make_response(page, refused.status)
    shared = bool(request.form.get("shared"))
    return cookies.put(redirect(onward, 303), signed_in, shared)  # type: ignore[arg-type]


@routes.form("/session/sign-out", roles=ANYONE, keyed=False)
def leave(act: Act) -> Response:
    """End this session and show the door. A session that has ended already is no obstacle."""
    cookies.refuse_foreign_page()
    if secret := cookies.secret():
        operations.sign_out(act, secret)
    return cookies.clear(redirect("/sign-in", 303))  # type: ignore[arg-type]


@routes.form("/session/sign-out-everywhere", roles=ANYONE, keyed=False)
def leave_everywhere(act: Act) -> Response:
    """End every session of the account, wherever it was opened."""
    cookies.refuse_foreign_page()
    if secret := cookies.secret():
        operations.sign_out_everywhere(act, secret)
    return cookies.clear(redirect("/sign-in", 303))  # type: ignore[arg-type]


@routes.form("/session/onward", roles=ANYONE, keyed=False)
def onward(act: Act) -> Response:
    """Send a form on whose token had run out; without a session, ask for the password first.

    Nothing that was typed is lost: the browser repeats the form, or the page carries it.
    """
    cookies.refuse_foreign_page()
    target = local(request.args.get("next"))
    try:
        signed_in = operations.renew(act, cookies.secret())
    except Unauthenticated:
        if request.headers.get("HX-Request"):
            abort(Response(status=401))
        return _again(target, [])
    return cookies.put(redirect(target, 307), signed_in)  # type: ignore[arg-type]


@routes.form("/session/again", roles=ANYONE, keyed=False)
def again(act: Act) -> Response:
    """Sign in once more and hand the form that was being written on to where it belongs."""
    cookies.refuse_foreign_page()
    target = local(request.args.get("next"))
    login = request.form.get(LOGIN, "")[:LONGEST_LOGIN]
    password = request.form.get(PASSWORD, "")[:LONGEST_PASSWORD]
    try:
        signed_in = operations.sign_in(act, login, password, request.remote_addr or "")
    except Problem as refused:
        return _again(target, [(LOGIN, sentence(refused))], refused.status)
    kept = [pair for pair in _kept() if pair[0] != "form_token"]
    page = render(
        "sessions/onward.html",
        target=target,
        kept=[*kept, ("form_token", form_token(signed_in.identity))],
    )
    return cookies.put(make_response(page), signed_in)


def _again(target: str, found: list[tuple[str, str]], status: int = 401) -> Response:
    page = render("sessions/again.html", target=target, kept=_kept(), found=found)
    return make_response(page, status)


def _kept() -> list[tuple[str, str]]:
    """What the form said, without the two fields of signing in."""
    said = request.form.items(multi=True)
    return [(name, value) for name, value in said if name not in (LOGIN, PASSWORD)]
