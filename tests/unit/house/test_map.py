"""The map in the documents leads somewhere: every path that they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.local.machine import ROOT

ROOMS = ("contracts", "chassis", "services", "deploy", "demo", "docs", "tests", "bench")
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(file for room in ROOMS for file in (ROOT / room).rglob("*.md")),
]
NAMED = re.compile(rf"`((?:{'|'.join(ROOMS)})/[\w./*{{}},-]+)`")
MADE = "bench/results/"
"""What a benchmark writes; it is there after its first run."""
LINKED = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def _there(path: str) -> bool:
    """Whether something has this name; braces stand for alternatives, a star for anything."""
    found = re.search(r"\{([^}]+)\}", path)
    if found:
        return all(
            _there(path.replace(found.group(0), one, 1)) for one in found.group(1).split(",")
        )
    return bool(list(ROOT.glob(path.rstrip("/"))))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_path_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert [
        path for path in NAMED.findall(text) if not path.startswith(MADE) and not _there(path)
    ] == []
    assert [path for path in LINKED.findall(text) if not (document.parent / path).exists()] == []
