"""Code lists, synonyms, columns and sentences agree with each other."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.contracts import CONTRACTS, schema, topics
from services.registration import projections
from services.registration.app import service
from services.registration.codes import codes, plain
from services.registration.imports.columns import columns

SERVICE = Path(__file__).parents[3] / "services" / "registration"
FEATURES = [SERVICE / name for name in ("surveys", "applications", "imports")]


@pytest.mark.parametrize("name", ["fields", "kinds", "needs", "levels"])
def test_no_word_means_two_codes_and_every_synonym_has_a_code(name: str) -> None:
    shared = yaml.safe_load((CONTRACTS / "fields.yaml").read_text())[name]
    written = yaml.safe_load((SERVICE / "synonyms.yaml").read_text())[name]
    assert set(written) <= set(shared)
    seen: dict[str, str] = {}
    for code, row in shared.items():
        for word in {plain(one) for one in (code, row["ko"], row["en"], *written.get(code, ()))}:
            assert seen.setdefault(word, code) == code, word


def test_names_and_synonyms_lead_to_the_code() -> None:
    assert codes().read("fields", "방송 · 영상") == "broadcasting"
    assert codes().read("fields", "유튜브") == "broadcasting"
    assert codes().read("levels", "중학교") == "middle"
    assert codes().read("fields", "마법") is None


def test_levels_of_the_events_are_those_of_the_lists() -> None:
    group: dict[str, Any] = schema("survey.submitted")["properties"]["groups"]["items"]
    assert group["properties"]["level"]["enum"] == list(codes().levels)


def test_no_title_means_two_columns() -> None:
    found = yaml.safe_load((FEATURES[2] / "columns.yaml").read_text())["columns"]
    titles = [
        plain(title) for row in found for title in {row["ko"], row["en"], *row.get("also", ())}
    ]
    assert len(titles) == len(set(titles))
    assert len(columns().by_title) == len(titles)


def test_the_timeline_follows_every_event_of_its_topics() -> None:
    told = {kind for name in projections.timelines.topics for kind in topics()[name].types}
    assert set(projections.timelines.handlers) == told


def test_every_code_that_these_features_can_answer_has_a_sentence_in_both_languages() -> None:
    source = "".join(path.read_text() for folder in FEATURES for path in folder.glob("*.py"))
    fields = {
        *re.findall(r'yield f?"[^"]*/[^"]*", "([a-z_]+)"', source),
        *re.findall(r'FieldError\([^)]*?, "([a-z_]+)"', source),
        *re.findall(r'Unreadable\(\s*"([a-z_]+)"', source),
        *("fields_many", "dates_many", "date_holiday", "date_unusable"),
    }
    problems = set(re.findall(r'(?:Refused|TooLate)\(\s*"([a-z_]+)"', source))
    assert len(fields) > 40
    assert len(problems) > 10
    for language in ("ko", "en"):
        texts = yaml.safe_load((service.catalogue / f"{language}.yaml").read_text())
        assert not {code for code in fields if code not in texts["field"]}, language
        assert not {code for code in problems if code not in texts["problem"]}, language
