"""No page escapes the walk: every GET page of the three services is in it, or elsewhere for a
reason."""

from __future__ import annotations

import importlib
from urllib.parse import urlsplit

import pytest
from flask_openapi3 import OpenAPI
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from chassis.contracts import SERVICES
from chassis.http import preferences, system
from chassis.service import Service
from tests.browser.test_pages import READERS

ELSEWHERE = {
    "sessions.onward": "leads on",
    "answers.enter": "leads on",
    "answers.enter_one": "leads on",
    "visits.enter": "leads on",
    "answers.visit": "a calendar's entry",
    "visits.entry": "a calendar's entry",
    "visits.day": "needs the cookie of a link: the journeys walk it",
}


@pytest.mark.parametrize("name", SERVICES)
def test_every_page_is_walked_or_stands_elsewhere_for_a_reason(name: str) -> None:
    service: Service = importlib.import_module(f"services.{name}.app").service
    app = OpenAPI(name)
    for routes in (*service.routes, system.routes_of(service), preferences.routes):
        app.register_api(routes.blueprint)
    mount = "" if name == "registration" else f"/{name}"
    doors = app.url_map.bind("localhost")
    walked = set()
    for path in (path for pages in READERS.values() for path in pages.values()):
        address = urlsplit(path.format(task="x", invited="x")).path
        if address.startswith(f"{mount}/"):
            try:
                walked.add(doors.match(address.removeprefix(mount))[0])
            except (HTTPException, RequestRedirect):
                continue
    pages = set()
    for rule in app.url_map.iter_rules():
        declared = getattr(app.view_functions[rule.endpoint], "declared", None)
        if declared is not None and declared.page and "GET" in (rule.methods or ()):
            pages.add(rule.endpoint)
    assert pages - walked - set(ELSEWHERE) == set()
