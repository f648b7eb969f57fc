"""What a browser may do with an answer: the content security policy, with a nonce per request."""

import secrets

from flask import Flask, Response, g, request

NOTHING = "default-src 'none'; frame-ancestors 'none'"
PAGE = (
    "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    "connect-src 'self'; font-src 'self'; img-src 'self'; style-src 'self'; "
    "script-src 'nonce-{nonce}'"
)
SELF_MADE = ("/openapi", "/static")
"""The documentation's own pages bring scripts that carry no nonce; files carry no markup."""


def nonce() -> str:
    """The nonce of this request: a script runs only if its tag names it."""
    found: str = g.get("nonce") or secrets.token_urlsafe(16)
    g.nonce = found
    return found


def register(app: Flask) -> None:
    """Give every answer its policy."""

    @app.after_request
    def _policy(response: Response) -> Response:
        if request.path.startswith(SELF_MADE):
            return response
        policy = PAGE.format(nonce=nonce()) if response.mimetype == "text/html" else NOTHING
        response.headers.setdefault("Content-Security-Policy", policy)
        return response
