"""The door to Kafka for what the house says and hears: publish, and follow in a group.

Every trap of the client is behind it; `topics.py` is the door for what operators ask.

The settings are not taste but measurements: see docs/adr on delivery. Clients are made in
the process that uses them, never before a fork and never in a web worker.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any

import crc32c  # noqa: F401 - without it the client is four to six times slower
from kafka import (
    ConsumerRebalanceListener,
    KafkaConsumer,
    KafkaProducer,
    TopicPartition,
)
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import (
    InvalidRecordError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from chassis.events.envelope import Headers
from chassis.logs import logger
from chassis.settings import Settings

REFUSED_FOR_GOOD = (
    InvalidRecordError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
MESSAGE_BYTES = 256 * 1024
ACK_SECONDS = 8.0


class BrokerAway(Exception):
    """The broker did not answer in time; nothing is known of what was in flight."""


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it lies in the log."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    topic: str
    key: str
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message: its place in the log, or why the broker refuses it for good.

    `held` is one that was not sent, because one before it with the same key was refused.
    """

    partition: int = -1
    offset: int = -1
    refused: str | None = None
    held: bool = False

    @property
    def sent(self) -> bool:
        """Whether it stands in the log now."""
        return self.refused is None and not self.held


def connection(settings: Settings) -> dict[str, Any]:
    """How every client of the broker connects, and as whom."""
    found: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "security_protocol": settings.kafka_security,
        "reconnect_backoff_max_ms": 500,
        "bootstrap_timeout_ms": 8000,
        "client_id": f"{settings.service}-{settings.replica}-{os.getpid()}",
    }
    if settings.kafka_security.startswith("SASL"):
        found |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": settings.kafka_password(),
        }
    return found


class Publisher:
    """Publishes in order per key; duplicates are possible, losses are not silent.

    Broker-side idempotence is off: it wedges for ever after one refused record or one long
    outage, and the consumers' guard makes it redundant.
    """

    def __init__(self, settings: Settings) -> None:
        self._producer = KafkaProducer(
            **connection(settings),
            acks="all",
            enable_idempotence=False,
            max_in_flight_requests_per_connection=1,
            delivery_timeout_ms=2**31 - 1,
            request_timeout_ms=4000,
            max_block_ms=3000,
            linger_ms=5,
            batch_size=128 * 1024,
            max_request_size=MESSAGE_BYTES,
            allow_auto_create_topics=False,
        )

    def publish(self, messages: Sequence[Outgoing]) -> list[Sent]:
        """Publish all and wait for the acknowledgements. Raises BrokerAway after eight seconds."""
        futures: list[Any] = []
        refused: set[tuple[str, str]] = set()
        for message in messages:
            if (message.topic, message.key) in refused:
                futures.append(Sent(held=True))
                continue
            try:
                futures.append(
                    self._producer.send(
                        message.topic,
                        value=message.value,
                        key=message.key.encode(),
                        headers=message.headers,
                    )
                )
            except REFUSED_FOR_GOOD as error:
                refused.add((message.topic, message.key))
                futures.append(Sent(refused=type(error).__name__))
            except KafkaError as error:
                raise BrokerAway(type(error).__name__) from error
        end = time.monotonic() + ACK_SECONDS
        return [self._outcome(future, end) for future in futures]

    def _outcome(self, future: Any, end: float) -> Sent:
        if isinstance(future, Sent):
            return future
        try:
            # Most are there by the time that the first is; waiting costs more than looking.
            ready = future.succeeded()
            done = future.value if ready else future.get(timeout=max(0.01, end - time.monotonic()))
        except REFUSED_FOR_GOOD as error:
            return Sent(refused=type(error).__name__)
        except (KafkaError, FutureTimeout, TimeoutError) as error:
            raise BrokerAway(type(error).__name__) from error
        return Sent(partition=done.partition, offset=done.offset)


Place = tuple[str, int]
"""A topic and a partition."""


class Reader:
    """A member of a consumer group that takes its places from us, not from Kafka.

    `places` is asked for the offsets of newly assigned partitions. What goes wrong there is kept
    and raised from `poll`, because the client would leave the partition assigned without a place.
    """

    def __init__(
        self,
        settings: Settings,
        group: str,
        member: str,
        topics: Sequence[str],
        places: Callable[[list[Place]], dict[Place, int]],
        most: int = 500,
    ) -> None:
        self._places = places
        self._failed: Exception | None = None
        self._consumer = KafkaConsumer(
            **connection(settings),
            group_id=group,
            group_instance_id=member,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=6000,
            heartbeat_interval_ms=1000,
            max_poll_interval_ms=30000,
            max_poll_records=most,
            request_timeout_ms=31000,
            # What comes is answered at once; only silence waits, and is not asked for ten times a
            # second by every idle role.
            fetch_max_wait_ms=1000,
            partition_assignment_strategy=[RangePartitionAssignor],
            allow_auto_create_topics=False,
        )
        self._consumer.subscribe(list(topics), listener=self._listener())

    def _listener(self) -> Any:
        reader = self

        class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
            def on_partitions_assigned(self, assigned: Any) -> None:
                try:
                    reader._seek([(one.topic, one.partition) for one in assigned])
                except Exception as error:  # noqa: BLE001 - raised again from poll
                    reader._failed = error

            def on_partitions_revoked(self, revoked: Any) -> None:
                """Nothing to do: every batch ends with its offset in the database."""

        return Listener()

    def _seek(self, assigned: list[Place]) -> None:
        for (topic, partition), offset in self._places(assigned).items():
            self._consumer.seek(TopicPartition(topic, partition), offset)

    def poll(self, seconds: float = 0.5) -> list[Record]:
        """The next messages, in order per partition; empty if there are none."""
        polled = self._consumer.poll(int(seconds * 1000))
        if self._failed is not None:
            raise self._failed
        if not polled:
            self._join_again_if_forgotten()
        return [record_of(one) for records in polled.values() for one in records]

    def _join_again_if_forgotten(self) -> None:
        """Let the client join anew if it has lost sight of a join (kafka-python 3.0.12).

        A join that outlasts its poll is left for the next one, which looks for it only while there
        still is a reason to join. If fresher metadata took the reason away, the client would stay
        between the states: without places, without heartbeats, in a loop that never rests.
        """
        coordinator = self._consumer._coordinator
        join = coordinator._join_task
        if join is not None and join.is_done and not coordinator.need_rejoin():
            logger().warning("join_forgotten", client=self._consumer.config["client_id"])
            coordinator.request_rejoin()

    def lag(self) -> dict[str, int]:
        """Messages not read yet, by topic, as far as the last fetch knew."""
        found: dict[str, int] = {}
        for one in self._consumer.assignment():
            high = self._consumer.highwater(one)
            if high is not None:
                found.setdefault(one.topic, 0)
                found[one.topic] += max(0, high - self._consumer.position(one))
        return found

    def close(self) -> None:
        """Leave; a static member keeps its partitions for a quick return."""
        self._consumer.close(timeout_ms=2000)


def record_of(one: Any) -> Record:
    """A message of the client in our shape."""
    return Record(
        topic=one.topic,
        partition=one.partition,
        offset=one.offset,
        key=one.key,
        value=one.value or b"",
        headers=list(one.headers or []),
    )
