"""Role, route, scope: the own thing is found; another's is not there, just as what never was.

Every route with an id is walked in every role that it declares. A new route whose id no world
knows fails here by its name: give it a thing in `worlds.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chassis.contracts import SERVICES
from chassis.http.routes import Declared
from chassis.roles import Role
from tests.contract.smallest import small
from tests.contract.test_routes import ABSENT, declarations
from tests.contract.twins import ID, mirror, twin
from tests.contract.worlds import WORLDS, World
from tests.support.stack import Servers

_KEYS = count(1)
PUBLIC = {
    "GET /api/v1/organisations/<organisation_id>": (200, "an organisation is there for everyone"),
    "GET /api/v1/organisations/<organisation_id>/contacts": (200, "of which nothing is seen"),
    "GET /api/v1/organisations/<organisation_id>/posts": (200, "of which nothing is seen"),
    "GET /api/v1/programmes/<programme_id>": (200, "a published programme is public"),
    "GET /api/v1/campaigns/<campaign_id>": (200, "an announced campaign is public"),
    "GET /api/v1/campaigns/<campaign_id>/days": (200, "and so are its days"),
    "GET /api/v1/campaigns/<campaign_id>/groups/template": (200, "and its empty form"),
    "GET /api/v1/campaigns/<campaign_id>/offers": (200, "and its catalogue"),
    "GET /api/v1/campaigns/<campaign_id>/supply": (200, "and what is wanted, not by whom"),
    "school POST /api/v1/campaigns/<campaign_id>/order": (200, "a preview over the catalogue"),
    "PUT /api/v1/campaigns/<campaign_id>/survey": (409, "a school that its centre does not serve"),
    "POST /api/v1/campaigns/<campaign_id>/applications": (409, "the same"),
    "POST /api/v1/campaigns/<campaign_id>/applications/bulk": (409, "the same"),
    "GET /surveys/<campaign_id>": (200, "an announced campaign may be looked at"),
    "GET /surveys/<campaign_id>/upload": (200, "the same"),
    "GET /surveys/<campaign_id>/summary": (303, "back to the form: nothing is begun"),
    "POST /surveys/<campaign_id>/submit": (303, "the same"),
    "POST /surveys/<campaign_id>": (409, "a school that its centre does not serve"),
    "POST /surveys/<campaign_id>/upload": (409, "the same"),
    "POST /surveys/<campaign_id>/upload/marked": (409, "the same"),
    "POST /campaigns/<campaign_id>/order": (200, "a preview over the catalogue"),
    "GET /campaigns/<campaign_id>/levels": (200, "what is wanted, not by whom"),
    "GET /api/v1/offers/<offer_id>": (200, "a published offer is public among members"),
}
"""Routes that know another's thing too (in one role, if it is named): the answer, and why."""

PUBLIC_LISTS = {
    "GET /api/v1/organisations": "organisations are public data",
    "GET /api/v1/programmes": "so are programmes",
    "office GET /api/v1/campaigns": "and announced campaigns",
    "admin GET /api/v1/campaigns": "and announced campaigns",
    "GET /api/v1/preferences": "one thing, which names nobody",
}
"""Lists (in one role, if it is named) that hold more than one's own, and why."""

NAMED_ONLY = {
    "DELETE /api/v1/organisations/<organisation_id>/relations/<relation>/<other_id>": "other_id",
    "GET /api/v1/campaigns/<campaign_id>/survey/previous": "campaign_id",
}
"""Ids that a route looks up in nothing but the reader's own things."""


@dataclass(frozen=True)
class Walk:
    """A route in one of its roles, with what is sent to it."""

    world: World
    endpoint: str
    rule: str
    method: str
    arguments: tuple[str, ...]
    declared: Declared
    role: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def public(self) -> int | None:
        """What another's public thing answers, if the route knows it."""
        found = PUBLIC.get(self.name) or PUBLIC.get(f"{self.role} {self.name}")
        return found[0] if found else None

    def own(self) -> dict[str, str]:
        """The own thing for each argument."""
        return {one: self.world.id_of(self.name, one, self.role) for one in self.arguments}

    def ask(self, values: Mapping[str, str], who: str = "") -> TestResponse:
        """The request about these things, of the role's own member unless `who` is given."""
        app = self.world.app
        built = app.url_map.bind("localhost").build(self.endpoint, dict(values), self.method)
        organisation = who or self.world.members[self.role]
        headers = {
            "Authorization": f"Bearer {self.role}:{organisation}",
            "Idempotency-Key": f"walk-key-{next(_KEYS):06d}",
            "X-Correlation-Id": "the-same-for-all",
        }
        return app.test_client().open(
            f"{app.extensions['ieum'].settings.mount}{built}",
            method=self.method,
            headers=headers,
            **(self._sent() if self.declared.unsafe and not self.declared.page else {}),
        )

    @property
    def document(self) -> dict[str, Any]:
        """The service's OpenAPI document."""
        found: dict[str, Any] = self.world.app.extensions["ieum_document"]
        return found

    def _sent(self) -> dict[str, Any]:
        """The smallest sensible body, as JSON or as a form."""
        schema = self.document
        path = self.rule.replace("<", "{").replace(">", "}")
        content = schema["paths"][path][self.method.lower()].get("requestBody", {}).get("content")
        if not content:
            return {}
        ((kind, described),) = content.items()
        body = self.world.bodies.get(self.name) or small(
            described["schema"], schema["components"]["schemas"]
        )
        return {"data": body, "content_type": kind} if "form" in kind else {"json": body}


@pytest.fixture(scope="module", params=SERVICES)
def world(request: pytest.FixtureRequest, servers: Servers) -> Iterator[World]:
    with WORLDS[request.param](servers) as made:
        made.app.extensions["ieum_twins"] = mirror(made.app)
        document = made.app.test_client().get(
            f"{made.app.extensions['ieum'].settings.mount}/openapi/openapi.json"
        )
        made.app.extensions["ieum_document"] = document.get_json()
        yield made


def walks(world: World, with_ids: bool) -> Iterator[Walk]:
    for rule, method, declared in declarations(world.app):
        if bool(rule.arguments) is not with_ids:
            continue
        for role in declared.roles:
            if role is not Role.PUBLIC:
                arguments = tuple(sorted(rule.arguments))
                yield Walk(world, rule.endpoint, rule.rule, method, arguments, declared, role.value)


def there(app: Flask, id: str) -> bool:
    database = app.extensions["ieum"].database
    return any(
        database[name].find_one({"_id": id}, {"_id": 1})
        for name in database.list_collection_names()
    )


def test_every_id_of_every_route_has_its_thing_in_the_world_and_a_twin(world: World) -> None:
    missing = []
    for walk in walks(world, with_ids=True):
        for argument in walk.arguments:
            try:
                id = world.id_of(walk.name, argument, walk.role)
            except KeyError:
                missing.append(f"{walk.role} {walk.name}: {argument}")
                continue
            if ID.fullmatch(id) and there(world.app, id) and not there(world.app, twin(id)):
                missing.append(f"{walk.role} {walk.name}: no twin of {argument}")
    assert not missing


def test_what_belongs_to_another_is_not_there_just_as_what_never_was(world: World) -> None:
    wrong = []
    for walk in walks(world, with_ids=True):
        own = walk.own()
        for argument, id in own.items():
            if not ID.fullmatch(id) or NAMED_ONLY.get(walk.name) == argument:
                continue
            foreign = walk.ask({**own, argument: twin(id)})
            absent = walk.ask({**own, argument: ABSENT})
            if (foreign.status_code, absent.status_code) != (walk.public or 404, 404) or (
                walk.public is None and foreign.data != absent.data
            ):
                wrong.append(
                    f"{walk.role} {walk.name} ({argument}): another's {foreign.status_code} "
                    f"{foreign.data[:160]!r}, absent {absent.status_code} {absent.data[:160]!r}"
                )
    assert not wrong, "\n".join(wrong)


def test_what_only_names_an_own_thing_answers_the_same_for_another_and_for_none(
    world: World,
) -> None:
    for walk in walks(world, with_ids=True):
        argument = NAMED_ONLY.get(walk.name)
        if argument is not None:
            own = walk.own()
            foreign = walk.ask({**own, argument: twin(own[argument])})
            assert foreign.data == walk.ask({**own, argument: ABSENT}).data, walk.name


def test_a_list_holds_own_things_only_whatever_it_is_asked_for(world: World) -> None:
    twins: set[str] = world.app.extensions["ieum_twins"]
    wrong, shown = [], set()
    for walk in walks(world, with_ids=False):
        if (
            walk.declared.unsafe
            # A workbook is compressed; the page that it is made from is walked.
            or walk.rule.endswith(".xlsx")
            or walk.name in PUBLIC_LISTS
            or f"{walk.role} {walk.name}" in (PUBLIC_LISTS)
        ):
            continue
        needed = {name: id for name, id, required in queries(walk) if required}
        mine = walk.ask(needed)
        assert mine.status_code in (200, 302, 303), f"{walk.role} {walk.name}: {mine.status_code}"
        if ID.search(mine.text):
            shown.add(walk.name)
        for asked in (needed, *({**needed, name: twin(id)} for name, id, _ in queries(walk))):
            found = walk.ask(asked)
            seen = set(ID.findall(found.text)) & twins - set(asked.values())
            if seen:
                wrong.append(f"{walk.role} {walk.name} {asked}: {seen}")
    assert not wrong, "\n".join(wrong)
    lists = {walk.name for walk in walks(world, with_ids=False) if is_list(walk)}
    assert shown >= lists - set(PUBLIC_LISTS), "nothing of one's own is in these lists"


def queries(walk: Walk) -> Iterator[tuple[str, str, bool]]:
    """What can be asked for by an id: its name, the own thing, and whether it must be given."""
    path = walk.document["paths"].get(walk.rule.replace("<", "{").replace(">", "}"), {})
    for parameter in path.get(walk.method.lower(), {}).get("parameters", []):
        if parameter["in"] == "query":
            try:
                id = walk.world.id_of("", f"{parameter['name']}_id", walk.role)
            except KeyError:
                continue
            yield parameter["name"], id, parameter.get("required", False)


def is_list(walk: Walk) -> bool:
    """Whether it answers a page of things."""
    listed = "codes" not in walk.rule and not walk.rule.endswith(".xlsx")
    return listed and not walk.declared.unsafe and not walk.declared.page


def test_who_may_ask_finds_the_own_thing(world: World) -> None:
    database = world.app.extensions["ieum"].database
    backup = {name: list(database[name].find()) for name in database.list_collection_names()}
    wrong = []
    for walk in walks(world, with_ids=True):
        found = walk.ask(walk.own())
        if not (found.status_code < 400 or found.status_code in (409, 422)):
            wrong.append(f"{walk.role} {walk.name}: {found.status_code} {found.text[:200]}")
        if walk.declared.unsafe and found.status_code < 400:
            for name, rows in backup.items():
                database[name].delete_many({})
                if rows:
                    database[name].insert_many(rows)
    assert not wrong, "\n".join(wrong)
