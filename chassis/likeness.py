"""Which organisations are likely the same one under two names. Pure: names in, pairs out.

Companies are written with and without their legal form, spaces and brackets; a registry by number
refuses exact repetitions already, so what is left are spellings.
"""

import re
import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher

FORMS = re.compile(
    r"\(주\)|\(유\)|\(재\)|\(사\)|㈜|주식회사|유한회사|재단법인|사단법인|co\.?,? ?ltd\.?|inc\.?"
)
DIGITS = re.compile(r"\d+")
ALIKE = 0.86
NEIGHBOURS = 8


def plain(name: str) -> str:
    """A name without legal form, spaces, signs and capitals, in one Unicode form."""
    bare = FORMS.sub("", unicodedata.normalize("NFC", name).casefold())
    return "".join(letter for letter in bare if letter.isalnum())


def likely(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs of ids whose names are likely one, in order of their names.

    Names are compared with their neighbours in order, so that a thousand of them take no time.
    """
    rows = sorted((written, id) for id, name in names.items() if (written := plain(name)))
    found = [
        (first, second)
        for place, (one, first) in enumerate(rows)
        for other, second in rows[place + 1 : place + 1 + NEIGHBOURS]
        if _alike(one, other)
    ]
    return sorted(found, key=lambda pair: names[pair[0]])


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    # Departments of one house share a long beginning and differ in their last word; branches
    # differ in their number.
    if one[-2:] != other[-2:] or DIGITS.findall(one) != DIGITS.findall(other):
        return False
    return SequenceMatcher(None, one, other).ratio() >= ALIKE
