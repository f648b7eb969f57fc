"""Individual applications: one person is one application, and nothing else is known of her."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.contracts import faults as contract_faults
from services.registration.applications import jobs, model
from services.registration.applications.jobs import Job
from services.registration.applications.model import Application, Status, Wanted
from tests.unit.registration import survey_texts as texts

BY = texts.TEACHER


def wanted(*wishes: int, reference: str = "7") -> Wanted:
    sessions = tuple(texts.SESSIONS[wish] for wish in wishes or (0, 1))
    return Wanted(reference=reference, level="middle", grade=2, wishes=sessions)


def begun() -> Application:
    state, _ = model.begun(texts.CENTRE, texts.CAMPAIGN, texts.SCHOOL, wanted(), texts.BEFORE, BY)
    return state


@pytest.mark.parametrize("reference", ["김한별", "2-4-17", "010-1234-5678", "", "123456", "a1"])
def test_a_running_number_cannot_carry_a_name_or_a_telephone_number(reference: str) -> None:
    with pytest.raises(ValidationError):
        wanted(reference=reference)


def test_an_event_says_no_running_number() -> None:
    _, events = model.begun(
        texts.CENTRE, texts.CAMPAIGN, texts.SCHOOL, wanted(reference="54321"), texts.BEFORE, BY
    )
    assert "54321" not in str(events)


def test_the_pseudonym_is_the_same_in_every_campaign_and_another_in_every_school() -> None:
    here = model.person_id(texts.SCHOOL, "7")
    assert begun().person == here
    assert model.person_id(texts.CENTRE, "7") != here
    assert model.application_id(texts.CAMPAIGN, texts.SCHOOL, "7") != model.application_id(
        texts.CENTRE, texts.SCHOOL, "7"
    )


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True) | st.none()))
def test_whatever_is_done_the_history_holds_each_change_and_each_event_fits_its_contract(
    deeds: list[list[int] | None],
) -> None:
    state = begun()
    told = 1
    for deed in deeds:
        before = state
        if deed is None:
            state, events = model.withdrawn(state, texts.BEFORE, BY)
        else:
            state, events = model.changed(state, wanted(*deed), texts.BEFORE, BY)
        told += len(events)
        assert (state == before) == (not events)
        assert state.person == before.person
        assert not [fault for one in events for fault in contract_faults(one.type, one.data)]
        if state.status is not Status.WITHDRAWN:
            assert state.history[-1].wishes == state.wishes
    assert len(state.history) == told


@given(st.integers(min_value=1, max_value=jobs.MOST_ROWS))
def test_a_job_takes_every_row_exactly_once(total: int) -> None:
    job = Job(
        centre=texts.CENTRE,
        campaign=texts.CAMPAIGN,
        school=texts.SCHOOL,
        body_hash="",
        total=total,
    )
    rows = [wanted() for _ in range(total)]
    taken: list[int] = []
    while job.status is jobs.Status.RUNNING:
        coming = jobs.chunk(job, rows)
        taken.extend(coming)
        job = jobs.advanced(job, created=len(coming), amended=0, unchanged=0)
    assert taken == list(range(total))
    assert job.counts()["done"] == total
