"""Two published answers that the tests of the verifier forge."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from services.placement.verifier.check import verify
from tests.unit.verifier.answers import persons, publish


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole groups with a minimum; every stage proved by trees."""
    folder = tmp_path_factory.mktemp("groups")
    sessions = [{"id": f"s{i}", "min": 4 * (i % 2), "max": 8, "start": 60 * i, "end": 60 * i + 90,
                 "clash": ["team"]} for i in range(4)]  # fmt: skip
    applicants = [
        {"id": f"g{i}", "school": f"c{i % 3}", "people": 3 + i % 3,
         "wishes": [{"stops": [f"s{(i + k) % 4}"], "rank": k, "cost": i} for k in range(3)]}
        for i in range(7)
    ]  # fmt: skip
    doc = {"format": "ieum.market", "version": 1, "clashes": {"team": 1}, "sessions": sessions,
           "applicants": applicants, "rules": {"seed": "a"}}  # fmt: skip
    assert publish(doc, folder)
    assert not verify(folder).refused
    return folder


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Persons, proved by prices; some of them unplaced."""
    folder = tmp_path_factory.mktemp("flow")
    assert publish(persons(random.Random(4), people=14), folder)
    assert not verify(folder).refused
    return folder
