"""Every refusal and every field that can be wrong has its sentence, in both languages."""

import re
from pathlib import Path

import pytest

from chassis.language import LANGUAGES, catalogue
from services.registration.app import service

ROOT = Path(__file__).parents[3] / "services" / "registration"
RAISED = re.compile(
    r"(?:Refused|TooLate|NotFound|Forbidden|Unauthenticated|Unavailable|Malformed)\(\s*\"(\w+)\""
)
FIELDS = re.compile(r"FieldError\(\s*f?\"[^\"]*\",\s*\"(\w+)\"")


def codes(found: re.Pattern[str]) -> list[str]:
    return sorted({code for path in ROOT.rglob("*.py") for code in found.findall(path.read_text())})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_that_is_raised_has_its_sentence(language: str) -> None:
    texts = catalogue(service.catalogue)
    wanted = [f"problem.{code}" for code in codes(RAISED)]
    wanted += [f"field.{code}" for code in codes(FIELDS)]
    assert len(wanted) > 50
    assert [key for key in wanted if not texts.has(language, key)] == []


def test_both_languages_say_the_same_things() -> None:
    texts = catalogue(service.catalogue).texts
    only_one = set(texts["ko"]) ^ set(texts["en"])
    assert {key for key in only_one if not key.startswith(("particles.", "times."))} == set()
