"""Fixtures for all tests. Whatever uses `servers` is marked so and can be chosen with -m."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.stack import Servers, fresh_database, running_servers

HERE = Path(__file__).parent

# Two busy cores make an example slow without making it wrong: no test fails by the clock alone.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


WHOLE_STACKS = ("e2e", "chaos", "browser/journeys")
"""These start the whole system, and two of them at once would only slow each other down.

The journeys come last of them: their system stays until the end.
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that reach the real servers, and keep together what shares its set-up.

    Under `-n` a file goes to one worker, and all that starts a whole system to the same one, first.
    xdist reads the groups in this same hook, so they are given before.
    """
    places = {name: place for place, name in enumerate(WHOLE_STACKS)}
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")
        path = item.path.relative_to(HERE)
        item.add_marker(pytest.mark.xdist_group("stacks" if _stack(path) else str(path)))
    items.sort(key=lambda item: places.get(_stack(item.path.relative_to(HERE)), len(places)))


def _stack(path: Path) -> str:
    return next((name for name in WHOLE_STACKS if path.is_relative_to(name)), "")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The real broker and database, started once per session or found running."""
    with running_servers() as found:
        yield found


@pytest.fixture
def database(servers: Servers) -> Iterator[str]:
    """The name of an empty database, dropped after the test."""
    with fresh_database(servers) as name:
        yield name
