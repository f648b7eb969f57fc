"""One prepared database for all tests of a module: making its indexes takes longer than a test."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.service.placement.world import prepared
from tests.support.stack import Servers


@pytest.fixture(scope="module")
def app(servers: Servers) -> Iterator[Flask]:
    """The service's app; `story` empties its database and builds a campaign in it."""
    with prepared(servers) as made:
        yield made
