"""Who may do what at the broker: read off contracts/topics.yaml, nothing by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chassis.contracts import SERVICES, Topic


@dataclass(frozen=True, order=True)
class Right:
    """One allowance: a principal, an operation, and the topic or the prefix of groups."""

    principal: str
    operation: str
    resource: str
    name: str
    pattern: str


def rights(topics: Iterable[Topic]) -> set[Right]:
    """Return every allowance.

    An owner writes its topics, and reads them for `recover` and `rebuild`; a consumer reads; each
    service has the consumer groups that begin with its name. Nobody makes or alters topics: the
    setup job does, from inside the broker's container.
    """
    found: set[Right] = set()
    for topic in topics:
        owner = topic.owner
        for operation in ("WRITE", "READ", "DESCRIBE"):
            found.add(Right(owner, operation, "TOPIC", topic.name, "LITERAL"))
        for consumer in topic.consumers:
            for operation in ("READ", "DESCRIBE"):
                found.add(Right(consumer, operation, "TOPIC", topic.name, "LITERAL"))
    for service in SERVICES:
        for operation in ("READ", "DESCRIBE", "DELETE"):
            found.add(Right(service, operation, "GROUP", f"{service}-", "PREFIXED"))
    return found
