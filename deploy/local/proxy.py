"""One origin for the three services, as Caddy gives it in Compose: paths are passed on whole."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadGateway, NotFound
from werkzeug.middleware.http_proxy import ProxyMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TIMEOUT = 60


def create_app(targets: dict[str, int]) -> WSGIApplication:
    """Build the proxy: `registration` gets everything that no other service's prefix claims.

    Metrics are for operators, who read them from the service itself, not through the origin.
    """
    routes: dict[str, dict[str, Any]] = {
        ("/" if service == "registration" else f"/{service}/"): {
            "target": f"http://127.0.0.1:{port}/",
            "host": None,
        }
        for service, port in targets.items()
    }
    onward = ProxyMiddleware(BadGateway("no service answers here"), routes, timeout=TIMEOUT)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"].rstrip("/")
        if path.endswith("/metrics") or path == "/metrics":
            return NotFound()(environ, start_response)
        if path.lstrip("/") in targets:
            # "/placement" is placement's too, not a page of registration.
            environ["PATH_INFO"] = path + "/"
        environ["HTTP_X_FORWARDED_FOR"] = environ.get("REMOTE_ADDR", "")
        environ["HTTP_X_FORWARDED_PROTO"] = environ["wsgi.url_scheme"]
        environ["HTTP_X_FORWARDED_HOST"] = environ.get("HTTP_HOST", "")
        return onward(environ, start_response)

    return app


class _Quiet(WSGIRequestHandler):
    """Each service logs its own requests; a second line here would say nothing new."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def main(arguments: list[str]) -> None:
    """Serve: PORT SERVICE=PORT …"""
    port, *pairs = arguments
    targets = {name: int(number) for name, _, number in (pair.partition("=") for pair in pairs)}
    app = create_app(targets)
    make_server("127.0.0.1", int(port), app, threaded=True, request_handler=_Quiet).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
