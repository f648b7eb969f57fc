"""A real browser before the real apps: three services, one address, a small world in them."""

from __future__ import annotations

import importlib
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from chassis.contracts import SERVICES
from tests.browser import seed, seed_links, seed_results, seed_visits
from tests.browser.readers import Reader, readers
from tests.support.house import context_of
from tests.support.origin import served
from tests.support.stack import Servers

FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")

# The first page of an app compiles its templates; on a busy machine that takes its time.
expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class Site:
    """Where the pages are, and the ids that addresses need.

    `invited` are tokens of invitations and `closed` addresses of links, by what became of them.
    """

    address: str
    task: str
    invited: Mapping[str, str]
    closed: Mapping[str, str]

    def at(self, path: str) -> str:
        """An address with its ids in it."""
        return path.format(task=self.task, invited=self.invited["open"])


def chromium() -> str:
    """The browser's path; installs Debian's Chromium where that is allowed."""
    for _ in range(2):
        for name in NAMES:
            if found := shutil.which(name):
                return found
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "chromium"], capture_output=True, check=False
        )
    pytest.fail(
        "No browser for the tests of the pages: install Chromium (apt-get install chromium)."
    )


@pytest.fixture(scope="module")
def site(servers: Servers) -> Iterator[Site]:
    """The three apps behind one address, with a small world in their databases.

    Each file has its own: what one announces or answers would stand on the pages of the next.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    name = f"test_{uuid4().hex[:16]}"
    address = f"http://127.0.0.1:{port}"
    contexts = {}
    for service in SERVICES:
        app = importlib.import_module(f"services.{service}.app").service
        context = context_of(app, servers, name)
        settings = context.settings.model_copy(update={"public_address": address})
        contexts[service] = replace(context, settings=settings)
    centre, schools = seed.registration(contexts["registration"])
    host = seed_visits.host(contexts["registration"], centre)
    seed_results.late(contexts["registration"], centre, schools[0])
    others = {name: one for name, one in contexts.items() if name != "registration"}
    seed.known_everywhere(contexts["registration"], others)
    seed.placement(contexts["placement"], centre, schools)
    seed_visits.visits(contexts["placement"], centre, schools, host)
    seed_results.offered(contexts["placement"])
    seed_results.results(contexts["placement"], centre, schools[0])
    task = seed.notifications(contexts["notifications"], centre, schools)
    invited = seed_links.invited(contexts["registration"], centre, schools[2])
    closed = seed_links.closed(contexts["placement"], centre, schools[0], host)
    with ExitStack() as stack:
        stack.enter_context(seed_results.solver(contexts["placement"]))
        yield Site(stack.enter_context(served(contexts, port)), task, invited, closed)
    for context in contexts.values():
        context.database.client.drop_database(context.database.name)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for the session."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def reader(browser: Browser, site: Site) -> Iterator[Reader]:
    """Open a page of a new reader: `reader(width, login, language, script)`."""
    with readers(browser, site.address, seed.PASSWORD) as opened:
        yield opened
