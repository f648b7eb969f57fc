"""A reason code and its facts as a sentence in the reader's language."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import yaml

from chassis.contracts import CONTRACTS
from chassis.language import Catalogue

DAYS = ("date", "first", "last")
LISTS = {"kind": "kinds", "level": "levels"}


@cache
def _names() -> dict[str, dict[str, dict[str, str]]]:
    found = yaml.safe_load((CONTRACTS / "fields.yaml").read_text())
    return {name: found[name] for name in ("fields", "kinds", "levels", "needs")}


def name(language: str, kind: str, code: str) -> str:
    """What a code of a shared list is called; the code itself if the list does not know it."""
    return _names()[kind].get(code, {}).get(language, code)


def reason(catalogue: Catalogue, language: str, code: str, facts: Mapping[str, Any]) -> str:
    """The sentence for a reason: days written out, codes named, weekdays in words."""
    written = dict(facts)
    for key in DAYS:
        if key in written:
            written[key] = date.fromisoformat(written[key])
    for key, kind in LISTS.items():
        if key in written:
            written[key] = name(language, kind, written[key])
    if "weekday" in written:
        weekdays = catalogue.raw(language, "times.weekdays")
        written["weekday"] = weekdays[written["weekday"] - 1]
    if "setting" in written:
        written["setting"] = catalogue.raw(language, f"setting.{written['setting']}")
    return catalogue.text(language, f"reason.{code}", **written)
