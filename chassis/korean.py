"""Finding Korean words while they are still being typed: by syllables or by first consonants.

`ㄴㄹㅈ` and `너른중` both find 너른뜰중학교's beginning and every other place where the letters
follow each other; spaces do not count.
"""

import unicodedata

FIRST, LAST, PER_INITIAL = 0xAC00, 0xD7A3, 588
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


def _fits(wanted: str, letter: str) -> bool:
    if wanted == letter:
        return True
    code = ord(letter)
    if wanted not in INITIALS or not FIRST <= code <= LAST:
        return False
    return INITIALS[(code - FIRST) // PER_INITIAL] == wanted
