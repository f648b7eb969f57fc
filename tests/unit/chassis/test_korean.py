"""Finding by syllables and by first consonants."""

import pytest

from chassis.korean import found, plain


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
