"""Which event tells whom, and how notices become messages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.contracts import consumed_by, topic_of
from services.notifications.messages.model import (
    DIGESTS,
    PATIENCE,
    bundle,
    intent_of,
    message_id,
    next_look,
    out_of_patience,
)
from services.notifications.messages.planning import rules
from services.notifications.messages.reminders import times
from services.notifications.messages.resolving import NotYet, complete
from tests.support.notices import names_for, notice, planned_by_intent, received

NOW = datetime(2024, 9, 13, 1, tzinfo=UTC)


def test_every_rule_listens_to_a_topic_that_this_service_follows() -> None:
    followed = {topic.name for topic in consumed_by("notifications")}
    assert {topic_of(kind).name for kind in rules.all} <= followed


@pytest.mark.parametrize("kind", sorted(k for k in rules.all if k.startswith("placement.")))
def test_before_its_release_no_school_hears_of_a_placement(kind: str) -> None:
    planned = rules.plan(received(kind, released=False))
    assert [one for one in planned if one.role == "school"] == []


def test_a_plan_that_nobody_has_released_is_told_to_nobody() -> None:
    assert rules.plan(received("placement.planned")) == []


def test_a_host_is_asked_or_told_that_its_terms_cover_the_visit_but_never_both() -> None:
    asked = rules.plan(received("booking.asked", preaccepted=False))
    told = rules.plan(received("booking.asked", preaccepted=True))
    assert [one.intent for one in asked] == ["booking_asked"]
    assert [one.intent for one in told] == ["booking_preaccepted"]


def test_a_host_that_was_never_asked_hears_of_no_cancelling() -> None:
    assert rules.plan(received("booking.cancelled", sequence=1)) == []
    assert [one.intent for one in rules.plan(received("booking.cancelled", sequence=2))] == [
        "booking_cancelled"
    ]


def test_an_invitation_by_letter_alone_plans_no_message() -> None:
    assert rules.plan(received("contact.invited", email=None, telephone=None)) == []


def test_the_secret_of_an_invitation_is_not_among_its_facts() -> None:
    event = received("contact.invited", email="someone@example.org", code="ABCD-EFGH-JKMN")
    planned = rules.plan(event)
    assert "ABCD-EFGH-JKMN" not in str(planned)
    assert "someone" not in str(planned)


def test_a_correction_concerns_the_school_and_each_host_of_the_visit_once() -> None:
    event = received("placement.corrected", released=True)
    planned = rules.plan(event)
    hosts = {stop["host"] for part in event.data["parts"] for stop in part["stops"]}
    assert {one.organisation for one in planned} == {event.data["school"], *hosts}
    assert len(planned) == 1 + len(hosts)
    assert all(one.once for one in planned)


def test_a_host_sees_only_its_own_stops_in_a_correction() -> None:
    event = received("placement.corrected", released=True)
    part = event.data["parts"][0]
    stop = part["stops"][0]
    other = {**stop, "host": "0192f0c0-0001-7000-8000-0000000000ff"}
    event.data["parts"] = [{**part, "stops": [stop, other]}]
    for one in rules.plan(event):
        if one.role == "host":
            seen = {s["host"] for p in one.facts["parts"] for s in p["stops"]}
            assert seen == {one.organisation}


def test_one_notice_keeps_its_own_words_and_several_get_those_of_their_digest() -> None:
    planned = planned_by_intent()
    offered, waiting = notice(planned["placement_offered"]), notice(planned["placement_waitlisted"])
    assert intent_of([offered]) == "placement_offered"
    assert intent_of([offered, waiting]) == DIGESTS["results"]


@given(st.lists(st.uuids(), min_size=1, max_size=5, unique=True))
def test_the_same_notice_always_becomes_the_same_message_and_others_become_others(
    ids: list[object],
) -> None:
    one = notice(planned_by_intent()["survey_received"])
    made = [message_id(str(id), one, "school") for id in ids]
    assert made == [message_id(str(id), one, "school") for id in ids]
    assert len(set(made)) == len(ids)


def test_a_correction_has_one_message_whichever_notice_comes_first() -> None:
    one = notice(planned_by_intent()["correction"])
    assert message_id("a", one, "school") == message_id("b", one, "school")


def test_bundles_exist_for_known_kinds_only() -> None:
    assert bundle("results", "campaign", "school") == "results:campaign:school"
    with pytest.raises(ValueError, match="rumours"):
        bundle("rumours")


@pytest.mark.parametrize("kind", ["organisation", "group", "offer", "title"])
def test_a_name_that_has_not_arrived_makes_the_notice_wait(kind: str) -> None:
    intent = "booking_asked" if kind == "offer" else "placement_offered"
    if kind == "organisation":
        intent = "booking_asked"
    one = notice(planned_by_intent()[intent])
    names = names_for(one)
    poor = replace(names, **{f"{kind}s": {}})
    with pytest.raises(NotYet, match=kind):
        complete(one, poor, general=False)
    assert complete(one, poor, general=True)


def test_a_waiting_notice_is_looked_at_ever_more_rarely_until_its_patience_ends() -> None:
    one = notice(planned_by_intent()["booking_asked"]).model_copy(update={"created_at": NOW})
    pauses = [next_look(one.model_copy(update={"looks": n}), NOW) - NOW for n in range(40)]
    assert pauses == sorted(pauses)
    assert pauses[-1] <= timedelta(seconds=30)
    assert not out_of_patience(one, NOW)
    assert out_of_patience(one, NOW + PATIENCE)


def test_reminders_lie_before_the_deadline_and_only_ahead() -> None:
    deadline = NOW + timedelta(days=10)
    assert [due.at for due in times(deadline, NOW)] == [
        deadline - timedelta(days=3),
        deadline - timedelta(days=1),
    ]
    assert len(times(deadline, deadline - timedelta(days=2))) == 1
    assert times(deadline, deadline - timedelta(hours=1)) == []
