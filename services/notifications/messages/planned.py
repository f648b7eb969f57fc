"""What is planned from an event, and the register of rules that plan it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from chassis.events.envelope import Received
from services.notifications.messages.model import Audience


@dataclass(frozen=True, slots=True)
class Planned:
    """A notice before it has an id and a time."""

    intent: str
    organisation: str | None
    role: str
    centre: str | None
    facts: dict[str, Any]
    campaign: str | None = None
    bundle: str | None = None
    once: bool = False
    audience: Audience = "organisation"


Rule = Callable[[Received], Iterable[Planned]]


@dataclass(slots=True)
class Rules:
    """The rules by event type."""

    all: dict[str, Rule] = field(default_factory=dict)

    def on(self, *types: str) -> Callable[[Rule], Rule]:
        """Register a rule for these types."""

        def register(rule: Rule) -> Rule:
            for kind in types:
                self.all[kind] = rule
            return rule

        return register

    def plan(self, event: Received) -> list[Planned]:
        """What the event gives to tell; empty for a type without a rule."""
        rule = self.all.get(event.type)
        return list(rule(event)) if rule else []

    def also(self, other: "Rules") -> None:
        """Take in another room's rules. Raises ValueError for a type that has one already."""
        twice = self.all.keys() & other.all.keys()
        if twice:
            raise ValueError(f"two rules for {sorted(twice)[0]}")
        self.all |= other.all
