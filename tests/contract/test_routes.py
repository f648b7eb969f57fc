"""Every door of every service: it declares its roles, and nobody else passes."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from werkzeug.routing import Rule

from chassis.context import Context
from chassis.contracts import SERVICES
from chassis.http.app import create_app
from chassis.http.routes import Declared
from chassis.roles import Role
from chassis.service import Service
from tests.support.believing import Believing
from tests.support.house import context_of
from tests.support.stack import Servers

OPEN = ("static", "openapi", "live", "ready", "measured")
ABSENT = "0192f0c1-0000-7000-8000-00000000dead"


@dataclass(frozen=True)
class Door:
    rule: Rule
    method: str
    declared: Declared
    path: str


@pytest.fixture(params=SERVICES)
def app(request: pytest.FixtureRequest, servers: Servers, database: str) -> Flask:
    service: Service = importlib.import_module(f"services.{request.param}.app").service
    context: Context = context_of(service, servers, database)
    made = create_app(service, context)
    made.extensions["ieum_verifier"] = Believing()
    return made


def undeclared(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not hasattr(view, "declared") and rule.endpoint.split(".")[0] not in OPEN:
            yield f"{rule.rule} ({rule.endpoint})"


def declarations(app: Flask) -> Iterator[tuple[Rule, str, Declared]]:
    for rule in app.url_map.iter_rules():
        declared = getattr(app.view_functions[rule.endpoint], "declared", None)
        if declared is not None:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, declared


def doors(app: Flask) -> Iterator[Door]:
    mount = app.extensions["ieum"].settings.mount
    for rule, method, declared in declarations(app):
        values = dict.fromkeys(rule.arguments, ABSENT)
        built = app.url_map.bind("localhost").build(rule.endpoint, values, method)
        yield Door(rule, method, declared, f"{mount}{built}")


def test_every_route_declares_its_roles(app: Flask) -> None:
    assert list(undeclared(app)) == []
    assert list(doors(app)), "no routes at all"


def test_no_route_opens_without_a_token_unless_it_is_public(app: Flask) -> None:
    client = app.test_client()
    for door in doors(app):
        if Role.PUBLIC in door.declared.roles:
            continue
        found = client.open(door.path, method=door.method)
        assert found.status_code == 401, f"{door.method} {door.path}: {found.status_code}"


def test_no_route_opens_for_a_role_that_it_does_not_declare(app: Flask) -> None:
    client = app.test_client()
    for door in doors(app):
        if Role.PUBLIC in door.declared.roles:
            continue
        for role in Role:
            if role in door.declared.roles or role is Role.PUBLIC:
                continue
            found = client.open(
                door.path,
                method=door.method,
                headers={"Authorization": f"Bearer {role.value}"},
            )
            assert found.status_code == 403, f"{role} {door.method} {door.path}"


def test_what_is_absent_is_not_found_and_nothing_breaks(app: Flask) -> None:
    client = app.test_client()
    for door in doors(app):
        for role in door.declared.roles:
            headers = {"Idempotency-Key": "0192f0c1-key", "If-Match": '"1"'}
            if role is not Role.PUBLIC:
                headers["Authorization"] = f"Bearer {role.value}"
            json: dict[str, str] | None = None
            if door.declared.unsafe and not door.declared.page:
                json = {}
            found = client.open(door.path, method=door.method, headers=headers, json=json)
            assert found.status_code < 500, f"{role} {door.method} {door.path}: {found.text}"
            if door.rule.arguments and not door.declared.unsafe:
                assert found.status_code in (404, 422, 302, 303), (
                    f"{role} {door.method} {door.path}: {found.status_code}"
                )
