"""The demand survey as a state machine: nothing is lost, and nothing happens twice."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.contracts import faults as contract_faults
from chassis.contracts import topic_of
from chassis.errors import Invalid, Refused, TooLate
from chassis.facts import Event
from services.registration.surveys import model
from services.registration.surveys.answers import Answers, Group
from services.registration.surveys.history import replayed
from services.registration.surveys.model import Admission, Status, Survey
from tests.unit.registration import survey_texts as texts

BY = texts.TEACHER


def submit(survey: Survey, version: int = 2) -> tuple[Survey, list[Event]]:
    state, events = model.submitted(survey, texts.rules(), texts.BEFORE, BY, version)
    return state, list(events)


def admission() -> Admission:
    return Admission(
        by=texts.OPERATOR, at=texts.AFTER, reason_code="telephoned", reason="담당 교사 교체"
    )


def test_submitting_says_everything_once_and_the_needs_apart() -> None:
    state, events = submit(texts.survey(texts.group(needs=("step_free",))))
    assert state.status is Status.SUBMITTED
    assert [event.type for event in events] == ["survey.submitted", "needs.declared"]
    assert "needs" not in events[0].data["groups"][0]
    assert events[1].data["groups"] == {state.draft.groups[0].id: ["step_free"]}
    assert state.needs_version == 2


def test_no_word_that_a_teacher_wrote_leaves_but_the_name_of_a_class_and_that_one_sealed() -> None:
    words = texts.group(class_name="2학년 4반", remarks="김하늘 학생이 멀미를 합니다")
    _, events = submit(texts.survey(words))
    told = [event.type for event in events if "4반" in str(event)]
    assert told == ["needs.declared"]
    assert topic_of("needs.declared").sealed_for == "placement"
    assert "하늘" not in str(events)


def test_submitting_again_changes_nothing_and_says_nothing() -> None:
    state, _ = submit(texts.survey())
    assert submit(state, version=3) == (state, [])


def test_an_edit_after_submitting_stays_a_draft_until_it_is_submitted() -> None:
    state, _ = submit(texts.survey())
    edited = model.drafted_with(
        state,
        Answers(groups=(state.draft.groups[0].model_copy(update={"people": 24}),)),
        texts.BEFORE,
        BY,
    )
    assert edited.submitted == state.submitted
    assert edited.dirty
    amended, events = submit(edited, version=4)
    assert amended.status is Status.AMENDED
    assert [event.type for event in events] == ["survey.amended", "needs.declared"]
    assert events[0].data["groups"][0]["people"] == 24


def test_after_the_deadline_nothing_is_submitted_and_the_draft_is_kept() -> None:
    draft = texts.survey()
    with pytest.raises(TooLate) as late:
        model.submitted(draft, texts.rules(), texts.AFTER, BY, 2)
    assert late.value.facts == {"deadline": texts.DEADLINE}


def test_before_the_campaign_opens_nothing_is_submitted() -> None:
    early = texts.rules(opens_at=texts.BEFORE + timedelta(seconds=1))
    with pytest.raises(Refused, match="survey_not_open"):
        model.submitted(texts.survey(), early, texts.BEFORE, BY, 2)


def test_the_centre_admits_a_late_survey_with_a_reason_that_stays() -> None:
    state, events = model.admitted(texts.survey(), texts.rules(), texts.AFTER, 2, admission())
    assert state.late
    assert state.status is Status.SUBMITTED
    assert events[0].type == "survey.admitted"
    assert events[0].data["reason_code"] == "telephoned"
    assert "교사" not in str(events)


def test_a_survey_is_not_admitted_while_the_school_can_submit_itself() -> None:
    with pytest.raises(Refused, match="survey_not_late"):
        model.admitted(texts.survey(), texts.rules(), texts.BEFORE, 2, admission())


def test_withdrawing_takes_back_the_needs_too_and_twice_is_once() -> None:
    state, _ = submit(texts.survey(texts.group(needs=("step_free",))))
    gone, events = model.withdrawn(state, texts.rules(), texts.BEFORE, BY, 3)
    assert gone.status is Status.WITHDRAWN
    assert [event.type for event in events] == ["survey.withdrawn", "needs.declared"]
    assert events[1].data["groups"] == {}
    assert model.withdrawn(gone, texts.rules(), texts.BEFORE, BY, 4) == (gone, ())


def test_a_withdrawn_survey_can_be_submitted_again() -> None:
    state, _ = submit(texts.survey())
    gone, _ = model.withdrawn(state, texts.rules(), texts.BEFORE, BY, 3)
    again, events = submit(gone, version=4)
    assert again.status is Status.SUBMITTED
    assert events[0].type == "survey.submitted"


def test_a_draft_cannot_be_withdrawn() -> None:
    with pytest.raises(Refused, match="survey_not_submitted"):
        model.withdrawn(texts.survey(), texts.rules(), texts.BEFORE, BY, 2)


def test_a_client_without_ids_keeps_the_groups_by_position() -> None:
    first = texts.survey(texts.group(), texts.group(people=20))
    second = model.drafted_with(
        first, Answers(groups=(texts.group(), texts.group(people=21))), texts.BEFORE, BY
    )
    assert [one.id for one in second.draft.groups] == [one.id for one in first.draft.groups]


def test_a_new_group_never_takes_the_id_of_one_that_was_removed() -> None:
    both = texts.survey(texts.group(), texts.group(people=20))
    kept = both.draft.groups[0]
    one = model.drafted_with(both, Answers(groups=(kept,)), texts.BEFORE, BY)
    two = model.drafted_with(one, Answers(groups=(kept, texts.group())), texts.BEFORE, BY)
    assert two.draft.groups[1].id != both.draft.groups[1].id


def test_a_group_id_from_elsewhere_is_refused_at_its_place() -> None:
    with pytest.raises(Invalid) as wrong:
        texts.survey(texts.group(id=texts.SESSIONS[0]))
    assert [(error.pointer, error.code) for error in wrong.value.errors] == [
        ("/groups/0/id", "group_unknown")
    ]


@given(st.lists(st.tuples(st.sampled_from("dddsw"), texts.answers, st.integers(0, 1)), max_size=8))
def test_no_sequence_of_edits_loses_history(
    deeds: list[tuple[str, Answers, int]],
) -> None:
    survey = Survey(centre=texts.CENTRE, campaign=texts.CAMPAIGN, school=texts.SCHOOL)
    shown: list[Answers] = []
    for version, (deed, answers, person) in enumerate(deeds, start=2):
        by = (texts.TEACHER, texts.OPERATOR)[person]
        try:
            if deed == "d":
                survey = model.drafted_with(survey, answers, texts.BEFORE, by)
            elif deed == "s":
                known = len(survey.history)
                state, events = model.submitted(survey, texts.rules(), texts.BEFORE, by, version)
                survey = state
                assert len(survey.history) == known + bool(events)
                if events:
                    shown.append(survey.draft)
                    assert not [
                        fault
                        for event in events
                        for fault in contract_faults(event.type, event.data)
                    ]
            else:
                survey, _ = model.withdrawn(survey, texts.rules(), texts.BEFORE, by, version)
        except (Invalid, Refused):
            continue
        assert replayed(survey.history) == survey.draft
    marks = [
        place
        for place, entry in enumerate(survey.history)
        if entry.deed in ("submitted", "amended")
    ]
    assert [replayed(survey.history[: place + 1]) for place in marks] == shown


@given(st.lists(texts.groups, min_size=1, max_size=3), st.permutations(range(3)))
def test_group_ids_are_unique_and_follow_their_groups(
    groups: list[Group], order: list[int]
) -> None:
    first = texts.survey(*groups)
    ids = [group.id for group in first.draft.groups]
    assert len(set(ids)) == len(ids)
    moved = tuple(first.draft.groups[place] for place in order if place < len(first.draft.groups))
    second = model.drafted_with(first, Answers(groups=moved), texts.BEFORE, BY)
    assert second.draft.groups == moved
