"""The notifications service on the real database, with a real mail server."""

from collections.abc import Iterator

import pytest

from chassis.context import Context
from tests.service.notifications.world import World, emptied, opened, populated
from tests.support.post_office import PostOffice
from tests.support.stack import Servers, fresh_database


@pytest.fixture(scope="module")
def prepared(servers: Servers) -> Iterator[Context]:
    """One database for the tests of a file."""
    with fresh_database(servers) as name:
        context = opened(servers, name)
        yield context
        context.database.client.drop_database(context.database.name)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server that listens."""
    office = PostOffice().open()
    yield office
    office.close()


@pytest.fixture
def world(prepared: Context, office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world as every test finds it; digests close at once unless a test says otherwise."""
    monkeypatch.setenv("IEUM_DIGEST_SECONDS", "0")
    emptied(prepared)
    return populated(prepared, office)
