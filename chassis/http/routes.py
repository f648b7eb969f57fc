"""The doors of a feature: routes that declare their role, and what a command must carry.

    routes = Routes("surveys", "/api/v1/surveys")

    @routes.query("/<survey_id>", roles=(Role.SCHOOL,), answer=SurveyView)
    def show(act: Act, path: SurveyPath) -> SurveyView: ...

    @routes.command("POST", "/<survey_id>/submit", roles=(Role.SCHOOL,))
    def submit(act: Act, path: SurveyPath, body: SubmitBody) -> Receipt: ...

A page is the same door for people: `routes.page` answers HTML, `routes.form` takes a form and
redirects.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Response, g, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict
from pymongo.errors import PyMongoError

from chassis.act import Act
from chassis.documents import Receipt, Replayed
from chassis.errors import Conflict, FieldError, Unavailable
from chassis.roles import Role

V = TypeVar("V", bound=Callable[..., Any])
ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose body cannot be read whole: by whom, for which address, and what came."""

    act: Act
    path: Mapping[str, Any]
    sent: Mapping[str, Any]


class Body(BaseModel):
    """Base of what is sent to a route: fields that were not asked for are refused."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def faults(cls, said: Mapping[str, Any], asked: Asked) -> Iterable[FieldError]:
        """What rules between fields find, for a body of which other fields cannot be read.

        `said` are the fields that can be read, by name, so that a sender learns of everything at
        once. What fits its shape is judged by the operation. A Problem says nothing more.
        """
        return ()


class ProblemView(BaseModel):
    """RFC 9457 problem, with what to mend where something can be mended."""

    type: str
    status: int
    code: str
    title: str
    correlation: str
    errors: list[dict[str, str]] = []
    facts: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Declared:
    """What a route says of itself; read before the request is looked at."""

    roles: tuple[Role, ...]
    unsafe: bool
    page: bool
    if_match: bool = False
    keyed: bool = True
    limit: str | None = None
    vouched_by_its_question: bool = False


PROBLEMS = {
    str(status): {
        "description": said,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemView"}}
        },
    }
    for status, said in {
        400: "The request is not well formed.",
        401: "Not signed in.",
        403: "This role may not do this.",
        404: "Not there, or not for this reader.",
        409: "A rule or the state forbids it.",
        412: "The version in If-Match is not the present one.",
        413: "The body is too large.",
        415: "The body is of another media type.",
        422: "Fields to mend, each with its place.",
        429: "Too many requests.",
        503: "Not available right now; nothing was changed.",
    }.items()
}

KEY_PARAMETERS = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "Repeating a request with the same key has one effect.",
        "schema": {"type": "string", "minLength": 8, "maxLength": 64, "pattern": "^[!-~]+$"},
    },
    {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "The version that the change relies on, in quotes.",
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
]


#: What a query answers that names no view model: a ready Response, mostly a file.
A_FILE: dict[str, Any] = {
    "description": "The file.",
    "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
}


class Routes:
    """The routes of one feature of a service."""

    def __init__(self, name: str, prefix: str = "", templates: str | None = None) -> None:
        self.name = name
        self.blueprint = APIBlueprint(
            name,
            __name__,
            url_prefix=prefix or None,
            abp_tags=[Tag(name=name)],
            template_folder=templates,
        )

    def query(
        self,
        rule: str,
        roles: tuple[Role, ...],
        answer: type[BaseModel] | None = None,
        limit: str | None = None,
    ) -> Callable[[V], V]:
        """A GET that answers JSON: a view model, or a ready Response (a file)."""
        declared = Declared(roles, unsafe=False, page=False, limit=limit)
        return self._add("GET", rule, declared, answer, 200)

    def command(
        self,
        method: str,
        rule: str,
        roles: tuple[Role, ...],
        answer: type[BaseModel] | None = Receipt,
        status: int = 200,
        if_match: bool = False,
        keyed: bool = True,
        limit: str | None = None,
        vouched_by_its_question: bool = False,
    ) -> Callable[[V], V]:
        """An unsafe request with one effect per Idempotency-Key.

        `keyed=False` is for what is no command on an aggregate (signing in, a preview).
        `vouched_by_its_question`: see `chassis.vouching`.
        """
        declared = Declared(
            roles,
            unsafe=True,
            page=False,
            if_match=if_match,
            keyed=keyed,
            limit=limit,
            vouched_by_its_question=vouched_by_its_question,
        )
        return self._add(method, rule, declared, answer, status)

    def page(
        self, rule: str, roles: tuple[Role, ...], vouched_by_its_question: bool = False
    ) -> Callable[[V], V]:
        """A GET that answers HTML."""
        declared = Declared(
            roles, unsafe=False, page=True, vouched_by_its_question=vouched_by_its_question
        )
        return self._add("GET", rule, declared, None, 200)

    def form(
        self, rule: str, roles: tuple[Role, ...], keyed: bool = True, limit: str | None = None
    ) -> Callable[[V], V]:
        """A POST of a form; answers a redirect, or the form again with what to mend."""
        declared = Declared(roles, unsafe=True, page=True, keyed=keyed, limit=limit)
        return self._add("POST", rule, declared, None, 200)

    def _add(
        self,
        method: str,
        rule: str,
        declared: Declared,
        answer: type[BaseModel] | None,
        status: int,
    ) -> Callable[[V], V]:
        def decorate(function: V) -> V:
            @functools.wraps(function)
            def view(**found: Any) -> Any:
                return shown(perform(function, declared, found), status)

            view.declared = declared  # type: ignore[attr-defined]
            extensions: dict[str, Any] = {"x-roles": [role.value for role in declared.roles]}
            add = getattr(self.blueprint, method.lower())
            responses: dict[Any, Any] = dict(PROBLEMS)
            if answer is not None:
                responses[str(status)] = answer
            elif method == "GET" and not declared.page:
                responses[str(status)] = A_FILE
            public = Role.PUBLIC in declared.roles
            add(
                rule,
                responses=responses,
                security=[] if public else [{"token": []}, {"cookie": []}],
                openapi_extensions=extensions,
                doc_ui=not declared.page,
                operation_id=f"{self.name}_{function.__name__}",
                endpoint=function.__name__,
            )(view)
            return function

        return decorate


def perform(function: Callable[..., Any], declared: Declared, found: dict[str, Any]) -> Any:
    """Call the function with the request's act, and answer only who was not shut out.

    A database that does not answer is not asked once more: that says nothing of what is stored.
    """
    act: Act = g.act
    try:
        answer = _performed(function, act, found)
    except PyMongoError:
        raise
    except Exception:
        act.vouched()
        raise
    act.vouched()
    return answer


def _performed(function: Callable[..., Any], act: Act, found: dict[str, Any]) -> Any:
    """A lost race is run again from its start.

    If-Match makes the first loss final: what the reader relied on has changed.
    """
    for _ in range(ATTEMPTS):
        try:
            return function(act=act, **found)
        except Replayed as done:
            return shown(done.receipt, done.status_then)
        except Conflict:
            continue
    raise Unavailable("busy")


def shown(result: Any, status: int) -> Any:
    """A view model as JSON with its ETag; anything else is Flask's own."""
    if not isinstance(result, BaseModel):
        return result
    response = Response(
        result.model_dump_json(), status=status, content_type="application/json; charset=utf-8"
    )
    version = getattr(result, "version", None)
    if isinstance(version, int):
        response.headers["ETag"] = f'"{version}"'
    if request.method == "GET":
        response.headers["Cache-Control"] = "private, no-store"
    return response
