"""What the services agree on holds: schemas, examples, topics, and every consumer's reading."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from chassis.contracts import CONTRACTS, SERVICES, Topic, consumed_by, faults, schema, topics
from chassis.events.envelope import Received
from chassis.service import Service

TYPES = [(topic, kind) for topic in topics().values() for kind in topic.types]
EXAMPLES = CONTRACTS / "examples"


def examples(kind: str, sort: str) -> list[dict[str, Any]]:
    folder = EXAMPLES / f"{kind}.v1"
    return [orjson.loads(path.read_bytes()) for path in sorted(folder.glob(f"{sort}-*.json"))]


def service(name: str) -> Service:
    found: Service = importlib.import_module(f"services.{name}.app").service
    return found


@pytest.mark.parametrize("kind", [kind for _, kind in TYPES])
def test_every_event_type_has_good_and_broken_examples(kind: str) -> None:
    good, broken = examples(kind, "good"), examples(kind, "broken")
    assert good, f"{kind} has no good example"
    assert broken, f"{kind} has no broken example"
    for example in good:
        assert faults(kind, example) == []
    for example in broken:
        assert faults(kind, example), f"{kind}: a broken example passes"


def test_every_schema_belongs_to_a_topic() -> None:
    named = {f"{kind}.v1.schema.json" for _, kind in TYPES}
    there = {path.name for path in (CONTRACTS / "events").glob("*.schema.json")}
    assert there == named


def strings(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every sub-schema that allows a string, with its place."""
    if isinstance(node, dict):
        kinds = node.get("type")
        if kinds == "string" or (isinstance(kinds, list) and "string" in kinds):
            yield place, node
        for name, part in node.items():
            yield from strings(part, f"{place}/{name}")
    elif isinstance(node, list):
        for number, part in enumerate(node):
            yield from strings(part, f"{place}/{number}")


FREE = [re.compile(r"^\^?\.[*+]"), re.compile(r"\\S|\\w\*|\[\^")]


@pytest.mark.parametrize(
    ("topic", "kind"), [(topic, kind) for topic, kind in TYPES if topic.sealed_for is None]
)
def test_open_events_carry_ids_codes_and_dates_only(topic: Topic, kind: str) -> None:
    for place, node in strings(schema(kind)):
        shaped = (
            "enum" in node
            or "const" in node
            or node.get("format") in ("date", "date-time", "uuid", "time")
            or ("pattern" in node and not any(one.search(node["pattern"]) for one in FREE))
        )
        assert shaped, f"{kind}{place} is a free string"


@pytest.mark.parametrize("kind", [kind for _, kind in TYPES])
def test_schemas_are_closed_and_described(kind: str) -> None:
    found = schema(kind)
    assert found.get("additionalProperties") is False
    missing = [name for name, one in found["properties"].items() if not described(one)]
    assert not missing, f"{kind}: without a description: {missing}"


def described(node: dict[str, Any]) -> bool:
    return "description" in node or "$ref" in node


def received(topic: Topic, kind: str, data: dict[str, Any]) -> Received:
    return Received(
        topic=topic.name,
        key="0192f0c1-0000-7000-8000-0000000000aa",
        type=kind,
        version=1,
        id="0192f0c1-0000-7000-8000-0000000000aa:1",
        sequence=1,
        time="2026-01-01T00:00:00.000Z",
        actor="0192f0c1-0000-7000-8000-0000000000bb",
        correlation="0192f0c1-0000-7000-8000-0000000000cc",
        service=topic.owner,
        data=data,
    )


@pytest.mark.parametrize("name", SERVICES)
def test_every_example_is_understood_by_every_read_model(name: str) -> None:
    found = service(name)
    for topic in consumed_by(name):
        for kind in topic.types:
            for example in examples(kind, "good"):
                event = received(topic, kind, example)
                for projection in found.projections.all.values():
                    if topic.name not in projection.topics or kind not in projection.handlers:
                        continue
                    for collection, _ in projection.handlers[kind](event):
                        assert collection in projection.collections, (
                            f"{projection.name} writes {collection}, which is not its own: "
                            "a rebuild would touch it"
                        )


@pytest.mark.parametrize("name", SERVICES)
def test_services_follow_only_what_the_topics_allow(name: str) -> None:
    found = service(name)
    allowed = consumed_by(name)
    names = {topic.name for topic in allowed}
    kinds = {kind for topic in allowed for kind in topic.types}
    for projection in found.projections.all.values():
        assert set(projection.topics) <= names
        carried = {kind for topic in projection.topics for kind in topics()[topic].types}
        assert set(projection.handlers) <= carried, projection.name
    assert set(found.reactions.handlers) <= kinds


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_writes_to_its_own_topics_only(name: str) -> None:
    for aggregates in service(name).aggregates:
        if aggregates.topic is not None:
            assert topics()[aggregates.topic].owner == name
