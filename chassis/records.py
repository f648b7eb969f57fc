"""The shapes in which aggregates are read and written; see `chassis.documents`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from chassis.facts import Due, Event

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Owners:
    """Who a document belongs to: the centre, the parties named in it, or everyone."""

    centre: str | None = None
    parties: tuple[str, ...] = ()
    public: bool = False

    def fields(self) -> dict[str, Any]:
        """As a document carries them."""
        return {"centre": self.centre, "parties": list(self.parties), "public": self.public}


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """An aggregate as it was read."""

    id: str
    version: int
    sequence: int
    state: T
    created: datetime
    changed: datetime
    commands: list[dict[str, Any]] = field(repr=False)
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of aggregates, in order of id; `next` is where the following one begins."""

    items: list[Stored[T]]
    next: str | None


@dataclass(frozen=True, slots=True)
class New(Generic[T]):
    """A row for `create_many`."""

    id: str
    state: T
    events: Sequence[Event] = ()
    due: Sequence[Due] = ()
    correlation: str | None = None


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """A row for `save_many`."""

    stored: Stored[T]
    state: T
    events: Sequence[Event] = ()
    due: Sequence[Due] | None = None
    correlation: str | None = None
