"""Topics themselves: make them, ask what there is, and read them outside any group.

For starts, operators' commands, rebuilds and recoveries; the roles that run for ever publish and
follow through `broker.py`.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import TopicAuthorizationFailedError

from chassis.contracts import Topic
from chassis.events.broker import (
    MESSAGE_BYTES,
    BrokerAway,
    Place,
    Record,
    connection,
    record_of,
)
from chassis.settings import Settings

SEALED_DAYS = 7
SILENT_SECONDS = 60.0


class NoRight(Exception):
    """The broker does not let this service read a topic."""


class MissingTopics(Exception):
    """Topics that this service needs are not there, or not shown to it, yet."""


def scan(
    settings: Settings, starts: dict[Place, int], ends: dict[Place, int]
) -> Iterator[list[Record]]:
    """Messages of some partitions from `starts` up to, not including, `ends`, outside any group.

    Raises NoRight for a topic that this service may not read, and BrokerAway if nothing comes for
    a minute: the client itself would go on asking for ever.
    """
    left = {place: end for place, end in ends.items() if starts.get(place, 0) < end}
    if not left:
        return
    consumer = KafkaConsumer(
        **connection(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=2000,
        fetch_max_wait_ms=100,
        allow_auto_create_topics=False,
    )
    try:
        assigned = {place: TopicPartition(*place) for place in left}
        consumer.assign(list(assigned.values()))
        for place, partition in assigned.items():
            consumer.seek(partition, starts.get(place, 0))
        heard = time.monotonic()
        while left:
            batch = []
            for records in _polled(consumer, left).values():
                for one in records:
                    place = (one.topic, one.partition)
                    if place in left and one.offset < left[place]:
                        batch.append(record_of(one))
            reached = [place for place in left if consumer.position(assigned[place]) >= left[place]]
            for place in reached:
                consumer.pause(assigned[place])
                del left[place]
            if batch or reached:
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENT_SECONDS:
                raise BrokerAway(f"nothing comes from {next(iter(left))[0]}")
            yield batch
    finally:
        consumer.close(timeout_ms=1000)


def present(settings: Settings, names: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Id and number of partitions of each topic. Raises MissingTopics if one is missing.

    Whoever begins before the setup has ended must not take a topic that is not there yet for one
    that will never be: what is published to it would be set aside for good.
    """
    admin = Admin(settings)
    try:
        there = admin.described(names)
    finally:
        admin.close()
    missing = sorted(set(names) - set(there))
    if missing:
        raise MissingTopics(f"topics are missing ({', '.join(missing)}): run `topics` first")
    return there


def _polled(consumer: Any, places: Iterable[Place]) -> dict[Any, Any]:
    """What one poll brings. Raises NoRight, also where the client would keep asking in silence."""
    wanted = {topic for topic, _ in places}
    try:
        found: dict[Any, Any] = consumer.poll(500)
    except TopicAuthorizationFailedError as error:
        raise NoRight(f"no right to read {_named(*error.args)}") from error
    denied = wanted & consumer._cluster.unauthorized_topics
    if denied:
        raise NoRight(f"no right to read {_named(denied)}")
    return found


def _named(topics: Any) -> str:
    return ", ".join(sorted(topics)) if isinstance(topics, set | frozenset) else str(topics)


class Admin:
    """Topics: make them, and ask what there is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin = KafkaAdminClient(**connection(settings))

    def make(self, topics: Sequence[Topic]) -> list[str]:
        """Create the topics that are missing. Returns their names."""
        there = set(self._admin.list_topics())
        missing = [topic for topic in topics if topic.name not in there]
        if missing:
            self._admin.create_topics([self._new(topic) for topic in missing], raise_errors=False)
            self._admin.wait_for_topics([topic.name for topic in missing])
        return [topic.name for topic in missing]

    def _new(self, topic: Topic) -> Any:
        retention = -1 if topic.sealed_for is None else SEALED_DAYS * 86_400_000
        return NewTopic(
            topic.name,
            topic.partitions,
            self._settings.kafka_replication,
            topic_configs={
                "cleanup.policy": "delete",
                "retention.ms": str(retention),
                "max.message.bytes": str(MESSAGE_BYTES),
                # With the client's own time the broker refuses one whose clock is an hour ahead,
                # and a relay on that machine would hold its lease and publish nothing.
                "message.timestamp.type": "LogAppendTime",
            },
        )

    def described(self, names: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Id and number of partitions of each topic that exists."""
        return {
            row["name"]: (str(row["topic_id"]), len(row["partitions"]))
            for row in self._admin.describe_topics(list(names))
            if not row.get("error_code")
        }

    def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """Where each partition ends: the offset of the next message."""
        consumer = KafkaConsumer(**connection(self._settings), group_id=None)
        try:
            found = consumer.end_offsets([TopicPartition(*place) for place in places])
            return {(one.topic, one.partition): end for one, end in found.items()}
        finally:
            consumer.close(timeout_ms=1000)

    def close(self) -> None:
        """Close the connection."""
        self._admin.close()
