"""What is generated from the contracts is what stands in the tree."""

from pathlib import Path

import pytest

from deploy.generated import ROOT, wanted


@pytest.fixture(scope="module")
def generated() -> dict[Path, str]:
    return wanted()


def test_generated_documents_have_not_drifted(generated: dict[Path, str]) -> None:
    drifted = [
        str(path.relative_to(ROOT))
        for path, content in generated.items()
        if not path.exists() or path.read_text() != content
    ]
    assert not drifted, f"run `make generated`: {drifted}"
