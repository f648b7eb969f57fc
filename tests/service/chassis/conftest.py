"""A prepared database for all tests of the chassis; making its collections outlasts a test."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chassis.context import Context
from tests.service.chassis.programmes import begin_here, producer
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database


@pytest.fixture(scope="module")
def house(servers: Servers) -> Iterator[Context]:
    """A service that owns programmes; its database lasts for one file of tests."""
    with fresh_database(servers) as database:
        context = context_of(producer(), servers, database)
        begin_here(context)
        yield context


@pytest.fixture
def context(house: Context) -> Context:
    """The same, with a stop of its own."""
    return replace(house)
