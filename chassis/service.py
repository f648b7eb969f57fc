"""A service as one value: what it stores, what it follows, what it offers over HTTP.

`services/<name>/app.py` makes it; the roles, the commands and the tests read it. Making it
connects to nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pymongo import IndexModel

from chassis import access
from chassis.act import Documents
from chassis.context import Background
from chassis.contracts import topics
from chassis.documents import Aggregates
from chassis.events.handlers import Projections, Reactions, Timers

if TYPE_CHECKING:
    from chassis.http.routes import Routes


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that makes one service different from the others."""

    name: str
    catalogue: Path
    aggregates: Sequence[Aggregates[Any]] = ()
    projections: Projections = field(default_factory=Projections)
    reactions: Reactions = field(default_factory=Reactions)
    timers: Timers = field(default_factory=Timers)
    routes: Sequence["Routes"] = ()
    background: Mapping[str, Background] = field(default_factory=dict)
    commands: Sequence[click.Command] = ()
    indexes: Mapping[str, Sequence[Sequence[tuple[str, int]] | IndexModel]] = field(
        default_factory=dict
    )
    templates: Sequence[Path] = ()
    checks: Sequence[Callable[[Documents], Iterable[str]]] = ()
    """What `verify` asks beside the common questions: one sentence for each fault."""
    measures: Sequence[Callable[[Documents], None]] = ()
    """What `chassis/measuring.py` looks at in this service beside what it looks at in every one."""

    def __post_init__(self) -> None:
        for one in self.aggregates:
            if one.topic is not None and one.topic not in topics():
                raise LookupError(f"{one.name}: no topic {one.topic} in contracts/topics.yaml")
        access.follow(self.projections, self.name)
