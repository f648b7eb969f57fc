"""Fixtures for all tests. Whatever uses `servers` is marked so and can be chosen with -m."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support.stack import Servers, fresh_database, running_servers

# Two busy cores make an example slow without making it wrong: no test fails by the clock alone.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


WHOLE_STACKS = ("e2e", "chaos", "browser/journeys")
"""These start the whole system, and two of them at once would only slow each other down.

The journeys come last of them: their system stays until the end.
"""
ONE_LOG = (
    "tests/service/chassis/",
    "tests/service/restore/",
    "tests/service/notifications/test_from_the_log.py",
    "tests/service/registration/test_campaigns_by_the_clock.py",
)
"""These publish to the broker that all workers share."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that reach the real servers; what starts a whole system comes first."""
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")
    places = {name: place for place, name in enumerate((*WHOLE_STACKS, "log"))}
    items.sort(key=lambda item: places.get(_kind(item.nodeid), len(places)))


class OneWorkerAFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Under `-n` a file goes to one worker, all that starts a whole system to the same one.

    So do tests that publish: the workers share a broker, and one test's messages would be what
    another finds in the log and knows nothing of.
    """

    def _split_scope(self, nodeid: str) -> str:
        kind = _kind(nodeid)
        return "stacks" if kind in WHOLE_STACKS else kind or nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneWorkerAFile:
    """Which worker runs what."""
    config.option.loadscopereorder = False
    return OneWorkerAFile(config, log)


def _kind(nodeid: str) -> str:
    if nodeid.startswith(ONE_LOG):
        return "log"
    return next((name for name in WHOLE_STACKS if nodeid.startswith(f"tests/{name}/")), "")


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
