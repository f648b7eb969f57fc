"""Surveys to test with: a complete one, the rules of a campaign, and random ones."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from services.registration.codes import codes
from services.registration.surveys.answers import SCHOOL_DAYS, Answers, Group, Split, WishedDate
from services.registration.surveys.model import Survey
from services.registration.surveys.rules import Rules

CENTRE = "0192f0c1-0000-7000-8000-000000000001"
CAMPAIGN = "0192f0c1-0000-7000-8000-000000000002"
SCHOOL = "0192f0c1-0000-7000-8000-000000000003"
TEACHER = "0192f0c1-0000-7000-8000-00000000000a"
OPERATOR = "0192f0c1-0000-7000-8000-00000000000b"
SESSIONS = [f"0192f0c1-0000-7000-8000-0000000002{n:02d}" for n in range(10)]

BEFORE = datetime(2024, 9, 10, 3, tzinfo=UTC)
DEADLINE = datetime(2024, 9, 13, 9, tzinfo=UTC)
AFTER = datetime(2024, 9, 13, 9, 0, 1, tzinfo=UTC)
EXAM = date(2024, 11, 14)
HANGUL = date(2024, 10, 9)


def rules(**changes: Any) -> Rules:
    """The rules of the city's autumn campaign."""
    given: dict[str, Any] = {
        "opens_at": datetime(2024, 9, 2, 0, tzinfo=UTC),
        "deadline": DEADLINE,
        "first": date(2024, 10, 7),
        "last": date(2024, 11, 22),
        "codes": codes(),
        "closed": {EXAM: "unusable", HANGUL: "holiday"},
        "fields": ("broadcasting", "drones", "sports", "environment", "design"),
        "level": "middle",
        "grades": (1, 2, 3),
    }
    return Rules(**(given | changes))


def group(**changes: Any) -> Group:
    """A class of 25 that may be submitted as it is."""
    given: dict[str, Any] = {
        "level": "middle",
        "grade": 2,
        "class_name": "2학년 4반",
        "people": 25,
        "fields": ("broadcasting", "drones"),
        "dates": (WishedDate(date="2024-11-05", start="10:00", end="12:30"),),
    }
    return Group(**(given | changes))


def survey(*groups: Group, by: str = TEACHER) -> Survey:
    """A draft with these groups (one complete group if none are given)."""
    from services.registration.surveys.model import drafted_with

    empty = Survey(centre=CENTRE, campaign=CAMPAIGN, school=SCHOOL)
    return drafted_with(empty, Answers(groups=groups or (group(),)), BEFORE, by)


small = st.integers(min_value=-3, max_value=45)
field_codes = st.sampled_from([*list(codes().fields)[:6], "not_a_field"])
days = st.dates(min_value=date(2024, 10, 1), max_value=date(2024, 11, 30)).map(date.isoformat)

groups = st.builds(
    Group,
    level=st.sampled_from([None, "middle", "out_of_school", "castle"]),
    grade=st.none() | st.integers(min_value=0, max_value=7),
    class_name=st.text(max_size=5).map(str.strip),
    people=st.none() | small,
    smallest=st.none() | small,
    split=st.none() | st.builds(Split, smallest=small, parts=st.integers(min_value=0, max_value=8)),
    needs=st.lists(st.sampled_from(["step_free", "captions", "magic"]), max_size=3).map(tuple),
    fields=st.lists(field_codes, max_size=5).map(tuple),
    dates=st.lists(st.builds(WishedDate, date=days), max_size=5).map(tuple),
    stops=st.integers(min_value=0, max_value=4),
    weekdays=st.just(SCHOOL_DAYS) | st.sets(st.integers(1, 7)).map(lambda s: tuple(sorted(s))),
    blackout=st.lists(days, max_size=3).map(tuple),
    order=st.lists(st.lists(st.sampled_from(SESSIONS[:4]), max_size=3).map(tuple), max_size=4).map(
        tuple
    ),
    remarks=st.text(max_size=10).map(str.strip),
)

complete = st.builds(
    group,
    people=st.integers(min_value=20, max_value=40),
    smallest=st.none() | st.integers(min_value=1, max_value=20),
    fields=st.permutations(("broadcasting", "drones", "sports")).map(tuple),
    needs=st.sets(st.sampled_from(["step_free", "captions"])).map(lambda s: tuple(sorted(s))),
    stops=st.just(2),
    order=st.lists(
        st.lists(st.sampled_from(SESSIONS), min_size=1, max_size=2, unique=True).map(tuple),
        max_size=4,
        unique=True,
    ).map(tuple),
)
answers = st.builds(
    Answers,
    groups=st.lists(groups, max_size=4).map(tuple)
    | st.lists(complete, min_size=1, max_size=3).map(tuple),
    remarks=st.text(max_size=10).map(str.strip),
)
