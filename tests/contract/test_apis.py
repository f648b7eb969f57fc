"""The three APIs against their own OpenAPI documents: whatever is sent, the answer is described."""

import importlib
import uuid
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chassis.contracts import SERVICES
from chassis.http.app import create_app
from chassis.roles import Role
from tests.support.believing import Believing
from tests.support.house import context_of
from tests.support.stack import Servers

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(params=SERVICES)
def app(request: pytest.FixtureRequest, servers: Servers, database: str) -> Flask:
    service = importlib.import_module(f"services.{request.param}.app").service
    made = create_app(service, context_of(service, servers, database))
    made.extensions["ieum_verifier"] = Believing()
    return made


def ask(app: Flask, examples: int) -> None:
    """Send generated requests to every operation, each in a role that the route declares."""
    mount = app.extensions["ieum"].settings.mount
    schema = schemathesis.openapi.from_wsgi(f"{mount}/openapi/openapi.json", app)
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        roles = operation.definition.raw.get("x-roles", [])
        if not roles:
            continue

        @given(case=operation.as_strategy(), role=st.sampled_from(roles))
        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def once(case: Any, role: str) -> None:
            headers = {"Idempotency-Key": uuid.uuid4().hex}
            if role != Role.PUBLIC.value:
                headers["Authorization"] = f"Bearer {role}"
            case.call_and_validate(headers=headers, checks=CHECKS)

        once()


@pytest.mark.timeout(300)
def test_every_operation_answers_what_its_document_says(app: Flask) -> None:
    ask(app, examples=3)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_generated_requests_find_no_undescribed_answer(app: Flask) -> None:
    ask(app, examples=60)
