"""Rules of organisations and relations, without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid, Refused
from services.registration.organisations import model, relations
from services.registration.organisations.model import (
    Details,
    Kind,
    Level,
    Organisation,
    Relation,
    Tie,
)

DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))
SCHOOL = Details(
    kinds=(Kind.SCHOOL,), name="햇살중학교", level=Level.MIDDLE, school_code="J10-7531234"
)
CENTRE = Details(kinds=(Kind.CENTRE,), name="고양진로센터")


def made(details: Details) -> Organisation:
    return model.register(details, "centre")[0]


def codes(error: pytest.ExceptionInfo[Invalid]) -> dict[str, str]:
    return {row.pointer: row.code for row in error.value.errors}


def test_a_school_is_known_by_its_code_and_others_by_name_place_and_parent() -> None:
    assert model.keys_of(SCHOOL) == ("school:J10-7531234",)
    one = Details(kinds=(Kind.CITY,), name="드론산업팀", district="goyang", parent="a")
    two = one.model_copy(update={"parent": "b"})
    assert model.keys_of(one) != model.keys_of(two)


@pytest.mark.parametrize("written", ["(주) 이음", "（주）이음", "(주)이음 ", "(주)이 음"])
def test_a_name_is_the_same_however_it_is_spaced_and_bracketed(written: str) -> None:
    assert model.plain(written) == model.plain("(주)이음")


@given(st.integers(0, 999_999_999))
def test_exactly_one_check_digit_makes_a_business_number(first_nine: int) -> None:
    text = f"{first_nine:09d}"
    assert sum(model.is_business_number(f"{text}{last}") for last in range(10)) == 1


def test_a_known_business_number_is_accepted_with_hyphens() -> None:
    assert model.is_business_number("124-81-00998")
    assert not model.is_business_number("124-81-00999")


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = SCHOOL.model_copy(update={"level": None, "school_code": "123", "name": "  "})
    with pytest.raises(Invalid) as error:
        model.check(wrong)
    assert codes(error) == {
        "/name": "name_missing",
        "/level": "level_missing",
        "/school_code": "school_code_shape",
    }


def test_a_school_keeps_its_code() -> None:
    with pytest.raises(Invalid) as error:
        model.change(made(SCHOOL), SCHOOL.model_copy(update={"school_code": "J10-7530001"}))
    assert codes(error) == {"/school_code": "school_code_fixed"}


def test_a_rename_changes_no_fact_of_the_event_but_tells_the_label() -> None:
    state = made(SCHOOL)
    _, events = model.change(state, SCHOOL.model_copy(update={"name": "햇빛중학교"}))
    assert [event.type for event in events] == ["organisation.changed", "label.changed"]
    assert "햇빛중학교" not in str(events[0].data)


def test_only_learners_are_related_as_schools_and_only_offices_supervise() -> None:
    company = made(Details(kinds=(Kind.COMPANY,), name="회사"))
    for relation, code in (
        (Relation.SCHOOL, "not_a_school"),
        (Relation.OFFICE, "not_an_office"),
    ):
        tie = Tie(relation=relation, other="x", since=date(2024, 9, 1))
        with pytest.raises(Invalid) as error:
            relations.relate(made(CENTRE), company, tie)
        assert codes(error) == {"/other": code}


@given(DAYS, DAYS, DAYS, DAYS)
def test_a_relation_never_holds_twice_on_one_day(
    first: date, second: date, third: date, fourth: date
) -> None:
    host = made(Details(kinds=(Kind.CITY,), name="팀"))
    state = made(CENTRE)
    for since, until in ((first, second), (third, fourth)):
        tie = Tie(relation=Relation.HOST, other="x", since=since, until=until)
        try:
            state, _ = relations.relate(state, host, tie)
        except (Invalid, Refused):
            continue
    for offset in range((date(2026, 12, 31) - date(2024, 1, 1)).days + 1):
        day = date(2024, 1, 1) + timedelta(days=offset)
        assert sum(tie.holds(day) for tie in state.ties) <= 1


def test_a_term_ends_at_the_midnight_in_seoul_after_its_last_day_and_is_told_once() -> None:
    operator = made(Details(kinds=(Kind.COMPANY,), name="운영사"))
    tie = Tie(
        relation=Relation.OPERATOR, other="x", since=date(2024, 1, 1), until=date(2024, 12, 31)
    )
    state, _ = relations.relate(made(CENTRE), operator, tie)
    assert relations.due(state)[0].at.isoformat() == "2024-12-31T15:00:00+00:00"
    same, nothing = relations.expire_relations(state, date(2024, 12, 31))
    assert (same.ties, nothing) == (state.ties, [])
    gone, told = relations.expire_relations(state, date(2025, 1, 1))
    assert [event.type for event in told] == ["organisation.relation_ended"]
    assert relations.expire_relations(gone, date(2025, 1, 2))[1] == []
    assert relations.due(gone) == []
