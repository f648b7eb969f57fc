"""One origin for the three services, as Caddy gives it in Compose: paths are passed on whole."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

import urllib3
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import BadGateway, NotFound
from werkzeug.http import is_hop_by_hop_header
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import get_input_stream

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TIMEOUT = 60.0
CHUNK = 65536
RESERVED = "%/:?#[]@!$&'()*+,;="


class Proxy:
    """A WSGI application that hands each request to the service that its path's prefix names.

    `registration` gets everything that no other service's prefix claims. Metrics are for operators,
    who read them from the service itself, not through the origin.
    """

    def __init__(self, targets: dict[str, int]) -> None:
        self._pools = {
            service: urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=16, timeout=TIMEOUT)
            for service, port in targets.items()
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer with what the service answers, 502 while it does not."""
        path = environ["PATH_INFO"]
        if path.rstrip("/").endswith("/metrics"):
            return NotFound()(environ, start_response)
        pool = self._pools.get(path.split("/")[1] if "/" in path else "")
        pool = pool or self._pools["registration"]
        try:
            answer = pool.urlopen(
                environ["REQUEST_METHOD"],
                _target(environ),
                body=get_input_stream(environ) if _has_body(environ) else None,
                headers=_headers(environ),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError:
            return BadGateway()(environ, start_response)
        headers = [
            (name, value)
            for name, value in answer.headers.iteritems()
            if not is_hop_by_hop_header(name)
        ]
        start_response(f"{answer.status} {answer.reason}", headers)
        return answer.stream(CHUNK, decode_content=False)


def _has_body(environ: WSGIEnvironment) -> bool:
    return bool(environ.get("CONTENT_LENGTH") or environ.get("wsgi.input_terminated"))


def _target(environ: WSGIEnvironment) -> str:
    """Return path and query exactly as the client wrote them, where the server kept that."""
    raw = environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return quote(raw.encode("latin-1"), safe=RESERVED)
    path = quote(environ["PATH_INFO"].encode("latin-1"))
    query = environ.get("QUERY_STRING")
    return f"{path}?{query}" if query else path


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the client's headers for the service, and who the client is.

    Connections to the services are not kept: one that a restarting service just closed would make a
    POST fail, and it could not be sent a second time.
    """
    headers = {
        name: value
        for name, value in EnvironHeaders(environ).items()
        if not is_hop_by_hop_header(name)
    }
    headers["X-Forwarded-For"] = environ.get("REMOTE_ADDR", "")
    headers["X-Forwarded-Proto"] = environ["wsgi.url_scheme"]
    headers["X-Forwarded-Host"] = environ.get("HTTP_HOST", "")
    headers["Connection"] = "close"
    return headers


def create_app(targets: dict[str, int]) -> WSGIApplication:
    """Build the proxy for services and their ports on the loopback address."""
    return Proxy(targets)


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
