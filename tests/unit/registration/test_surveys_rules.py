"""Every rule of the demand survey says what is wrong and where, all at once."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from services.registration.surveys.answers import Answers, Group, Split, WishedDate
from services.registration.surveys.rules import faults
from tests.unit.registration import survey_texts as texts


def found(*groups: Group, **changes: Any) -> list[tuple[str, str]]:
    """Pointer and code of every fault."""
    given = faults(Answers(groups=groups), texts.rules(**changes))
    return [(fault.pointer, fault.code) for fault in given]


def test_a_complete_group_has_no_fault() -> None:
    assert found(texts.group()) == []


def test_a_survey_without_groups_is_asked_for_one() -> None:
    assert found() == [("/groups", "groups_missing")]


def test_an_empty_group_is_told_everything_at_once() -> None:
    assert found(Group()) == [
        ("/groups/0/level", "level_missing"),
        ("/groups/0/people", "people_missing"),
        ("/groups/0/fields", "fields_missing"),
    ]


def wish(day: str, start: str | None = None, end: str | None = None) -> WishedDate:
    return WishedDate(date=day, start=start, end=end)


A, B = texts.SESSIONS[:2]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"level": "castle"}, "/level", "level_unknown"),
        ({"grade": None}, "/grade", "grade_missing"),
        ({"grade": 4}, "/grade", "grade_unknown"),
        ({"level": "high"}, "/level", "level_not_eligible"),
        ({"level": "special", "grade": 6}, None, None),
        ({"people": 0}, "/people", "people_low"),
        ({"people": 401}, "/people", "people_high"),
        ({"smallest": 26}, "/smallest", "smallest_above_people"),
        ({"smallest": 0}, "/smallest", "smallest_low"),
        ({"split": Split(smallest=13, parts=2)}, "/split/smallest", "split_smallest_high"),
        ({"split": Split(smallest=10, parts=1)}, "/split/parts", "split_parts"),
        ({"people": 1, "split": Split(smallest=1, parts=2)}, "/split", "split_single"),
        ({"fields": ()}, "/fields", "fields_missing"),
        ({"fields": ("castles",)}, "/fields/0", "code_unknown"),
        ({"fields": ("law",)}, "/fields/0", "field_not_offered"),
        ({"fields": ("drones", "drones")}, "/fields/1", "ranked_twice"),
        ({"kinds": ("talk", "talk")}, "/kinds/1", "chosen_twice"),
        ({"needs": ("magic",)}, "/needs/0", "code_unknown"),
        ({"dates": (wish("2024-02-30"),)}, "/dates/0/date", "date_unknown"),
        ({"dates": (wish("2024-12-01"),)}, "/dates/0/date", "date_outside"),
        ({"dates": (wish("2024-11-14"),)}, "/dates/0/date", "date_unusable"),
        ({"dates": (wish("2024-10-09"),)}, "/dates/0/date", "date_holiday"),
        ({"dates": (wish("2024-11-09"),)}, "/dates/0/date", "date_weekday"),
        ({"blackout": ("2024-11-05",)}, "/dates/0/date", "date_blacked_out"),
        ({"dates": (wish("2024-11-05", "12:00", "10:00"),)}, "/dates/0/to", "hours_order"),
        ({"dates": (wish("2024-11-05", "25:00"),)}, "/dates/0/from", "clock_unknown"),
        ({"dates": (wish("2024-11-05"),) * 2}, "/dates/1/date", "ranked_twice"),
        ({"blackout": ("2024-13-01",)}, "/blackout/0", "date_unknown"),
        ({"weekdays": (), "dates": ()}, "/weekdays", "weekdays_missing"),
        ({"weekdays": (7,), "dates": ()}, None, None),
        ({"stops": 4}, "/stops", "stops_range"),
        ({"wants": 0}, "/wants", "wants_range"),
        ({"travel_limit": 1}, "/travel_limit", "travel_range"),
        ({"order": ((A,), (B,), (A,))}, "/order/2", "ranked_twice"),
        ({"order": ((),)}, "/order/0", "order_empty"),
        ({"order": ((A, A),), "stops": 2}, "/order/0", "order_same_stop"),
        ({"order": ((A, B),)}, "/order/0", "order_stops"),
    ],
)
def test_one_thing_wrong_gives_one_fault_at_its_place(
    changes: dict[str, Any], pointer: str | None, code: str | None
) -> None:
    expected = [] if code is None else [(f"/groups/0{pointer}", code)]
    assert found(texts.group(**changes)) == expected


def test_an_agency_outside_school_names_no_grade() -> None:
    agency = texts.group(level="out_of_school")
    assert found(agency, level=None) == [("/groups/0/grade", "grade_unwanted")]


def test_a_grade_outside_the_programme_is_named_with_the_grades_that_may_come() -> None:
    given = faults(Answers(groups=(texts.group(grade=3),)), texts.rules(grades=(1, 2)))
    assert [(fault.code, fault.facts) for fault in given] == [
        ("grade_not_eligible", {"grades": "1, 2"})
    ]


def test_a_group_that_can_never_come_is_told_so() -> None:
    only_exam = {"weekdays": (4,), "dates": ()}
    assert found(texts.group(**only_exam), first=texts.EXAM, last=date(2024, 11, 15)) == [
        ("/groups/0/weekdays", "no_day_left")
    ]


def test_the_largest_survey_still_fits_one_event() -> None:
    bundles = tuple((f"{A[:-2]}{n:02d}", B) for n in range(60))
    groups = tuple(texts.group(stops=2, order=bundles) for _ in range(9))
    assert ("/groups", "order_total") in found(*groups)


@given(texts.answers)
def test_what_passes_the_rules_keeps_its_numbers_in_order(answers: Answers) -> None:
    if faults(answers, texts.rules()):
        return
    for group in answers.groups:
        fact = group.fact()
        assert 1 <= fact["smallest"] <= fact["people"] <= 400
        if fact["split"]:
            assert 1 <= fact["split"]["smallest"] * 2 <= fact["people"]
        entries = [tuple(entry) for entry in fact["order"]]
        assert len(set(entries)) == len(entries)
        assert len(set(fact["fields"])) == len(fact["fields"]) <= 3
