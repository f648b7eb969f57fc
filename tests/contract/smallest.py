"""The smallest body that a route may be sent, from the schema that it publishes."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from chassis.facts import derived_id


def small(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Any:
    """The smallest value that fits a JSON schema. `named` are the schemas that it refers to."""
    if "$ref" in schema:
        return small(named[schema["$ref"].rpartition("/")[2]], named)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return small(schema[word][0], named)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", ())
            return {name: small(schema["properties"][name], named) for name in wanted}
        case "array":
            return [small(schema["items"], named)] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return _word(schema)


def _word(schema: Mapping[str, Any]) -> Any:
    match schema.get("format"):
        case "date-time":
            return "2026-01-05T09:00:00+09:00"
        case "date":
            return "2026-01-05"
        case "binary":
            return (BytesIO("학년,인원\n2,25\n".encode()), "groups.csv")
    if "0-9a-f" in schema.get("pattern", ""):
        return derived_id("somebody")
    return "some_word"
