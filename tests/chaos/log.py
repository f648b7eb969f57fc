"""What the log says, read once from outside any group after the faults."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.events.broker import Record
from chassis.events.topics import Admin, scan
from chassis.settings import Settings

Key = tuple[str, str]
"""A topic and an aggregate."""


@dataclass
class Log:
    """Every message of some topics, sorted by what the invariants ask."""

    order: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Sequences in the order of their first appearance."""
    contents: dict[tuple[str, str, int], set[bytes]] = field(
        default_factory=lambda: defaultdict(set)
    )
    duplicates: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    suspicious: list[str] = field(default_factory=list)
    """Places of messages that show a canary in clear."""
    messages: int = 0

    def take(self, record: Record, canary: bytes) -> None:
        """Add one message."""
        self.messages += 1
        if canary in record.value or any(canary in value for _, value in record.headers):
            self.suspicious.append(f"{record.topic}/{record.partition}:{record.offset}")
        number = dict(record.headers).get("ce_sequence", b"")
        if not record.key or not number.isdigit():
            self.unreadable[record.topic] += 1
            return
        place, sequence = (record.topic, record.key.decode()), int(number)
        self.contents[*place, sequence].add(record.value)
        if sequence in self.order[place]:
            self.duplicates[record.topic] += 1
        else:
            self.order[place].append(sequence)


def read(kafka: str, topics: Sequence[str], canary: str) -> Log:
    """Every message that these topics hold now."""
    settings = Settings(service="registration", kafka_bootstrap=kafka)
    admin = Admin(settings)
    try:
        there = admin.described(topics)
        ends = admin.ends([(name, part) for name, (_, n) in there.items() for part in range(n)])
    finally:
        admin.close()
    found = Log()
    for batch in scan(settings, {}, ends):
        for record in batch:
            found.take(record, canary.encode())
    return found
