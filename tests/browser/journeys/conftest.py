"""Journeys over all services: a real stack, and the demonstration's own campaign to walk in.

A journey asks for the chapter after which it plays: `opened` (accounts, an open campaign with
published offers, nobody has answered), `answered` (the survey is closed), `placed` (a run, hosts
have answered), `confirmed` (schools were told and confirmed), `settled` (the end of the story).
Each chapter is played once, by the demonstration's own functions; the tests are ordered by it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from demo import city
from demo.world import PASSWORD, World, load
from deploy.local.stack import Stack
from tests.browser.readers import Reader, readers

HERE = Path(__file__).parent
TRACES = Path(__file__).parents[3] / ".local" / "traces"
NAME = os.environ.get("IEUM_JOURNEYS_STACK", "journeys")
"""Two people on one machine give their stacks different names."""

CHAPTERS = ("opened", "answered", "placed", "confirmed", "settled")
PATIENCE_MS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys in the order of the story: what comes earlier in it cannot be played later."""
    places = [place for place, item in enumerate(items) if HERE in item.path.parents]
    for place, item in zip(places, sorted((items[one] for one in places), key=_after), strict=True):
        items[place] = item
        item.add_marker("browser")
        item.add_marker("servers")


def _after(item: pytest.Item) -> int:
    asked: list[str] = getattr(item, "fixturenames", [])
    return max((place for place, name in enumerate(CHAPTERS) if name in asked), default=-1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember on the test how it ended, so that its pages' traces are kept if it failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


FAILED = pytest.StashKey[bool]()


@contextmanager
def _shifted(shift: timedelta) -> Iterator[None]:
    """The story's time for the processes that are started meanwhile, and for no others."""
    os.environ["IEUM_CLOCK_SHIFT"] = str(int(shift.total_seconds()))
    try:
        yield
    finally:
        del os.environ["IEUM_CLOCK_SHIFT"]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """A fresh stack and the demonstration's data; nothing has been played yet."""
    data = load("goyang.yaml")
    gap = datetime.fromisoformat(data["plays_in"]) - datetime.now(UTC)
    shift = timedelta(seconds=int(gap.total_seconds()))
    stack = Stack(NAME)

    def command(*arguments: str, stdin: str = "") -> Any:
        with _shifted(shift):
            return stack.command(*arguments, stdin=stdin)

    with _shifted(shift):
        stack.start(fresh=True, follow=True)
    try:
        yield World(
            data=data,
            origin=stack.addresses["public"],
            mail_api=stack.mail_api,
            command=command,
            say=lambda line: None,
            shift=shift,
            notes={"mails": stack.mails},
        )
    finally:
        stack.release()


@pytest.fixture(scope="session")
def opened(world: World) -> World:
    """Schools and hosts have accounts; the campaign is open and its offers are published."""
    return _played(world, "opening")


@pytest.fixture(scope="session")
def answered(opened: World) -> World:
    """Nine schools have answered, one of them late; the survey is closed."""
    return _played(opened, "survey")


@pytest.fixture(scope="session")
def placed(answered: World) -> World:
    """A run is completed, the hosts were asked and have answered."""
    return _played(answered, "placing")


@pytest.fixture(scope="session")
def confirmed(placed: World) -> World:
    """The schools were told; they have confirmed or withdrawn."""
    return _played(placed, "confirming")


@pytest.fixture(scope="session")
def settled(confirmed: World) -> World:
    """All of the story's messages have arrived."""
    return _played(confirmed, "messages")


def _played(world: World, chapter: str) -> World:
    dict(city.CHAPTERS)[chapter](world)
    return world


@pytest.fixture
def reader(request: pytest.FixtureRequest, browser: Browser, world: World) -> Iterator[Reader]:
    """Open a page of a new reader: `reader(width, login, language, script)`.

    What a reader did is kept as a trace under `.local/traces` if the test fails.
    """

    def begun(context: BrowserContext) -> None:
        context.set_default_timeout(PATIENCE_MS)
        context.tracing.start(snapshots=True)

    def ended(context: BrowserContext) -> None:
        _close(context, request.node)

    with readers(browser, world.origin, PASSWORD, begun, ended) as opened:
        yield opened


def _close(context: BrowserContext, test: pytest.Item) -> None:
    if test.stash.get(FAILED, False):
        TRACES.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", test.name).strip("-")
        number = len(list(TRACES.glob(f"{name}-*.zip")))
        context.tracing.stop(path=TRACES / f"{name}-{number}.zip")
    context.close()
