"""The wizard's form: days that are not used, as people write them."""

from datetime import UTC, date, datetime

import pytest

from services.registration.campaigns.form import proposed, read

NOW = datetime(2024, 9, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("2024-11-14 2024-11-15", (14, 15)),
        ("2024-11-14\n2024-11-15", (14, 15)),
        ("11/14\r\n11/18-11/20", (14, 18, 19, 20)),
        ("", ()),
    ],
)
def test_days_are_read_with_their_year_or_as_they_are_spoken(
    written: str, days: tuple[int, ...]
) -> None:
    window = {"first": "2024-10-14", "last": "2024-11-23"}
    said, unread = read({**proposed("id", "groups", NOW), **window, "unusable": written})
    assert said["unusable_dates"] == tuple(date(2024, 11, day) for day in days)
    assert unread == []


def test_what_is_no_day_is_said_and_without_a_window_only_whole_days_are_read() -> None:
    found = proposed("id", "groups", NOW)
    _, unread = read({**found, "unusable": "exam week"})
    assert [one.pointer for one in unread] == ["/unusable_dates"]
    said, unread = read({**found, "first": "", "unusable": "2024-11-14, 11/15"})
    assert said["unusable_dates"] == (date(2024, 11, 14),)
    assert [one.pointer for one in unread] == ["/window/first", "/unusable_dates/1"]
