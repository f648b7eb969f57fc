"""What is sealed for one service can be read by that service alone."""

from pathlib import Path

import pytest

from chassis import secrets
from chassis.events.sealing import Unreadable, seal, unseal

DATA = {"name": "홍길동", "email": "someone@example.kr"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("secrets")
    secrets.make(found)
    return found


def test_the_named_service_reads_it(folder: Path) -> None:
    sealed = seal(secrets.load(folder, "registration"), "notifications", DATA)
    assert unseal(secrets.load(folder, "notifications"), sealed) == DATA


@pytest.mark.parametrize("service", ["placement", "registration"])
def test_no_other_service_reads_it_not_even_its_author(folder: Path, service: str) -> None:
    sealed = seal(secrets.load(folder, "registration"), "notifications", DATA)
    with pytest.raises(Unreadable):
        unseal(secrets.load(folder, service), sealed)


def test_nothing_of_it_can_be_seen_from_outside(folder: Path) -> None:
    sealed = str(seal(secrets.load(folder, "registration"), "notifications", DATA))
    assert "someone" not in sealed
    assert "홍길동" not in sealed


def test_an_altered_one_is_unreadable(folder: Path) -> None:
    sealed = seal(secrets.load(folder, "registration"), "notifications", DATA)
    head, key, start, body, tag = sealed["sealed"].split(".")
    other = ("A" if body[0] != "A" else "B") + body[1:]
    with pytest.raises(Unreadable):
        unseal(
            secrets.load(folder, "notifications"),
            {"sealed": ".".join((head, key, start, other, tag))},
        )


def test_a_service_without_its_key_file_can_read_nothing(folder: Path, tmp_path: Path) -> None:
    sealed = seal(secrets.load(folder, "registration"), "notifications", DATA)
    with pytest.raises(Unreadable):
        unseal(secrets.load(tmp_path, "notifications"), sealed)
