"""Which hosts are likely the same one under two names. Pure: names in, pairs out.

Companies are written with and without their legal form, spaces and brackets; a registry by number
refuses exact repetitions already, so what is left are spellings.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from difflib import SequenceMatcher

FORMS = re.compile(
    r"\(주\)|\(유\)|\(재\)|\(사\)|㈜|주식회사|유한회사|재단법인|사단법인|co\.?,? ?ltd\.?|inc\.?"
)
ALIKE = 0.86
BEGINNING = 2


def plain(name: str) -> str:
    """A name without legal form, spaces, signs and capitals, in one Unicode form."""
    bare = FORMS.sub("", unicodedata.normalize("NFC", name).casefold())
    return "".join(letter for letter in bare if letter.isalnum())


def likely(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs of ids whose names are likely one, in order of their names.

    Only names with a common beginning are compared, so that a thousand hosts take no time.
    """
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for id, name in names.items():
        if written := plain(name):
            groups[written[:BEGINNING]].append((written, id))
    found = []
    for rows in groups.values():
        rows.sort()
        for place, (one, first) in enumerate(rows):
            for other, second in rows[place + 1 :]:
                if _alike(one, other):
                    found.append((first, second))
    return sorted(found, key=lambda pair: names[pair[0]])


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    # Departments of one house share a long beginning and differ in their last word.
    if one[-2:] != other[-2:]:
        return False
    return SequenceMatcher(None, one, other).ratio() >= ALIKE
