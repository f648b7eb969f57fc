"""Registration on the real database: its context, its web app, and callers of every role."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chassis import access
from chassis.act import Act
from chassis.context import Context
from chassis.events.envelope import headers, read
from chassis.events.handlers import Projections
from chassis.http.app import create_app
from services.registration.accounts import operations as accounts
from services.registration.accounts.model import Role
from services.registration.accounts.operations import NewHolder
from services.registration.app import service
from services.registration.contacts.model import Reach
from services.registration.keys import operations as keys
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Details, Kind
from tests.support.house import context_of
from tests.support.stack import Servers

PASSWORD = "correct horse battery"
_NUMBERS = count(1)


@dataclass
class Caller:
    """Someone who calls the API: signed in, with a new Idempotency-Key for each command."""

    client: FlaskClient
    token: str | None = None
    account: str = ""
    organisation: str = ""
    language: str = "ko"
    centres: list[str] = field(default_factory=list)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        version: int | None = None,
    ) -> TestResponse:
        """One request; a command gets a fresh key unless one is given."""
        sent = {
            "Accept-Language": self.language,
            "Idempotency-Key": key or f"key-{next(_NUMBERS):08d}",
        }
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if version is not None:
            sent["If-Match"] = f'"{version}"'
        if method == "GET":
            return self.client.get(path, headers=sent)
        return self.client.open(path, method=method, json=body, headers=sent)

    def post(self, path: str, body: Any = None) -> TestResponse:
        """A POST from a page of our own, with the browser's cookies."""
        return self.client.post(path, json=body, headers={"Origin": "http://localhost"})

    def delete(self, path: str) -> TestResponse:
        """A DELETE from a page of our own, with the browser's cookies."""
        return self.client.delete(path, headers={"Origin": "http://localhost"})

    def done(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """A request that has to succeed; its JSON."""
        answer = self.call(method, path, body, **options)
        assert answer.status_code < 300, answer.get_data(as_text=True)
        return answer.get_json()

    def refused(self, status: int, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """A request that has to be refused; the problem."""
        answer = self.call(method, path, body, **options)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()


@dataclass
class Registration:
    """The service under test."""

    context: Context
    app: Flask

    def act(self, **change: Any) -> Act:
        """An act of the service itself, changed where a test wants it."""
        act = self.context.act()
        return replace(act, **change) if change else act

    def anyone(self, language: str = "ko") -> Caller:
        """A caller who is not signed in."""
        return Caller(self.app.test_client(), language=language)

    def sign_in(self, login: str, password: str = PASSWORD) -> Caller:
        """A caller who is signed in."""
        client = self.app.test_client()
        answer = client.post("/session", json={"login": login, "password": password})
        self.follow_access()
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found = answer.get_json()
        return Caller(
            client, found["token"], found["account"], found["organisation"], "ko", found["centres"]
        )

    def user(
        self,
        login: str,
        role: Role = Role.CENTRE,
        organisation: str | None = None,
        name: str | None = None,
    ) -> Caller:
        """An account with an organisation of its own, as the operators' command makes it."""
        act = self.context.act(seed=f"{self.context.database.name}|{login}")
        if organisation is None:
            details = Details(
                kinds=(Kind.CENTRE,), name=name or f"센터 {login}", phone="031-900-0000"
            )
            organisation = organisations.found_centre(act, details).id
        holder = NewHolder(login, PASSWORD, Reach(email=f"{login}@example.kr"))
        accounts.create_user(act, organisation, role, "coordinator", holder)
        keys.ensure(act)
        self.follow_access()
        return self.sign_in(login)

    def follow_access(self) -> None:
        """What the role `project` does with keys and accounts, without a broker between."""
        projections = Projections()
        access.follow(projections, "registration")
        for name in ("issuing_keys", "accounts"):
            for document in self.context.database[name].find():
                for entry in document["outbox"]:
                    event = read(entry["topic"], document["_id"], entry["data"], headers(entry))
                    for collection, write in projections.writes(event):
                        self.context.database[collection].bulk_write([write])

    def outbox(self, collection: str, id: str) -> list[str]:
        """The types of the events that wait in an aggregate's outbox."""
        document = self.context.database[collection].find_one({"_id": id})
        assert document is not None
        return [entry["type"] for entry in document["outbox"]]

    def due(self, collection: str, id: str) -> dict[str, datetime]:
        """An aggregate's due times by name."""
        document = self.context.database[collection].find_one({"_id": id})
        assert document is not None
        return {row["name"]: row["at"] for row in document["due"]}


@pytest.fixture(scope="session")
def prepared(servers: Servers) -> Iterator[Context]:
    """A prepared database for the session: making its collections takes longer than a test."""
    context = context_of(service, servers, f"test_{uuid4().hex[:16]}")
    yield context
    context.database.client.drop_database(context.database.name)


@pytest.fixture
def registration(prepared: Context) -> Iterator[Registration]:
    """Registration with empty collections."""
    yield Registration(prepared, create_app(service, prepared))
    for name in prepared.database.list_collection_names():
        prepared.database[name].delete_many({})
