"""The three web apps behind one address, in threads: what a browser needs to see."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from chassis.context import Context
from chassis.contracts import SERVICES
from chassis.http.app import create_app

Start = Callable[..., Any]


class OneOrigin:
    """Leads each request to the service that its path belongs to, as the proxy does."""

    def __init__(self, apps: Mapping[str, Flask]) -> None:
        self._apps = apps

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        first = environ.get("PATH_INFO", "/").split("/")[1]
        app = self._apps.get(first) or self._apps["registration"]
        answer: Iterable[bytes] = app.wsgi_app(environ, start)
        return answer


@contextmanager
def served(contexts: Mapping[str, Context], port: int) -> Iterator[str]:
    """Serve the apps of all services until the block ends; gives their one address."""
    apps = {}
    for name in SERVICES:
        service = importlib.import_module(f"services.{name}.app").service
        apps[name] = create_app(service, contexts[name])
    server = make_server("127.0.0.1", port, OneOrigin(apps), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
