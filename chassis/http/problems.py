"""Every refusal as RFC 9457 `application/problem+json`, in the reader's language."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Any

import orjson
from flask import Flask, Response, current_app, g, request
from pydantic import TypeAdapter, ValidationError
from pymongo.errors import PyMongoError
from werkzeug.exceptions import HTTPException

from chassis.errors import FieldError, Invalid, Problem
from chassis.http.routes import Asked, Body
from chassis.language import Catalogue, chosen
from chassis.logs import logger

CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "malformed",
    429: "too_many",
}


def catalogue() -> Catalogue:
    """The running service's texts."""
    found: Catalogue = current_app.extensions["ieum_catalogue"]
    return found


def lang() -> str:
    """The language of this request."""
    # A page asks for it with each of its words.
    if "lang" not in g:
        g.lang = chosen(request.headers.get("Accept-Language"), request.cookies.get("lang"))
    found: str = g.lang
    return found


def text(key: str, **facts: Any) -> str:
    """A sentence of the catalogue in the language of this request."""
    # A page says a hundred of them, and each look at the request's own things takes a while.
    if (spoken := g.get("spoken")) is None:
        spoken = g.spoken = (catalogue(), lang())
    found: Catalogue = spoken[0]
    return found.text(spoken[1], key, **facts)


def answer(problem: Problem) -> Response:
    """The problem as a response."""
    facts = {**problem.facts, "count": len(problem.errors), "correlation": g.get("correlation", "")}
    body: dict[str, Any] = {
        "type": "about:blank",
        "status": problem.status,
        "code": problem.code,
        "title": _sentence("problem", problem.code, facts),
        "correlation": g.get("correlation", ""),
    }
    if problem.errors:
        body["errors"] = [
            {
                "pointer": error.pointer,
                "code": error.code,
                "detail": _sentence("field", error.code, error.facts),
            }
            for error in problem.errors
        ]
    if problem.facts:
        body["facts"] = {name: _plain(value) for name, value in problem.facts.items()}
    response = Response(
        orjson.dumps(body, default=str),
        status=problem.status,
        content_type="application/problem+json",
    )
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="ieum"'
    if problem.status in (429, 503):
        response.headers["Retry-After"] = "2"
    return response


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


def _sentence(kind: str, code: str, facts: dict[str, Any]) -> str:
    texts, language = catalogue(), lang()
    key = f"{kind}.{code}"
    if not texts.has(language, key):
        logger().error("text_missing", key=key, language=language)
        return code
    return texts.text(language, key, **facts)


def of_pydantic(error: ValidationError) -> list[FieldError]:
    """The field errors of a body that does not fit its model, one for each place."""
    found = []
    for row in error.errors(include_url=False, include_input=False):
        pointer = "".join(f"/{part}" for part in row["loc"])
        kind = row["type"]
        if kind in ("missing", "extra_forbidden"):
            found.append(FieldError(pointer, kind))
        elif catalogue().has(lang(), f"field.{kind}"):
            found.append(FieldError(pointer, kind, dict(row.get("ctx", {}))))
        else:
            found.append(FieldError(pointer, "wrong", {"reason": row["msg"]}))
    return found


def unfit(error: ValidationError) -> Response:
    """The answer to a body, query or path that does not fit its model."""
    return answer(Invalid([*of_pydantic(error), *_by_rules(error)]))


def _by_rules(error: ValidationError) -> Iterable[FieldError]:
    """What the rules of a body say to those of its fields that can be read."""
    view = current_app.view_functions[request.endpoint or ""]
    body = view.__annotations__.get("body")
    sent = request.get_json(silent=True)
    if not (isinstance(body, type) and issubclass(body, Body) and isinstance(sent, dict)):
        return ()
    if error.title != body.__name__:
        return ()
    said: dict[str, Any] = {}
    for name, field in body.model_fields.items():
        kind: Any = Annotated[field.annotation, field]
        with suppress(ValidationError, KeyError):
            said[name] = TypeAdapter(kind).validate_python(sent[name])
    with suppress(Problem):
        return list(body.faults(said, Asked(g.act, request.view_args or {}, sent)))
    # What may not be seen, or is not there, has no rules of its own: the shape is told alone.
    return ()


def of_http(error: HTTPException) -> Response:
    """What Flask itself refuses (an unknown address, a method, a size), as a problem."""
    if error.response is not None:
        # flask-openapi3 aborts with the ready answer of `unfit`.
        found: Response = error.get_response()  # type: ignore[assignment]
        return found
    problem = Problem(CODES.get(error.code or 500, "malformed"))
    problem.status = error.code or 500
    return answer(problem)


def register(app: Flask) -> None:
    """Turn exceptions into problems, in this one place."""

    @app.errorhandler(Problem)
    def _problem(error: Problem) -> Response:
        return answer(error)

    app.register_error_handler(HTTPException, of_http)

    @app.errorhandler(PyMongoError)
    def _database(error: PyMongoError) -> Response:
        logger().error("database_unavailable", error=type(error).__name__)
        problem = Problem("unavailable")
        problem.status = 503
        return answer(problem)

    @app.errorhandler(Exception)
    def _unforeseen(error: Exception) -> Response:
        logger().error("request_failed", error=type(error).__name__, exc_info=error)
        problem = Problem("internal")
        problem.status = 500
        return answer(problem)
