"""The contracts as data: topics and event schemas, read once per process.

The closed schema is the producers' check when an event is appended. Consumers ignore what they do
not know, so theirs is the same schema opened: more is welcome, what is named has to fit.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import yaml

CONTRACTS = Path(__file__).resolve().parents[1] / "contracts"
SERVICES = ("registration", "placement", "notifications")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: who owns it, who reads it, and how its order is guarded (`log` or `state`)."""

    name: str
    owner: str
    key: str
    guard: str
    partitions: int
    types: tuple[str, ...]
    consumers: tuple[str, ...]
    sealed_for: str | None = None


@cache
def topics() -> dict[str, Topic]:
    """Every topic by name, in the order of the file."""
    found = yaml.safe_load((CONTRACTS / "topics.yaml").read_text())["topics"]
    return {
        name: Topic(
            name=name,
            owner=row["owner"],
            key=row["key"],
            guard=row["guard"],
            partitions=row["partitions"],
            types=tuple(row["types"]),
            consumers=tuple(row["consumers"]),
            sealed_for=row.get("sealed_for"),
        )
        for name, row in found.items()
    }


@cache
def topic_of(event_type: str) -> Topic:
    """The topic that carries a type. KeyError for a type that no topic names."""
    for topic in topics().values():
        if event_type in topic.types:
            return topic
    raise KeyError(event_type)


def consumed_by(service: str) -> list[Topic]:
    """The topics that a service reads."""
    return [topic for topic in topics().values() if service in topic.consumers]


def owned_by(service: str) -> list[Topic]:
    """The topics that a service writes."""
    return [topic for topic in topics().values() if topic.owner == service]


def schema(event_type: str, version: int = 1) -> dict[str, Any]:
    """The JSON Schema of a type as it stands in the contracts."""
    path = CONTRACTS / "events" / f"{event_type}.v{version}.schema.json"
    found: dict[str, Any] = orjson.loads(path.read_bytes())
    return found


@cache
def validator(event_type: str, version: int = 1) -> Any:
    """The compiled closed schema of a type."""
    return jsonschema_rs.validator_for(schema(event_type, version))


@cache
def opened_validator(event_type: str, version: int = 1) -> Any:
    """The compiled schema of a type as its readers see it: fields that they do not know pass."""
    return jsonschema_rs.validator_for(_opened(schema(event_type, version)))


def _opened(node: Any) -> Any:
    if isinstance(node, list):
        return [_opened(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = node.get("additionalProperties") is False
    return {
        name: _opened(one)
        for name, one in node.items()
        if not (closed and name == "additionalProperties")
    }


def faults(event_type: str, data: dict[str, Any], version: int = 1) -> list[str]:
    """What is wrong with an event's data, each with its place; empty if nothing is.

    Values are left out on purpose: a fault may end in a log.
    """
    return _said(validator(event_type, version), data)


def faults_for_readers(event_type: str, data: dict[str, Any], version: int = 1) -> list[str]:
    """What a consumer cannot rely on in an event's data; fields it does not know are no fault."""
    return _said(opened_validator(event_type, version), data)


def _said(compiled: Any, data: dict[str, Any]) -> list[str]:
    return [
        f"{'/'.join(str(part) for part in error.instance_path) or '.'}: "
        f"breaks {'/'.join(str(part) for part in error.schema_path)}"
        for error in compiled.iter_errors(data)
    ]
