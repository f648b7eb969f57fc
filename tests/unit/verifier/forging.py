"""Ways to change one place of a published file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from services.placement.verifier.ledger import Unusable
from tests.unit.verifier.answers import forge

Path_ = tuple[Any, ...]


def integers(document: Any, at: Path_ = ()) -> Iterator[Path_]:
    """The place of every integer in a document."""
    if type(document) is int:
        yield at
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from integers(value, (*at, key))
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from integers(value, (*at, i))


def put(document: Any, at: Path_, value: Any) -> None:
    for key in at[:-1]:
        document = document[key]
    document[at[-1]] = value


def putting(at: Path_, value: Any) -> Callable[[Any], None]:
    """A change that puts a value in one place."""
    return lambda document: put(document, at, value)


def adding(at: Path_, number: int) -> Callable[[Any], None]:
    """A change that adds to the number in one place."""
    return lambda document: put(document, at, get(document, at) + number)


def without(at: Path_) -> Callable[[Any], None]:
    """A change that takes one entry out."""

    def change(document: Any) -> None:
        del get(document, at[:-1])[at[-1]]

    return change


def refused(folder: Path, name: str, change: Callable[[Any], None]) -> bool:
    """Whether a change is refused, or makes the file unusable."""
    try:
        return forge(folder, name, change).refused
    except Unusable:
        return True


def get(document: Any, at: Path_) -> Any:
    for key in at:
        document = document[key]
    return document
