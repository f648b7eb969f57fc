"""Fixtures for all tests. Whatever uses `servers` is marked so and can be chosen with -m."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.stack import Servers, fresh_database, running_servers

# Two busy cores make an example slow without making it wrong: no test fails by the clock alone.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that reach the real servers by what they ask for."""
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")


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
