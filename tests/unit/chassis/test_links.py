"""Signed links: only those who hold the key can write one, and it says nothing it should not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis import links
from chassis.facts import derived_id
from chassis.links import Asks, Link, Purpose

KEY, OTHER = b"k" * 32, b"o" * 32
UNTIL = datetime(2024, 11, 12, 9, tzinfo=UTC)
NUMBER = "+82310001004"


def link(key: bytes = KEY, number: str = NUMBER) -> Link:
    holder = derived_id("contact")
    return Link(
        purpose=Purpose.ANSWER,
        holder=holder,
        subject=derived_id("host"),
        centre=derived_id("centre"),
        until=UNTIL,
        asks=Asks.TELEPHONE,
        check=links.known_to(key, holder, Asks.TELEPHONE, number),
    )


def test_a_link_comes_back_as_it_was_written() -> None:
    assert links.read(KEY, links.written(KEY, link()), Purpose.ANSWER) == link()


def test_the_same_letter_carries_the_same_link_and_neither_name_nor_number() -> None:
    text = links.written(KEY, link())
    assert text == links.written(KEY, link())
    assert "1004" not in text
    assert len(text) <= 120


@pytest.mark.parametrize("place", [0, 1, 20, 60, 80, -1])
def test_one_changed_sign_makes_it_no_link(place: int) -> None:
    text = links.written(KEY, link())
    sign = "A" if text[place] != "A" else "B"
    changed = text[:place] + sign + (text[place + 1 :] if place != -1 else "")
    found = links.read(KEY, changed, Purpose.ANSWER)
    # The last sign carries four bits that mean nothing, so that a change may leave it the same.
    assert found is None or (place == -1 and found == link())


@pytest.mark.parametrize("text", ["", "A", "-" * 110, "ㄱ" * 110, "A" * 10_000, "\x00" * 110])
def test_what_nobody_wrote_is_no_link(text: str) -> None:
    assert links.read(KEY, text, Purpose.ANSWER) is None


def test_another_key_or_another_purpose_opens_nothing() -> None:
    text = links.written(KEY, link())
    assert links.read(OTHER, text, Purpose.ANSWER) is None
    assert links.read(KEY, text, Purpose.ESCORT) is None


@pytest.mark.parametrize("typed", ["1004", " 1004 ", "031-000-1004"])
def test_the_last_four_digits_are_known_however_they_are_typed(typed: str) -> None:
    assert links.knows(KEY, link(), typed)


@pytest.mark.parametrize("typed", ["", "100", "1005", "4001", "abcd"])
def test_other_digits_are_not(typed: str) -> None:
    assert not links.knows(KEY, link(), typed)


def test_an_address_is_asked_for_where_there_is_no_telephone() -> None:
    by_mail = replace(
        link(),
        asks=Asks.EMAIL,
        check=links.known_to(KEY, link().holder, Asks.EMAIL, "team@city.example"),
    )
    assert links.knows(KEY, by_mail, " Team@city.example ")
    assert not links.knows(KEY, by_mail, "team@other.example")


def test_a_device_stays_known_until_its_time_or_until_the_number_changes() -> None:
    now = UNTIL - timedelta(days=30)
    kept = links.device(KEY, link(), now + timedelta(days=10))
    assert links.is_known(KEY, link(), kept, now)
    assert not links.is_known(KEY, link(), kept, now + timedelta(days=11))
    assert not links.is_known(KEY, link(number="+82310009999"), kept, now)
    assert not links.is_known(OTHER, link(), kept, now)
    for forged in (
        "",
        "x",
        "99999999999.",
        "99999999999.AAAA",
        kept.replace(".", "9.", 1),
        "²." * 3,
    ):
        assert not links.is_known(KEY, link(), forged, now)
