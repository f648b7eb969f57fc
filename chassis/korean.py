"""Finding Korean words while they are still being typed: by syllables or by first consonants.

`ㄴㄹㅈ` and `너른중` both find 너른뜰중학교's beginning and every other place where the letters
follow each other; spaces do not count. What a program has in its hands is asked by `found`; the
database is asked by the same words as a pattern, so that no second form of a name has to be kept.
"""

import re
import unicodedata

FIRST, LAST, PER_INITIAL = 0xAC00, 0xD7A3, 588
GAP = r"\s*"
LEADS, VOWELS, FINALS = 0x1100, "\u1161-\u1175", "\u11a8-\u11c2"
"""The parts of a syllable that is stored taken apart, as ranges of a pattern."""
INITIALS = (
    "\N{HANGUL LETTER KIYEOK}\N{HANGUL LETTER SSANGKIYEOK}\N{HANGUL LETTER NIEUN}"
    "\N{HANGUL LETTER TIKEUT}\N{HANGUL LETTER SSANGTIKEUT}\N{HANGUL LETTER RIEUL}"
    "\N{HANGUL LETTER MIEUM}\N{HANGUL LETTER PIEUP}\N{HANGUL LETTER SSANGPIEUP}"
    "\N{HANGUL LETTER SIOS}\N{HANGUL LETTER SSANGSIOS}\N{HANGUL LETTER IEUNG}"
    "\N{HANGUL LETTER CIEUC}\N{HANGUL LETTER SSANGCIEUC}\N{HANGUL LETTER CHIEUCH}"
    "\N{HANGUL LETTER KHIEUKH}\N{HANGUL LETTER THIEUTH}\N{HANGUL LETTER PHIEUPH}"
    "\N{HANGUL LETTER HIEUH}"
)


def plain(text: str) -> str:
    """The text without spaces and capitals, in one Unicode form."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def found(query: str, text: str) -> int | None:
    """Where the query begins in the text (both `plain`), or None; 0 is the best place.

    A consonant of the query stands for every syllable that begins with it.
    """
    if not query:
        return None
    for start in range(len(text) - len(query) + 1):
        if all(_fits(one, text[start + place]) for place, one in enumerate(query)):
            return start
    return None


def pattern(query: str) -> str:
    """A regular expression (for the option `i`) that matches where `found` finds the query.

    Raises ValueError for a query that is empty once it is `plain`.
    """
    return GAP.join(_letters(query))


def tail_pattern(query: str, least: int) -> str:
    """The same for texts that end with a beginning of the query, of at least so many letters.

    For things that people call by two names in a row, such as a school and its class: the query's
    rest then belongs to the second. Raises ValueError for a query of fewer letters.
    """
    letters = _letters(query)
    if len(letters) < least:
        raise ValueError(query)
    rest = "".join(f"(?:{GAP}{one}" for one in letters[least:]) + ")?" * len(letters[least:])
    return f"{GAP.join(letters[:least])}{rest}{GAP}$"


def _letters(query: str) -> list[str]:
    """One expression a letter; names may be stored composed or, from some machines, taken apart."""
    letters = [_letter(one) for one in plain(query)]
    if not letters:
        raise ValueError(query)
    return letters


def _letter(wanted: str) -> str:
    place = INITIALS.find(wanted)
    if place >= 0:
        first = FIRST + place * PER_INITIAL
        whole = f"[{chr(first)}-{chr(first + PER_INITIAL - 1)}{wanted}]"
        return f"(?:{whole}|{chr(LEADS + place)}[{VOWELS}][{FINALS}]?)"
    apart = unicodedata.normalize("NFD", wanted)
    return re.escape(wanted) if apart == wanted else f"(?:{wanted}|{apart}(?![{FINALS}]))"


def _fits(wanted: str, letter: str) -> bool:
    if wanted == letter:
        return True
    code = ord(letter)
    if wanted not in INITIALS or not FIRST <= code <= LAST:
        return False
    return INITIALS[(code - FIRST) // PER_INITIAL] == wanted
