"""Pages say nothing but what the catalogues hold, and each catalogue holds it in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from chassis.contracts import SERVICES
from chassis.http.pages import TEMPLATES
from chassis.language import LANGUAGES, Catalogue

ROOT = Path(__file__).parents[3]
CATALOGUES = [
    *sorted((ROOT / "chassis" / "catalogue").glob("*.yaml")),
    *sorted((ROOT / "services").glob("*/catalogue/*.yaml")),
]
HANGUL = re.compile("[\N{HANGUL SYLLABLE GA}-\N{HANGUL SYLLABLE HIH}]")
NAMED = re.compile(r"""\bt\(\s*["']([a-z_.]+[a-z_])["']\s*[,)]""")
FORBIDDEN = re.compile(r"""\s(?:style|on[a-z]+)=["']""")


def templates(service: str) -> Iterator[Path]:
    """The templates that a service shows: its own, and the house's."""
    yield from TEMPLATES.rglob("*.html")
    yield from (ROOT / "services" / service).glob("*/templates/*/*.html")


@pytest.mark.parametrize("service", SERVICES)
def test_every_text_of_a_page_is_in_both_catalogues(service: str) -> None:
    texts = Catalogue(ROOT / "services" / service / "catalogue")
    named = {key for path in templates(service) for key in NAMED.findall(path.read_text())}
    assert named
    missing = [f"{lang}: {key}" for lang in LANGUAGES for key in named if not texts.has(lang, key)]
    assert sorted(missing) == []


@pytest.mark.parametrize("service", SERVICES)
def test_both_languages_have_the_same_texts_of_pages(service: str) -> None:
    texts = Catalogue(ROOT / "services" / service / "catalogue").texts
    ko, en = ({key for key in texts[lang] if key.startswith("page.")} for lang in LANGUAGES)
    assert ko == en


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_is_written_twice_under_one_key(path: Path) -> None:
    # The reader would take the last one without a word.
    assert sorted(_repeated(yaml.compose(path.read_text(), yaml.SafeLoader))) == []


def _repeated(node: yaml.Node | None, above: str = "") -> Iterator[str]:
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set[str]()
    for key, below in node.value:
        name = f"{above}.{key.value}"
        if name in seen:
            yield name
        seen.add(name)
        yield from _repeated(below, name)


@pytest.mark.parametrize("service", SERVICES)
def test_templates_hold_no_words_no_style_and_no_handler(service: str) -> None:
    for path in templates(service):
        assert not HANGUL.search(path.read_text()), path
        assert not FORBIDDEN.search(path.read_text()), path
