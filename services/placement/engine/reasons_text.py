"""Sentences for reasons, from the catalogue `sentences.json` beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("ko", "en")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, dict[str, str]]]:
    """The catalogue: kind ("wish", "applicant", ...) to code to language to sentence."""
    text = files("services.placement.engine").joinpath("sentences.json").read_text("utf-8")
    loaded: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    return loaded


def sentences(kind: str, code: str, facts: Mapping[str, Any]) -> dict[str, str]:
    """The sentence for a reason in every language; a stage is called what people call it."""
    entry, told = catalogue()[kind][code], dict(facts)
    out: dict[str, str] = {}
    for language in LANGUAGES:
        if "stage" in facts:
            told["stage"] = catalogue()["stages"][facts["stage"]][language]
        out[language] = entry[language].format_map(told)
    return out


def counted(codes: Mapping[str, int]) -> dict[str, str]:
    """A clause counting the codes of a list of wishes, most frequent first."""
    ordered = sorted(codes.items(), key=lambda item: (-item[1], item[0]))
    table = catalogue()["count"]
    return {
        language: ", ".join(table[code][language].format(n=n) for code, n in ordered)
        for language in LANGUAGES
    }
