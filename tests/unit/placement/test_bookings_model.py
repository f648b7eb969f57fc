"""The rules of a booking: every transition, and none without its rule."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chassis.contracts import faults
from chassis.errors import Invalid, Problem, Refused, TooLate
from chassis.facts import Event, derived_id
from services.placement.bookings import model
from services.placement.bookings.shape import (
    CONDITION_TIME,
    DECLINE_REASONS,
    Booking,
    CancelledBy,
    Condition,
    Safety,
    Seat,
    Spoken,
)

NOW = datetime(2024, 9, 25, 1, tzinfo=UTC)
START = datetime(2024, 10, 23, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def an_id(name: str) -> str:
    return derived_id("test", name)


def booking(**changes: object) -> Booking:
    found = Booking(
        status="asked",
        centre=an_id("centre"),
        campaign=an_id("campaign"),
        run=an_id("run"),
        placement=an_id("placement"),
        school=an_id("school"),
        group=an_id("group"),
        host=an_id("host"),
        offer=an_id("offer"),
        offer_version=1,
        team=an_id("team"),
        session=an_id("session"),
        people=24,
        smallest=18,
        start=START,
        end=START + 2 * HOUR,
        reply_by=NOW + 24 * HOUR,
    )
    return found.model_copy(update=changes)


def safety() -> Safety:
    return Safety(check_code="site_visit", checked_on="2024-09-24", by="me", at=NOW)


def told(events: list[Event]) -> list[str]:
    for event in events:
        assert faults(event.type, event.data) == []
    return [event.type for event in events]


def test_terms_accepted_beforehand_need_no_question() -> None:
    state, events = model.ask(booking(preaccepted=True))
    assert (state.status, state.accepted_by) == ("accepted", "terms")
    assert told(events) == ["booking.asked", "booking.accepted"]


def test_terms_cover_their_people_and_grades_only() -> None:
    seat = Seat(
        session="s",
        offer="o",
        offer_version=1,
        centre="c",
        host="h",
        team=None,
        start=START,
        end=START + HOUR,
        minimum=1,
        maximum=30,
        terms_people=20,
        terms_grades=(1, 2),
    )
    assert seat.preaccepts(20, 2) and seat.preaccepts(5, None)
    assert not seat.preaccepts(21, 2) and not seat.preaccepts(5, 3)
    assert not seat.model_copy(update={"terms_people": None}).preaccepts(1, 1)


def test_an_answer_on_the_telephone_names_who_was_spoken_to() -> None:
    spoken = Spoken(sealed="김 주무관".encode(), at=NOW - HOUR)
    state, events = model.accept(booking(), NOW, spoken)
    assert (state.accepted_by, state.spoken) == ("telephone", spoken)
    assert told(events) == ["booking.accepted"]
    assert "김 주무관" not in str(events[0].data)


def test_nothing_is_answered_at_the_deadline_or_after_it() -> None:
    late = booking().reply_by
    with pytest.raises(TooLate):
        model.accept(booking(), late)
    with pytest.raises(TooLate):
        model.decline(booking(), late, "staff_absent")
    with pytest.raises(TooLate):
        model.attach_condition(booking(), late, Condition(people=20))


def test_silence_expires_and_never_becomes_consent() -> None:
    assert model.expire(booking(), NOW) is None
    step = model.expire(booking(), booking().reply_by)
    assert step is not None
    assert step[0].status == "expired"
    assert told(step[1]) == ["booking.expired"]
    assert model.expire(booking(status="accepted"), booking().reply_by) is None


def test_a_decline_needs_a_known_reason_and_words_for_another_one() -> None:
    with pytest.raises(Invalid):
        model.decline(booking(), NOW, "bored")
    with pytest.raises(Invalid):
        model.decline(booking(), NOW, "other", "  ")
    state, events = model.decline(booking(), NOW, "other", "공사 중")
    assert state.status == "declined"
    assert told(events) == ["booking.declined"]
    assert "공사" not in str(events[0].data)


def test_a_condition_that_nobody_takes_in_time_ends_the_request() -> None:
    state, _ = model.attach_condition(booking(), NOW, Condition(people=20))
    assert state.decide_by == NOW + CONDITION_TIME
    assert model.expire(state, state.decide_by - timedelta(seconds=1)) is None
    step = model.expire(state, state.decide_by)
    assert step is not None
    assert (step[0].status, step[0].reason_code) == ("cancelled", "condition_unanswered")
    assert told(step[1]) == ["booking.cancelled"]
    late, _ = model.attach_condition(
        booking(reply_by=START), START - timedelta(hours=2), Condition(people=20)
    )
    assert late.decide_by == START


@pytest.mark.parametrize(
    ("condition", "pointer", "code"),
    [
        (Condition(), "", "condition_empty"),
        (Condition(people=24), "/people", "condition_not_smaller"),
        (Condition(people=17), "/people", "condition_below_smallest"),
        (Condition(start=START), "/end", "condition_needs_both_times"),
        (Condition(start=START, end=START), "/end", "condition_ends_before_start"),
        (
            Condition(start=START + 24 * HOUR, end=START + 26 * HOUR),
            "/start",
            "condition_other_day",
        ),
        (
            Condition(start=START - 3 * HOUR / 2, end=START),
            "/start",
            "condition_meets_other_stop",
        ),
        (
            Condition(start=START + HOUR, end=START + 5 * HOUR),
            "/end",
            "condition_meets_other_stop",
        ),
    ],
)
def test_a_useless_condition_is_named_with_its_field(
    condition: Condition, pointer: str, code: str
) -> None:
    asked = booking(not_before=START - HOUR, not_after=START + 4 * HOUR)
    with pytest.raises(Invalid) as found:
        model.attach_condition(asked, NOW, condition)
    assert (pointer, code) in [(e.pointer, e.code) for e in found.value.errors]


def test_a_condition_that_is_agreed_to_changes_people_and_hour() -> None:
    wanted = Condition(people=20, start=START + HOUR, end=START + 3 * HOUR)
    state, events = model.attach_condition(booking(), NOW, wanted)
    assert told(events) == ["booking.conditioned"]
    state, events = model.agree(state)
    assert (state.status, state.people, state.start) == ("accepted", 20, START + HOUR)
    assert told(events) == ["booking.accepted"]
    with pytest.raises(Refused):
        model.agree(state)


def test_a_hazardous_visit_is_confirmed_only_with_its_safety_check() -> None:
    state, _ = model.accept(booking(hazards=("incineration_plant",)), NOW)
    state, events = model.school_confirms(state)
    assert (state.status, events) == ("accepted", [])
    state, events = model.check_safety(state, safety())
    assert state.status == "confirmed"
    assert told(events) == ["booking.safety_checked", "booking.confirmed"]
    with pytest.raises(Refused):
        model.check_safety(booking(), safety())


def test_a_host_that_answers_after_the_school_confirms_at_once() -> None:
    state, events = model.school_confirms(booking())
    assert (state.status, events) == ("asked", [])
    state, events = model.accept(state, NOW)
    assert told(events) == ["booking.accepted", "booking.confirmed"]


ALLOWED: dict[str, set[str]] = {
    "asked": {"accepted", "confirmed", "conditioned", "declined", "expired", "cancelled"},
    "conditioned": {"accepted", "confirmed", "declined", "cancelled"},
    "accepted": {"confirmed", "cancelled", "completed"},
    "confirmed": {"accepted", "cancelled", "completed"},
    "completed": set(),
    "declined": set(),
    "expired": set(),
    "cancelled": set(),
}


class Life(RuleBasedStateMachine):
    """Anything may be tried at any time; only what a rule allows happens."""

    def __init__(self) -> None:
        super().__init__()
        self.state = booking(hazards=("machines",))
        self.now = NOW
        self.host_said_yes = False
        self.school_said_yes = False

    def _try(self, step: object) -> None:
        before = self.state
        try:
            found = step()  # type: ignore[operator]
        except Problem:
            return
        if found is None:
            return
        self.state, events = found
        told(events)
        if self.state.status != before.status:
            assert self.state.status in ALLOWED[before.status]

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR
        self._try(lambda: model.expire(self.state, self.now))

    @rule()
    def host_accepts(self) -> None:
        self._try(lambda: model.accept(self.state, self.now))
        self.host_said_yes |= self.state.status in ("accepted", "confirmed")

    @rule(code=st.sampled_from(sorted(DECLINE_REASONS)))
    def host_declines(self, code: str) -> None:
        self._try(lambda: model.decline(self.state, self.now, code, "why"))

    @rule(people=st.integers(10, 30))
    def host_wants_fewer(self, people: int) -> None:
        condition = Condition(people=people)
        self._try(lambda: model.attach_condition(self.state, self.now, condition))

    @rule()
    def school_agrees(self) -> None:
        conditioned = self.state.status == "conditioned"
        self._try(lambda: model.agree(self.state))
        self.host_said_yes |= conditioned

    @rule()
    def school_confirms(self) -> None:
        self._try(lambda: model.school_confirms(self.state))
        self.school_said_yes = self.state.school_confirmed

    @rule()
    def school_takes_back(self) -> None:
        if self.state.status in ("accepted", "confirmed"):
            self._try(lambda: model.school_takes_back(self.state))
            self.school_said_yes = False

    @rule()
    def safety_is_checked(self) -> None:
        self._try(lambda: model.check_safety(self.state, safety()))

    @rule(by=st.sampled_from(["host", "school", "centre", "repair", "system"]))
    def it_is_cancelled(self, by: CancelledBy) -> None:
        self._try(lambda: model.cancel(self.state, by, "weather"))

    @rule()
    def it_took_place(self) -> None:
        self._try(lambda: model.complete(self.state))

    @invariant()
    def confirmed_needs_host_school_and_safety(self) -> None:
        if self.state.status == "confirmed":
            assert self.host_said_yes and self.school_said_yes and self.state.safe

    @invariant()
    def nobody_comes_below_the_smallest_group(self) -> None:
        assert self.state.smallest <= self.state.people <= 24


TestLife = Life.TestCase
