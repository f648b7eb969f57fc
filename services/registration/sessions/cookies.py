"""The two cookies of a session: the secret for `/session` alone, the token for everything."""

from datetime import datetime

from flask import Response, request

from chassis.clock import now
from chassis.errors import Forbidden
from chassis.http.app import held, token_cookie
from services.registration.sessions.operations import SignedIn

PATH = "/session"


def session_cookie() -> str:
    """The name of the session's cookie; `__Secure-` where the address is https, since
    `__Host-` would forbid a path."""
    return "__Secure-ieum-session" if held().settings.secure else "ieum-session"


def secret() -> str:
    """The session's secret in this request, or an empty text."""
    return request.cookies.get(session_cookie(), "")


def put(response: Response, signed_in: SignedIn, shared: bool = False) -> Response:
    """Give the browser the token, and the secret if the session is new.

    The token says itself when it ends. On a computer that several people use, `shared`, the
    session ends with the browser too.
    """
    secure = held().settings.secure
    response.set_cookie(
        token_cookie(held().settings),
        signed_in.token,
        path="/",
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    if signed_in.secret is not None:
        response.set_cookie(
            session_cookie(),
            signed_in.secret,
            max_age=None if shared else _seconds(signed_in.session_ends),
            path=PATH,
            secure=secure,
            httponly=True,
            samesite="Lax",
        )
    return response


def _seconds(until: datetime) -> int:
    """How long a cookie lives: a duration, since a rehearsal's clock is not the browser's."""
    return max(0, int((until - now()).total_seconds()))


def clear(response: Response) -> Response:
    """Take both cookies back."""
    secure = held().settings.secure
    response.delete_cookie(token_cookie(held().settings), path="/", secure=secure, httponly=True)
    response.delete_cookie(session_cookie(), path=PATH, secure=secure, httponly=True)
    return response


def refuse_foreign_page() -> None:
    """Raise Forbidden if another site's page sent this request."""
    origin = request.headers.get("Origin")
    ours = held().settings.public_address.rstrip("/")
    if origin is not None and origin.rstrip("/") not in (ours, request.host_url.rstrip("/")):
        raise Forbidden("foreign_origin")
