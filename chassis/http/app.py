"""The Flask app of a service: one place where a request becomes an act.

`create_app(service)` makes settings, clients and the app; nothing happens at import. Before a
view runs, the route's declaration is read: who may call it, and what a command must carry.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, current_app, g, request
from flask_openapi3 import Info, OpenAPI, Server
from werkzeug.middleware.proxy_fix import ProxyFix

from chassis import context as contexts
from chassis import logs, metrics
from chassis.act import Act, Command
from chassis.clock import now
from chassis.context import Context
from chassis.errors import Forbidden, Malformed, Unauthenticated
from chassis.facts import fresh_id
from chassis.http import health, pages, problems, security, waiting
from chassis.http.routes import KEY_PARAMETERS, Declared, ProblemView
from chassis.language import catalogue
from chassis.logs import logger
from chassis.roles import Role
from chassis.scope import Centre, Office, Party, Public, Scope
from chassis.service import Service
from chassis.settings import Settings
from chassis.tokens import Identity, Verifier
from chassis.vouching import Vouch

BODY_MOST = 2 * 1024 * 1024
KEY = re.compile(r"^[!-~]{8,64}$")
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
VERSION = re.compile(r"^[0-9]{1,15}$")
CORRELATION = re.compile(r"^[A-Za-z0-9-]{8,64}$")
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(service: Service, context: Context | None = None) -> Flask:
    """The WSGI app of a service. `context` is given by tests; else it comes from settings."""
    if context is None:
        settings = Settings(service=service.name)
        logs.configure(service.name, "web", settings.log_level)
        context = contexts.open_context(settings)
    held = context
    app = OpenAPI(
        service.name,
        static_folder=str(pages.STATIC),
        static_url_path="/static",
        template_folder=str(pages.TEMPLATES),
        info=Info(title=f"Ieum {service.name}", version="1"),
        doc_ui=True,
        doc_prefix="/openapi",
        doc_url="/openapi.json",
        validation_error_status=422,
        validation_error_model=ProblemView,
        validation_error_callback=problems.unfit,
        security_schemes={
            "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": token_cookie(held.settings)},
        },
        servers=[Server(url=held.settings.mount or "/")],
    )
    app.config["MAX_CONTENT_LENGTH"] = BODY_MOST
    # A page may carry a file in a field, so that nobody has to choose it twice.
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_MOST
    app.extensions["ieum"] = held
    app.extensions["ieum_service"] = service
    app.extensions["ieum_catalogue"] = catalogue(service.catalogue)
    app.extensions["ieum_verifier"] = Verifier(held.database, held.keys)
    problems.register(app)
    pages.register(app, service, form_token)
    security.register(app)
    health.register(app, held, service)
    for routes in service.routes:
        app.register_api(routes.blueprint)
    _describe_commands(app)
    app.before_request(_begin)
    app.after_request(_finish)
    # The proxy in front names the client; without this, limits by address would meet everyone.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # type: ignore[method-assign]
    if held.settings.mount:
        app.wsgi_app = Mounted(app.wsgi_app, held.settings.mount)  # type: ignore
    return app


class Mounted:
    """The part of the one origin that belongs to this service."""

    def __init__(self, app: Callable[..., Iterable[bytes]], mount: str) -> None:
        self._app = app
        self._mount = mount

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == self._mount or path.startswith(f"{self._mount}/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + self._mount
            environ["PATH_INFO"] = path[len(self._mount) :] or "/"
            return self._app(environ, start)
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [b"not here\n"]


def token_cookie(settings: Settings) -> str:
    """The name of the token's cookie: `__Host-` where the address is https."""
    return "__Host-ieum" if settings.secure else "ieum"


def held() -> Context:
    """The running app's context."""
    found: Context = current_app.extensions["ieum"]
    return found


def form_token(identity: Identity) -> str:
    """What a form of this session must carry; it stays good while tokens are renewed."""
    return hashlib.sha256(f"form\x1f{identity.session}".encode()).hexdigest()[:32]


def _begin() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Correlation-Id", "")
    g.correlation = given if CORRELATION.match(given) else fresh_id()
    structlog.contextvars.bind_contextvars(correlation=g.correlation)
    g.identity = None
    if request.endpoint is None:
        return
    view = current_app.view_functions[request.endpoint]
    declared: Declared | None = getattr(view, "declared", None)
    if declared is None:
        return
    g.identity, vouch = _identity(declared) or (None, None)
    g.act = Act(
        database=held().database,
        scope=scope_of(g.identity),
        actor=g.identity.account if g.identity else "public",
        now=now(),
        correlation=g.correlation,
        traceparent=request.headers.get("traceparent"),
        keys=held().keys,
        command=_command(declared) if declared.unsafe else None,
        vouch=vouch,
    )
    after = request.args.get("after")
    if after and not declared.unsafe:
        g.act.vouched()
        waiting.until_seen(held(), after)


def scope_of(identity: Identity | None) -> Scope:
    """What an identity may see. The system's own scope is never given to a request."""
    if identity is None:
        return Public()
    match identity.role:
        case Role.CENTRE:
            return Centre(identity.organisation)
        case Role.SCHOOL | Role.HOST:
            return Party(identity.organisation)
        case Role.OFFICE:
            return Office(identity.organisation, identity.centres)
        case _:
            return Public()


def _identity(declared: Declared) -> tuple[Identity, Vouch] | None:
    """Who asks, and what vouches for the account; the latter is open only where the route's first
    question settles it. Raises Unauthenticated or Forbidden as the route's declaration demands."""
    public = Role.PUBLIC in declared.roles
    bearer = request.headers.get("Authorization", "")
    if bearer.startswith("Bearer "):
        token, by_cookie = bearer[7:], False
    else:
        token, by_cookie = request.cookies.get(token_cookie(held().settings), ""), True
    if not token:
        if public:
            return None
        raise Unauthenticated()
    verifier: Verifier = current_app.extensions["ieum_verifier"]
    try:
        identity, vouch = verifier.claimed(token)
        if not declared.vouched_by_its_question:
            vouch.settle()
    except Unauthenticated:
        if public:
            return None
        raise
    if not public and identity.role not in declared.roles:
        raise Forbidden()
    if by_cookie and declared.unsafe:
        _refuse_foreign(identity, declared)
    return identity, vouch


def _refuse_foreign(identity: Identity, declared: Declared) -> None:
    """An unsafe request that a cookie vouches for must come from our own pages."""
    origin = request.headers.get("Origin")
    ours = urlsplit(held().settings.public_address)
    if origin is None or urlsplit(origin)[:2] != ours[:2]:
        raise Forbidden("foreign_origin")
    if declared.page and request.form.get("form_token") != form_token(identity):
        raise Forbidden("foreign_origin")


def _command(declared: Declared) -> Command | None:
    if not declared.keyed:
        return None
    key = request.headers.get("Idempotency-Key") or _field("idempotency_key")
    if not KEY.match(key):
        raise Malformed("idempotency_key_missing")
    match = request.headers.get("If-Match", "").strip('W/"')
    if match and not VERSION.match(match):
        raise Malformed("if_match_missing")
    match = match or _field("version")
    if not VERSION.match(match):
        if declared.if_match:
            raise Malformed("if_match_missing")
        match = ""
    rule = request.url_rule.rule if request.url_rule else request.path
    return Command(
        key=key,
        body_hash=_said(),
        route=f"{request.method} {rule}",
        expected=int(match) if match else None,
    )


def _field(name: str) -> str:
    """A field of the form, empty without one. What is no form is not searched for fields."""
    return request.form.get(name, "") if request.mimetype in FORMS else ""


def _said() -> str:
    """Hash of what the request says. Forms are hashed by their fields and files.

    A browser invents a new boundary each time it sends the same form, and a form that was parsed
    already (for its token) has left no bytes to read.
    """
    said = hashlib.sha256(request.method.encode() + b"\x1f" + request.path.encode() + b"\x1f")
    if request.mimetype not in FORMS:
        said.update(request.get_data(cache=True))
        return said.hexdigest()
    # A part of a hostile form may have no name at all.
    for name, value in sorted(request.form.items(multi=True), key=str):
        said.update(f"{name}\x1f{value}\x1e".encode())
    for name, file in sorted(request.files.items(multi=True), key=lambda pair: str(pair[0])):
        content = file.stream.read()
        file.stream.seek(0)
        said.update(f"{name}\x1f{len(content)}\x1e".encode())
        said.update(content)
    return said.hexdigest()


def _finish(response: Response) -> Response:
    for name, value in SAFE.items():
        response.headers.setdefault(name, value)
    response.headers["X-Correlation-Id"] = g.get("correlation", "")
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "none"
    service = held().settings.service
    metrics.REQUESTS.labels(service, route, request.method, response.status_code).observe(seconds)
    if not route.startswith(("/static", "/health", "/metrics")):
        logger().info(
            "request",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            actor=g.identity.account if g.get("identity") else None,
        )
    structlog.contextvars.unbind_contextvars("correlation")
    if g.get("identity") and request.headers.get("HX-Request"):
        # A page that stays open learns that its session has been prolonged meanwhile.
        response.headers["Ieum-Session-Left"] = str(pages.session_left(g.identity))
    return response


def _describe_commands(app: OpenAPI) -> None:
    """Name the headers of commands in the OpenAPI document."""
    declared = {
        (rule.rule, method): getattr(app.view_functions[rule.endpoint], "declared", None)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, item in app.paths.items():
        rule = re.sub(r"\{(\w+)\}", r"<\1>", path)
        for method in ("post", "put", "patch", "delete"):
            operation = getattr(item, method, None)
            found = declared.get((rule, method.upper()))
            if operation is None or found is None or not found.keyed:
                continue
            # Operations belong to the blueprint, which several apps of one process may share.
            own = [one for one in operation.parameters or [] if one not in KEY_PARAMETERS]
            operation.parameters = [*own, *KEY_PARAMETERS]
