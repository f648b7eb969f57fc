"""Words of the house: particles, times, catalogues."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.language import LANGUAGES, Catalogue, UnknownKey, catalogue, chosen

TEXTS = catalogue()


@pytest.mark.parametrize(
    ("word", "pair", "wanted"),
    [
        ("너른뜰중학교", "은는", "너른뜰중학교는"),
        ("드론산업팀", "은는", "드론산업팀은"),
        ("서울", "으로로", "서울로"),
        ("부산", "으로로", "부산으로"),
        ("나무결", "이라라", "나무결이라"),
        ("3", "이가", "3이"),
        ("2", "이가", "2가"),
        ("학교(3학년)", "을를", "학교(3학년)을"),
    ],
)
def test_a_particle_fits_the_last_sound(word: str, pair: str, wanted: str) -> None:
    assert TEXTS.written("ko", word, pair) == wanted


def test_times_are_written_as_people_in_seoul_say_them() -> None:
    moment = datetime(2024, 11, 5, 1, 0, tzinfo=UTC)
    assert TEXTS.moment("ko", moment) == "11월 5일(화) 오전 10시"
    assert TEXTS.moment("en", moment) == "Tue 5 November 10 am"
    assert TEXTS.day("ko", date(2024, 11, 14)) == "11월 14일(목)"


def test_noon_and_midnight_are_twelve() -> None:
    assert TEXTS.clock("ko", datetime(2024, 1, 1, 3, 5, tzinfo=UTC)) == "오후 12시 5분"
    assert TEXTS.clock("ko", datetime(2024, 1, 1, 15, 0, tzinfo=UTC)) == "오전 12시"


def test_both_languages_have_the_same_sentences() -> None:
    keys = [
        {key for key in TEXTS.texts[language] if not key.startswith(("particles", "times"))}
        for language in LANGUAGES
    ]
    assert keys[0] == keys[1]


def test_a_missing_text_or_fact_is_an_error_and_not_an_empty_sentence() -> None:
    with pytest.raises(UnknownKey):
        TEXTS.text("ko", "problem.nothing_like_it")
    with pytest.raises(UnknownKey):
        TEXTS.text("ko", "problem.stale")


@given(st.text(max_size=60))
def test_any_header_chooses_one_of_our_languages(header: str) -> None:
    assert chosen(header) in LANGUAGES


def test_the_cookie_wins_over_the_header() -> None:
    assert chosen("ko", "en") == "en"
    assert isinstance(TEXTS, Catalogue)
