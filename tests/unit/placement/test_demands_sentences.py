"""Every reason, hole and refusal of these rooms is a sentence in both languages."""

import ast
from pathlib import Path
from typing import get_args

import pytest

from chassis.language import LANGUAGES, catalogue
from services.placement.demands import manifest, sentences, supply
from services.placement.demands.refusals import CODES

SERVICE = Path(__file__).parents[3] / "services" / "placement"
ROOMS = ("hosts", "offers", "demands", "campaigns", "organisations")
TEXTS = catalogue(SERVICE / "catalogue")
FACTS = {
    "date": "2024-11-14",
    "first": "2024-10-07",
    "last": "2024-11-29",
    "weekday": 4,
    "days": 17,
    "lead_days": 30,
    "level": "high",
    "grade": 2,
    "kind": "visit",
    "setting": "on_site",
    "minutes": 40,
    "limit": 30,
    "people": 24,
    "minimum": 8,
    "maximum": 20,
    "stops": 2,
    "listed": 3,
    "longest": 60,
    "pause": 20,
    "needed": 30,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_every_reason_code_has_its_sentence(language: str, code: str) -> None:
    said = sentences.reason(TEXTS, language, code, FACTS)
    assert said.endswith(".")
    assert "{" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_hole_and_level_has_its_words(language: str) -> None:
    for why in get_args(manifest.Why):
        assert TEXTS.has(language, f"hole.{why}")
    for level in get_args(supply.Level):
        assert TEXTS.has(language, f"supply.{level}")


def codes_in(kinds: set[str], position: int) -> set[str]:
    """The codes that are written out where an error of one of the kinds is made."""
    found = set()
    for room in ROOMS:
        for path in (SERVICE / room).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in kinds
                    and len(node.args) > position
                ):
                    for part in ast.walk(node.args[position]):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            found.add(part.value)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_and_every_field_error_has_its_sentence(language: str) -> None:
    refusals = codes_in({"Refused", "NotFound", "TooLate"}, 0)
    fields = codes_in({"FieldError"}, 1)
    assert {"team_busy", "host_not_approved", "offer_frozen"} <= refusals
    assert "minimum_above_maximum" in fields
    assert [c for c in sorted(refusals) if not TEXTS.has(language, f"problem.{c}")] == []
    assert [c for c in sorted(fields) if not TEXTS.has(language, f"field.{c}")] == []
