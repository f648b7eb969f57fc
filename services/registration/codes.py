"""The code lists that surveys and offers share, with the synonyms that people really write.

The codes themselves are contracts (`contracts/fields.yaml`); the synonyms belong to registration
(`synonyms.yaml` beside this file) and serve imports and searching.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from chassis.contracts import CONTRACTS


@dataclass(frozen=True, slots=True)
class Codes:
    """Names by code for fields, kinds, needs and levels; `grades` are the grades of a level."""

    fields: Mapping[str, Mapping[str, str]]
    kinds: Mapping[str, Mapping[str, str]]
    needs: Mapping[str, Mapping[str, str]]
    levels: Mapping[str, Mapping[str, str]]
    grades: Mapping[str, tuple[int, ...]]
    synonyms: Mapping[str, Mapping[str, str]]

    def read(self, list_name: str, text: str) -> str | None:
        """The code that a written word means (a code, a name or a synonym), or None."""
        return self.synonyms[list_name].get(plain(text))


def plain(text: str) -> str:
    """A word without spaces, dots, commas and capitals, in one Unicode form, for comparing."""
    kept = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in kept if letter.isalnum())


@cache
def codes() -> Codes:
    """The lists, read once per process."""
    shared = yaml.safe_load((CONTRACTS / "fields.yaml").read_text())
    written = yaml.safe_load((Path(__file__).parent / "synonyms.yaml").read_text())
    lists = {
        name: {code: {"ko": row["ko"], "en": row["en"]} for code, row in shared[name].items()}
        for name in ("fields", "kinds", "needs", "levels")
    }
    synonyms: dict[str, dict[str, str]] = {}
    for name, rows in lists.items():
        synonyms[name] = {
            plain(word): code
            for code, names in rows.items()
            for word in (code, *names.values(), *written.get(name, {}).get(code, ()))
        }
    grades = {code: tuple(row["grades"]) for code, row in shared["levels"].items()}
    return Codes(**lists, grades=grades, synonyms=synonyms)
