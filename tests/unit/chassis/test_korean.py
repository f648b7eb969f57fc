"""Finding by syllables and by first consonants."""

import re
import unicodedata

import pytest

from chassis.korean import found, pattern, plain, tail_pattern


@pytest.mark.parametrize(
    ("query", "text", "place"),
    [
        ("너른", "너른뜰중학교", 0),
        ("ㄴㄹㄸ", "너른뜰중학교", 0),
        ("ㅈㅎㄱ", "너른뜰중학교", 3),
        ("너ㄹ뜰", "너른뜰중학교", 0),
        ("미래 산업", "한들시 미래산업과", 3),
        ("KAIST", "kaist 진로센터", 0),
        ("ㅋ", "너른뜰중학교", None),
        ("", "너른뜰중학교", None),
        ("너른뜰중학교입니다", "너른뜰중학교", None),
    ],
)
def test_a_word_is_found_by_what_was_typed_of_it(query: str, text: str, place: int | None) -> None:
    assert found(plain(query), plain(text)) == place
    for form in ("NFC", "NFD"):
        stored = unicodedata.normalize(form, text)
        seen = re.search(pattern(query), stored, re.IGNORECASE) if query else None
        assert (seen is not None) == (place is not None)


@pytest.mark.parametrize("query", ["(", ".*", "a\\", "[ㄱ", "1+1?"])
def test_what_is_typed_is_never_taken_for_a_pattern(query: str) -> None:
    assert re.search(pattern(query), f"너른 {query} 뜰")
    assert not re.search(pattern(query), "너른뜰")


@pytest.mark.parametrize(
    ("query", "text", "fits"),
    [
        ("가람중3반", "고양가람중", True),
        ("ㄱㄹㅈ3반", "고양가람중", True),
        ("가람 중 3반", "고양 가람 중", True),
        ("가람중3반", "가람중학교", False),
        ("중3반", "고양가람중", False),
    ],
)
def test_a_text_may_end_with_a_beginning_of_the_query(query: str, text: str, fits: bool) -> None:
    assert bool(re.search(tail_pattern(query, 2), text)) is fits
