"""What a service does with events and with time, as three registries.

*Projections* turn an event into writes on the service's own read model; they are pure, so that a
read model can be rebuilt from the log. *Reactions* call an operation on an own aggregate.
*Timers* call an operation when an aggregate's due time has come.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne

from chassis.act import Act
from chassis.documents import Aggregates
from chassis.events.envelope import Received

Operation = (
    InsertOne[dict[str, Any]]
    | UpdateOne
    | UpdateMany
    | ReplaceOne[dict[str, Any]]
    | DeleteOne
    | DeleteMany
)
Write = tuple[str, Operation]
"""A write on a read model: the collection's name and one pymongo operation."""

Project = Callable[[Received], Sequence[Write]]
React = Callable[[Act, Received], None]
Time = Callable[[Act, str], None]


@dataclass(slots=True)
class Projection:
    """One read model: the collections that nothing else writes, and the handlers by type."""

    name: str
    collections: tuple[str, ...]
    topics: tuple[str, ...]
    handlers: dict[str, Project] = field(default_factory=dict)

    def on(self, *types: str) -> Callable[[Project], Project]:
        """Register a pure function from event to writes."""

        def register(function: Project) -> Project:
            for kind in types:
                if kind in self.handlers:
                    raise ValueError(f"{self.name}: two handlers for {kind}")
                self.handlers[kind] = function
            return function

        return register


@dataclass(slots=True)
class Projections:
    """All read models of a service."""

    all: dict[str, Projection] = field(default_factory=dict)

    def add(self, name: str, collections: tuple[str, ...], topics: tuple[str, ...]) -> Projection:
        """Declare a read model."""
        taken = {one for projection in self.all.values() for one in projection.collections}
        if name in self.all or taken & set(collections):
            raise ValueError(f"projection {name}: its name or a collection is taken")
        self.all[name] = Projection(name, collections, topics)
        return self.all[name]

    def topics(self) -> set[str]:
        """Every topic that some read model follows."""
        return {topic for projection in self.all.values() for topic in projection.topics}

    def writes(self, event: Received) -> list[Write]:
        """The writes of all read models for one event, in the order of declaration."""
        found: list[Write] = []
        for projection in self.all.values():
            if event.topic in projection.topics and event.type in projection.handlers:
                found.extend(projection.handlers[event.type](event))
        return found


@dataclass(slots=True)
class Reactions:
    """Operations that follow from events, each once per (event, reaction)."""

    handlers: dict[str, list[React]] = field(default_factory=dict)
    _alone: set[str] = field(default_factory=set)

    def on(self, *types: str, together: bool = False) -> Callable[[React], React]:
        """Register a function that calls an operation; it runs in a transaction of its own.

        With `together` its event may share the transaction with others of the kind. That is for
        operations that are quick, and write what no request writes: one that fails, or meets
        another's write, has all of them done again.
        """

        def register(function: React) -> React:
            for kind in types:
                self.handlers.setdefault(kind, []).append(function)
            if not together:
                self._alone.update(types)
            return function

        return register

    def alone(self, kind: str) -> bool:
        """Whether an event of this type needs a transaction for itself."""
        return kind in self._alone


@dataclass(frozen=True, slots=True)
class Timer:
    """A named due time of one kind of aggregate, and what to call."""

    aggregates: Aggregates[Any]
    name: str
    call: Time


@dataclass(slots=True)
class Timers:
    """What has to be done when a due time has come."""

    all: dict[tuple[str, str], Timer] = field(default_factory=dict)

    def on(self, aggregates: Aggregates[Any], name: str) -> Callable[[Time], Time]:
        """Register an operation for a due time; it must check version and state itself."""

        def register(function: Time) -> Time:
            self.all[aggregates.name, name] = Timer(aggregates, name, function)
            return function

        return register
