"""Recurring offers become sessions; holidays, blackouts and unusable days fall out."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chassis.facts import KST
from services.placement.offers import publicholidays
from services.placement.offers.content import Content, Slot
from services.placement.offers.recurring import expand

OFFER = "0192f0c1-0000-7000-8000-000000000042"


def content(**changes: object) -> Content:
    base = {
        "title": "드론",
        "field": "drones",
        "kind": "visit",
        "place_code": "41281",
        "minimum": 8,
        "maximum": 30,
        **changes,
    }
    return Content.model_validate(base)


def rule(**changes: object) -> dict[str, object]:
    return {
        "weekdays": [3],
        "begins": "10:00",
        "ends": "12:00",
        "first": "2024-10-02",
        "last": "2024-11-27",
        **changes,
    }


def test_every_wednesday_of_the_autumn_leaves_out_hangul_day_and_what_the_host_named() -> None:
    said = content(recurring=[rule()], blackout=["2024-10-23"])
    holidays = publicholidays.between(date(2024, 10, 2), date(2024, 11, 27))
    found = expand(OFFER, said, holidays, frozenset({date(2024, 11, 13)}))
    assert [(s.day.isoformat(), s.code) for s in found.skipped] == [
        ("2024-10-09", "holiday"),
        ("2024-10-23", "blackout"),
        ("2024-11-13", "unusable_date"),
    ]
    assert len(found.sessions) == 6
    first = found.sessions[0]
    assert first.start == datetime(2024, 10, 2, 1, tzinfo=UTC)
    assert (first.minimum, first.maximum) == (8, 30)


def test_substitute_and_temporary_holidays_are_known() -> None:
    known = publicholidays.between(date(2024, 1, 1), date(2025, 12, 31))
    assert {date(2024, 5, 6), date(2024, 10, 1), date(2025, 1, 27)} <= known


def test_a_slot_chosen_by_hand_stands_even_on_a_holiday() -> None:
    slot = Slot(
        start=datetime(2024, 10, 9, 10, tzinfo=KST), end=datetime(2024, 10, 9, 12, tzinfo=KST)
    )
    found = expand(OFFER, content(slots=[slot]), {date(2024, 10, 9)}, frozenset())
    assert len(found.sessions) == 1


def test_the_same_slot_keeps_its_id_through_every_version() -> None:
    start = datetime(2024, 10, 2, 10, tzinfo=KST)
    by_hand = content(slots=[Slot(start=start, end=start + timedelta(hours=2))])
    one = expand(OFFER, by_hand, frozenset(), frozenset()).sessions
    two = expand(OFFER, content(recurring=[rule()], maximum=12), frozenset(), frozenset()).sessions
    assert one[0].id == two[0].id
    assert one[0].id != expand("another", by_hand, frozenset(), frozenset()).sessions[0].id


@given(
    st.sets(st.integers(1, 7), min_size=1),
    st.dates(date(2024, 1, 1), date(2025, 6, 30)),
    st.integers(0, 200),
    st.sets(st.dates(date(2024, 1, 1), date(2025, 12, 31)), max_size=30),
    st.sets(st.dates(date(2024, 1, 1), date(2025, 12, 31)), max_size=30),
)
def test_each_day_of_a_rule_is_a_session_or_a_reason_and_no_holiday_slips_through(
    weekdays: set[int], first: date, length: int, blackout: set[date], unusable: set[date]
) -> None:
    last = first + timedelta(days=length)
    holidays = publicholidays.between(first, last)
    said = content(
        recurring=[rule(weekdays=sorted(weekdays), first=first.isoformat(), last=last.isoformat())],
        blackout=[day.isoformat() for day in sorted(blackout)],
    )
    found = expand(OFFER, said, holidays, unusable)
    days = {s.start.astimezone(KST).date() for s in found.sessions}
    skipped = {s.day for s in found.skipped}
    span = {first + timedelta(days=n) for n in range(length + 1)}
    assert days | skipped == {day for day in span if day.isoweekday() in weekdays}
    assert not days & (holidays | blackout | unusable)
    assert skipped <= holidays | blackout | unusable
    assert len({s.id for s in found.sessions}) == len(found.sessions)
