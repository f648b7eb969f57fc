"""What is generated from the contracts and the services: `python -m deploy.generated` writes it.

contracts/asyncapi.yaml, contracts/http/<service>.openapi.json and the table of events in
docs/architecture.md. A test compares them with what would be written now.
"""

import importlib
import json
from pathlib import Path
from typing import Any

import pymongo
import yaml

from chassis.context import Context
from chassis.contracts import CONTRACTS, SERVICES, schema, topics
from chassis.http.app import create_app
from chassis.secrets import Keys
from chassis.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- events: generated -->", "<!-- end of events -->"


def openapi(service: str) -> str:
    """The OpenAPI document of a service, as its web role serves it. Connects to nothing."""
    app_module = importlib.import_module(f"services.{service}.app")
    database: Any = pymongo.MongoClient(connect=False).get_database(service)
    settings = Settings(service=service, public_address="http://localhost")
    app = create_app(app_module.service, Context(settings, database, Keys(service)))
    found = app.test_client().get(f"{settings.mount}/openapi/openapi.json").get_json()
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def asyncapi() -> str:
    """The AsyncAPI 3 document of all topics and events."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for topic in topics().values():
        name = topic.name.replace(".", "_")
        channels[name] = {
            "address": topic.name,
            "description": f"Key: {topic.key}. Guard: {topic.guard}."
            + (f" Sealed for {topic.sealed_for}." if topic.sealed_for else ""),
            "messages": {
                kind.replace(".", "_"): {"$ref": f"#/components/messages/{kind}"}
                for kind in topic.types
            },
        }
        for kind in topic.types:
            messages[kind] = {
                "name": f"{kind}.v1",
                "contentType": "application/json",
                "title": schema(kind).get("title", kind),
                "payload": {"$ref": f"events/{kind}.v1.schema.json"},
            }
        operations[f"{topic.owner}_sends_{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
        }
        for consumer in topic.consumers:
            operations[f"{consumer}_receives_{name}"] = {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{name}"},
            }
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ieum: events between the services",
            "version": "1",
            "description": "CloudEvents 1.0 in Kafka binary mode; generated from topics.yaml.",
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=True, width=100)


def events_table() -> str:
    """The table of topics for docs/architecture.md."""
    rows = ["| topic | events | guard | read by |", "|---|---|---|---|"]
    for topic in topics().values():
        kinds = " ".join(f"`{kind}`" for kind in topic.types)
        guard = topic.guard + (f", sealed for {topic.sealed_for}" if topic.sealed_for else "")
        rows.append(f"| `{topic.name}` | {kinds} | {guard} | {', '.join(topic.consumers)} |")
    return "\n".join(rows)


def architecture() -> str:
    """docs/architecture.md with its table as it has to be."""
    text = ARCHITECTURE.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{events_table()}\n{END}{tail}"


def wanted() -> dict[Path, str]:
    """Every generated file with its content."""
    files = {CONTRACTS / "http" / f"{one}.openapi.json": openapi(one) for one in SERVICES}
    files[CONTRACTS / "asyncapi.yaml"] = asyncapi()
    files[ARCHITECTURE] = architecture()
    return files


if __name__ == "__main__":
    for path, content in wanted().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
