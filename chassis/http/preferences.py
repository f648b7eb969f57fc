"""How a reader wants the pages: language and contrast, kept in two cookies and nowhere else."""

from flask import Response, current_app, redirect, request

from chassis.act import Act
from chassis.context import Context
from chassis.http.routes import Routes
from chassis.language import LANGUAGES
from chassis.roles import Role

LANGUAGE, CONTRAST, HIGH = "lang", "contrast", "high"
YEAR = 365 * 24 * 3600

routes = Routes("reader", "/reader")


@routes.form("", roles=(Role.PUBLIC,), keyed=False)
def prefer(act: Act) -> Response:
    """Keep the wish and go back to the page that it was made on."""
    back: Response = redirect(local(request.form.get("next")), 303)  # type: ignore[assignment]
    language, contrast = request.form.get("lang"), request.form.get("contrast")
    if language in LANGUAGES:
        _keep(back, LANGUAGE, language)
    if contrast is not None:
        _keep(back, CONTRAST, HIGH if contrast == HIGH else "plain")
    return back


def local(path: str | None) -> str:
    """The path to go on to, if it is one of this site; else the start page."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")):
        return path
    return "/"


def _keep(response: Response, name: str, value: str) -> None:
    held: Context = current_app.extensions["ieum"]
    response.set_cookie(
        name, value, max_age=YEAR, path="/", secure=held.settings.secure, samesite="Lax"
    )
