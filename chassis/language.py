"""The words of the house: catalogues, particles, dates. Korean first, English beside it.

A catalogue is a YAML file of nested maps; a key is their names joined by dots. A placeholder is
`{name}`; in Korean `{name:은는}` adds the particle that fits the last syllable. Dates and times
among the facts are written as people say them, in Asia/Seoul.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from chassis.facts import KST

LANGUAGES = ("ko", "en")
HOUSE = Path(__file__).parent / "catalogue"

_PLACEHOLDER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
_FIRST_SYLLABLE, _LAST_SYLLABLE, _FINALS, _FINAL_L = 0xAC00, 0xD7A3, 28, 8
_DIGITS_WITH_FINAL = {"0": True, "1": True, "3": True, "6": True, "7": True, "8": True}
_DIGITS_WITH_L = {"1", "7", "8"}


class UnknownKey(KeyError):
    """A text that no catalogue has: a mistake in the code, found by a test."""


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{key}.")
        else:
            yield key, value


class Catalogue:
    """The texts of one service in both languages, over those of the house."""

    def __init__(self, *folders: Path) -> None:
        self.texts: dict[str, dict[str, Any]] = {language: {} for language in LANGUAGES}
        for folder in (HOUSE, *folders):
            for language in LANGUAGES:
                path = folder / f"{language}.yaml"
                if path.exists():
                    self.texts[language].update(_flat(yaml.safe_load(path.read_text()) or {}))

    def has(self, language: str, key: str) -> bool:
        """Whether the language has the text."""
        return key in self.texts[language]

    def raw(self, language: str, key: str) -> Any:
        """The entry as it stands. Raises UnknownKey."""
        try:
            return self.texts[language][key]
        except KeyError:
            raise UnknownKey(f"{language}: {key}") from None

    def text(self, language: str, key: str, **facts: Any) -> str:
        """The sentence with its facts. Raises UnknownKey for a missing text or fact."""

        def fill(found: re.Match[str]) -> str:
            name, spec = found.group(1), found.group(2)
            if name not in facts:
                raise UnknownKey(f"{language}: {key} needs {name}")
            return self.written(language, facts[name], spec)

        said = str(self.raw(language, key))
        return _PLACEHOLDER.sub(fill, said) if "{" in said else said

    def written(self, language: str, value: Any, spec: str | None = None) -> str:
        """A fact as text: times as people say them, and its particle or format if one is named."""
        if isinstance(value, datetime):
            value = self.moment(language, value)
        elif isinstance(value, date):
            value = self.day(language, value)
        if spec is None:
            return str(value)
        if f"particles.{spec}" in self.texts[language]:
            return f"{value}{self.particle(str(value), spec)}"
        return format(value, spec)

    def particle(self, word: str, pair: str) -> str:
        """The particle of the pair that fits the word, e.g. of 은/는."""
        with_final, without, *after_l = self.raw("ko", f"particles.{pair}")
        final, is_l = _final(word)
        if is_l and after_l:
            return str(after_l[0])
        return str(with_final if final else without)

    def day(self, language: str, value: date) -> str:
        """A calendar day with its weekday."""
        months = self.texts[language].get("times.months")
        return self.text(
            language,
            "times.day",
            month=value.month,
            day=value.day,
            weekday=self.raw(language, "times.weekdays")[value.weekday()],
            month_name=months[value.month - 1] if months else "",
        )

    def clock(self, language: str, value: datetime) -> str:
        """The clock time in Asia/Seoul."""
        local = value.astimezone(KST)
        half = "am" if local.hour < 12 else "pm"
        minutes = "_minutes" if local.minute else ""
        hour = local.hour % 12 or 12
        key = f"times.clock_{half}{minutes}"
        return self.text(language, key, hour=hour, minute=local.minute)

    def moment(self, language: str, value: datetime) -> str:
        """Day and clock time in Asia/Seoul."""
        local = value.astimezone(KST)
        return f"{self.day(language, local.date())} {self.clock(language, local)}"


def _final(word: str) -> tuple[bool, bool]:
    """Whether the word's last sound has a final consonant, and whether that is ㄹ."""
    last = word.rstrip(")]'\" ")[-1:] or " "
    code = ord(last)
    if _FIRST_SYLLABLE <= code <= _LAST_SYLLABLE:
        final = (code - _FIRST_SYLLABLE) % _FINALS
        return final > 0, final == _FINAL_L
    if last.isdigit():
        return last in _DIGITS_WITH_FINAL, last in _DIGITS_WITH_L
    return last.lower() in "lmnr", last.lower() in "lr"


@cache
def catalogue(*folders: Path) -> Catalogue:
    """The catalogue of these folders, read once per process."""
    return Catalogue(*folders)


def chosen(accept: str | None, cookie: str | None = None) -> str:
    """The language to answer in: the cookie's, else the first of ours that is accepted."""
    if cookie in LANGUAGES:
        return str(cookie)
    for part in (accept or "").split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return "ko"
