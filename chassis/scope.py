"""Who may see what, as the filter that every query carries.

A `store` function never builds such a filter itself: it takes it from the `Scope` of the act, so
that a query without one cannot be written by accident. Out of scope looks like not there.
"""

from dataclasses import dataclass
from typing import Any

Filter = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Centre:
    """The staff of one centre: everything that names this centre."""

    id: str

    def filter(self) -> Filter:
        return {"centre": self.id}


@dataclass(frozen=True, slots=True)
class Party:
    """A school or a host: everything that names it as a party."""

    id: str

    def filter(self) -> Filter:
        return {"parties": self.id}


@dataclass(frozen=True, slots=True)
class Office:
    """A supervising office: its centres, to read only."""

    id: str
    centres: tuple[str, ...]

    def filter(self) -> Filter:
        return {"centre": {"$in": list(self.centres)}}


@dataclass(frozen=True, slots=True)
class Link:
    """A signed link: exactly the documents it names."""

    ids: tuple[str, ...]

    def filter(self) -> Filter:
        return {"_id": {"$in": list(self.ids)}}


@dataclass(frozen=True, slots=True)
class Public:
    """Anyone: what is marked public, and nothing else."""

    def filter(self) -> Filter:
        return {"public": True}


@dataclass(frozen=True, slots=True)
class System:
    """The service itself: reactions, timers and operators' commands. Refused in HTTP code."""

    def filter(self) -> Filter:
        return {}


Scope = Centre | Party | Office | Link | Public | System


def within(scope: Scope, wanted: Filter) -> Filter:
    """The wanted filter narrowed to the scope; both hold, whichever fields they name."""
    narrow = scope.filter()
    if not narrow:
        return wanted
    return {"$and": [narrow, wanted]} if wanted else narrow
