"""Every link in a letter leads to a page that exists, for the role that it is written to."""

import importlib
import re
from collections.abc import Iterator, Mapping

import pytest
from flask import Flask

from chassis.contracts import SERVICES
from chassis.http.app import create_app
from chassis.roles import Role
from services.notifications.messages.rendering import intents, template
from tests.support.house import context_of
from tests.support.notices import planned_by_intent
from tests.support.stack import Servers

ID = "0192f0c1-0000-7000-8000-00000000dead"
DIGESTS = {
    "digest_hosts": ("host",),
    "digest_schools": ("school",),
    "digest_news": ("school", "host", "centre"),
    "digest_correction": ("school", "host"),
    "correction": ("school", "host"),
}


@pytest.fixture(scope="module")
def apps(servers: Servers) -> Mapping[str, Flask]:
    made = {}
    for name in SERVICES:
        service = importlib.import_module(f"services.{name}.app").service
        made[name] = create_app(service, context_of(service, servers, "letters"))
    return made


def readers(intent: str) -> tuple[str, ...]:
    """For whom a template is written."""
    return DIGESTS.get(intent) or (planned_by_intent()[intent].role,)


def links(intent: str) -> Iterator[tuple[str, str]]:
    """(role, link) of every way that a letter's link is written."""
    words = template(intent)
    for role in readers(intent):
        yield role, words.get(f"link_{role}", words["link"])
        if role == "host":
            yield "public", words["letter_link"]


@pytest.mark.parametrize("intent", [one for one in intents() if one != "invitation"])
def test_a_letters_link_leads_to_a_page_of_its_reader(
    apps: Mapping[str, Flask], intent: str
) -> None:
    for role, link in links(intent):
        path = re.sub(r"{\w+}", ID, link)
        first = path.split("/")[1]
        app = apps[first] if first in apps else apps["registration"]
        mount = app.extensions["ieum"].settings.mount
        endpoint, _ = app.url_map.bind("localhost").match(path.removeprefix(mount), "GET")
        declared = vars(app.view_functions[endpoint])["declared"]
        assert declared.page, link
        assert {Role(role), Role.PUBLIC} & set(declared.roles), f"{role}: {link}"
