"""Commands over HTTP: one effect per key, whoever wins the race, and no write on a stale view."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel
from werkzeug.test import TestResponse

from chassis.act import Act
from chassis.context import Context
from chassis.documents import Aggregates, Owners, Receipt
from chassis.http.app import create_app
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from chassis.service import Service
from tests.service.chassis.programmes import TOPIC, Programme, published

_NUMBERS = count(1)
things = Aggregates("programmes", TOPIC, Programme, lambda state: Owners(public=True))


class Said(Body):
    """The body of both commands."""

    rounds: int


class Place(BaseModel):
    """Which one."""

    id: str


def routes() -> Routes:
    found = Routes("things", "/things")

    @found.command("POST", "", roles=(Role.PUBLIC,), status=201)
    def make(act: Act, body: Said) -> Receipt:
        state = Programme(rounds=body.rounds)
        return things.create(act, act.new_id("thing"), state, [published(body.rounds)])

    @found.command("PUT", "/<id>", roles=(Role.PUBLIC,), if_match=False)
    def change(act: Act, path: Place, body: Said) -> Receipt:
        stored = things.load(act, path.id)
        state = Programme(rounds=body.rounds)
        return things.save(act, stored, state, [published(body.rounds)])

    return found


@pytest.fixture
def app(context: Context) -> Flask:
    service = Service("registration", Path("catalogue"), aggregates=[things], routes=[routes()])
    return create_app(service, replace(context))


def send(
    app: Flask, method: str, path: str, rounds: int, key: str, version: int | None = None
) -> TestResponse:
    headers = {"Idempotency-Key": key}
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    client = app.test_client()
    return client.open(path, method=method, json={"rounds": rounds}, headers=headers)


def fresh_key() -> str:
    return f"command-{next(_NUMBERS):06d}"


def at_once(*calls: Callable[[], TestResponse]) -> list[TestResponse]:
    """All calls at the same moment, each in a thread of its own."""
    gate = Barrier(len(calls))

    def go(call: Callable[[], TestResponse]) -> TestResponse:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as several:
        return list(several.map(go, calls))


def stored(context: Context, id: str) -> dict[str, Any]:
    found = context.database["programmes"].find_one({"_id": id})
    assert found is not None
    return found


def test_creations_that_race_with_one_key_have_one_effect_and_one_answer(
    app: Flask, context: Context
) -> None:
    key = fresh_key()
    answers = at_once(*(lambda: send(app, "POST", "/things", 3, key) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_data() for answer in answers}) == 1
    assert len(stored(context, answers[0].get_json()["id"])["outbox"]) == 1


def test_changes_that_race_with_one_key_have_one_effect_and_one_answer(
    app: Flask, context: Context
) -> None:
    id = send(app, "POST", "/things", 1, fresh_key()).get_json()["id"]
    key = fresh_key()
    answers = at_once(*(lambda: send(app, "PUT", f"/things/{id}", 2, key) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_data() for answer in answers}) == 1
    assert [entry["sequence"] for entry in stored(context, id)["outbox"]] == [1, 2]


def test_changes_that_race_with_different_keys_all_take_effect_in_some_order(
    app: Flask, context: Context
) -> None:
    id = send(app, "POST", "/things", 1, fresh_key()).get_json()["id"]
    calls = [
        partial(send, app, "PUT", f"/things/{id}", rounds, fresh_key()) for rounds in (2, 3, 4)
    ]
    answers = at_once(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert [entry["sequence"] for entry in stored(context, id)["outbox"]] == [1, 2, 3, 4]


def test_the_same_key_with_another_body_is_refused(app: Flask, context: Context) -> None:
    key = fresh_key()
    id = send(app, "POST", "/things", 1, key).get_json()["id"]
    answer = send(app, "POST", "/things", 2, key)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "key_reused")
    assert stored(context, id)["version"] == 1


def test_of_two_changes_of_one_view_the_second_is_refused(app: Flask, context: Context) -> None:
    id = send(app, "POST", "/things", 1, fresh_key()).get_json()["id"]
    calls = [
        partial(send, app, "PUT", f"/things/{id}", rounds, fresh_key(), 1) for rounds in (2, 3)
    ]
    answers = at_once(*calls)
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert stored(context, id)["version"] == 2


def test_a_repeated_command_gets_its_old_answer_even_after_later_changes(
    app: Flask, context: Context
) -> None:
    id = send(app, "POST", "/things", 1, fresh_key()).get_json()["id"]
    key = fresh_key()
    first = send(app, "PUT", f"/things/{id}", 2, key, 1)
    send(app, "PUT", f"/things/{id}", 3, fresh_key(), 2)
    again = send(app, "PUT", f"/things/{id}", 2, key, 1)
    assert again.get_data() == first.get_data()
    assert stored(context, id)["state"]["rounds"] == 3


def test_a_command_without_a_key_is_refused_before_anything_is_done(app: Flask) -> None:
    answer = app.test_client().post("/things", json={"rounds": 1})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "idempotency_key_missing")
