"""The envelope: CloudEvents 1.0 in Kafka's binary mode, on the way out and on the way in.

An *entry* is what stands in an aggregate's outbox: everything that the message will be, with the
data as the exact bytes to publish. A *received* event is the same fact on the consumer's side.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from chassis.act import Act
from chassis.contracts import Topic, faults, topic_of
from chassis.events import sealing
from chassis.facts import Event, stamp
from chassis.secrets import Keys

MOST_BYTES = 64 * 1024
"""A larger event is refused when it is appended: the broker would refuse it for good later."""

Headers = list[tuple[str, bytes]]


class Unfit(Exception):
    """An event that breaks its contract: a programming error, found before anything is written."""


def entry(
    act: Act,
    aggregate: str,
    sequence: int,
    event: Event,
    topic: Topic,
    correlation: str | None = None,
) -> dict[str, Any]:
    """The outbox entry of an event. Raises Unfit if the data breaks the closed schema."""
    return {
        "id": numbered(aggregate, sequence, topic),
        "sequence": sequence,
        "topic": topic.name,
        "type": event.type,
        "version": event.version,
        "time": stamp(act.now),
        "actor": act.actor,
        "correlation": correlation or act.correlation,
        "causation": act.causation or "",
        "traceparent": act.traceparent or "",
        "data": packed(act.keys, event, topic),
    }


def packed(keys: Keys | None, event: Event, topic: Topic) -> bytes:
    """An event's data as it lies in the log, sealed if its topic is.

    Raises Unfit if it breaks the closed schema, is too large, or cannot be sealed.
    """
    found = faults(event.type, event.data, event.version)
    if found:
        raise Unfit(f"{event.type}: {'; '.join(found)}")
    data = event.data
    if topic.sealed_for is not None:
        if keys is None:
            raise Unfit(f"{event.type}: sealed for {topic.sealed_for}, and the act has no keys")
        data = sealing.seal(keys, topic.sealed_for, data)
    value = orjson.dumps(data)
    if len(value) > MOST_BYTES:
        raise Unfit(f"{event.type}: {len(value)} bytes, more than {MOST_BYTES}")
    return value


def numbered(aggregate: str, sequence: int, topic: Topic) -> str:
    """The id of an event.

    An aggregate's state topics count versions, its log counts densely: their ids must differ, and
    so must those of two state topics that hear of one version.
    """
    if topic.guard != "state":
        return f"{aggregate}:{sequence}"
    return f"{aggregate}:{topic.name.partition('.')[2]}.v{sequence}"


def destination(event: Event, own_topic: str | None) -> Topic:
    """The topic an event goes to. Raises Unfit if it is not the aggregate's and not declared."""
    topic = topic_of(event.type)
    if topic.name not in (own_topic, event.topic):
        raise Unfit(f"{event.type} belongs to {topic.name}, not to {event.topic or own_topic}")
    return topic


def headers(found: dict[str, Any]) -> Headers:
    """The Kafka headers of an outbox entry."""
    service, _, noun = found["topic"].partition(".")
    aggregate = found["id"].rpartition(":")[0]
    rows = {
        "ce_specversion": "1.0",
        "ce_id": found["id"],
        "ce_source": f"/{service}/{noun}",
        "ce_type": f"{found['type']}.v{found['version']}",
        "ce_time": found["time"],
        "ce_subject": aggregate,
        "ce_sequence": str(found["sequence"]),
        "ce_actor": found["actor"],
        "ce_correlationid": found["correlation"],
        "content-type": "application/json",
    }
    if found["causation"]:
        rows["ce_causationid"] = found["causation"]
    if found["traceparent"]:
        rows["traceparent"] = found["traceparent"]
    return [(name, value.encode()) for name, value in rows.items()]


class Malformed(Exception):
    """Bytes that are not one of our messages."""


@dataclass(frozen=True, slots=True)
class Received:
    """An event as a consumer's handlers see it; `data` is opened if the topic is sealed."""

    topic: str
    key: str
    type: str
    version: int
    id: str
    sequence: int
    time: str
    actor: str
    correlation: str
    service: str
    data: dict[str, Any]
    traceparent: str = ""

    @property
    def at(self) -> datetime:
        """When it happened, as an aware UTC datetime."""
        return datetime.fromisoformat(self.time)


@dataclass(frozen=True, slots=True)
class Outline:
    """What the guard needs of a message: its key and sequence. Cheap to read."""

    key: str
    sequence: int


def outline(key: bytes | None, found: Headers) -> Outline:
    """Key and sequence of a message. Raises Malformed without either."""
    rows = dict(found)
    try:
        number = int(rows["ce_sequence"])
        if key is None or number < 1:
            raise ValueError("no key, or a sequence below 1")
        return Outline(key=key.decode(), sequence=number)
    except (KeyError, ValueError) as error:
        raise Malformed(f"no key or sequence: {type(error).__name__}") from error


def type_of(headers: Headers) -> str:
    """The type of the event that these headers belong to, without its version; empty if unnamed."""
    named = (value for name, value in headers if name == "ce_type")
    return next(named, b"").decode(errors="replace").rpartition(".v")[0]


def correlation_of(found: Headers) -> str:
    """The act that a message carries on; empty for one that does not say."""
    said = next((content for name, content in found if name == "ce_correlationid"), b"")
    return said.decode(errors="replace")[:64]


def read(topic: str, key: str, value: bytes, found: Headers) -> Received:
    """The event in a message, still sealed if its topic is. Raises Malformed."""
    try:
        rows = {name: content.decode() for name, content in found}
        kind, _, version = rows["ce_type"].rpartition(".v")
        data = orjson.loads(value)
        if not isinstance(data, dict):
            raise ValueError("the data is not an object")
        return Received(
            topic=topic,
            key=key,
            type=kind,
            version=int(version),
            id=rows["ce_id"],
            sequence=int(rows["ce_sequence"]),
            time=rows["ce_time"],
            actor=rows.get("ce_actor", ""),
            correlation=rows.get("ce_correlationid", ""),
            service=topic.partition(".")[0],
            data=data,
            traceparent=rows.get("traceparent", ""),
        )
    except (KeyError, ValueError) as error:
        raise Malformed(f"{type(error).__name__}: not an event of ours") from error
