"""Head-counts only: no request, no sheet and no event asks for one student's datum."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.contracts import CONTRACTS, SERVICES
from deploy.local.machine import ROOT

OF_STUDENTS = re.compile(
    r"student|pupil|learner|birth|gender|guardian|parent_|resident|roll_number|photo|consent"
)
"""Parts of a field's name that would hold something about one student."""
COUNTS = {"students", "learners"}
"""Names that say how many, or of which level."""


def names(node: Any) -> Iterator[str]:
    """Every name of a property in a schema, at any depth."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for one in node.values():
            yield from names(one)
    if isinstance(node, list):
        for one in node:
            yield from names(one)


def strange(found: Iterator[str]) -> set[str]:
    return {name for name in found if OF_STUDENTS.search(name)} - COUNTS


@pytest.mark.parametrize("service", SERVICES)
def test_no_request_and_no_answer_names_a_students_datum(service: str) -> None:
    document = json.loads((CONTRACTS / "http" / f"{service}.openapi.json").read_text())
    assert strange(names(document)) == set()


@pytest.mark.parametrize(
    "schema", sorted((CONTRACTS / "events").glob("*.json")), ids=lambda p: p.stem
)
def test_no_event_names_a_students_datum(schema: Path) -> None:
    assert strange(names(json.loads(schema.read_text()))) == set()


def test_no_column_of_a_sheet_names_a_students_datum() -> None:
    sheet = ROOT / "services" / "registration" / "imports" / "columns.yaml"
    keys = {row["key"] for row in yaml.safe_load(sheet.read_text())["columns"]}
    assert "people" in keys
    assert strange(iter(keys)) == set()


def test_a_students_datum_would_be_found() -> None:
    schema: dict[str, Any] = {
        "properties": {"groups": {"items": {"properties": {"student_name": {}}}}}
    }
    assert strange(names(schema)) == {"student_name"}
