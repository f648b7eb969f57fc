"""The rules of a placement: host and school both, nothing told before its release."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chassis.contracts import faults
from chassis.errors import Invalid, Problem, Refused, TooLate
from chassis.facts import Event, derived_id
from services.placement.placements import model
from services.placement.placements.shape import Approval, Correction, Part, Placement, Stop

NOW = datetime(2024, 9, 28, 1, tzinfo=UTC)
START = datetime(2024, 10, 23, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def an_id(name: str) -> str:
    return derived_id("test", name)


def stop(name: str, **changes: object) -> Stop:
    found = Stop(
        booking=an_id(f"booking {name}"),
        session=an_id(f"session {name}"),
        offer=an_id("offer"),
        host=an_id(f"host {name}"),
        team=None,
        start=START,
        end=START + HOUR,
    )
    return found.model_copy(update=changes)


def placement(*stops: Stop, **changes: object) -> Placement:
    found = Placement(
        status="planned",
        centre=an_id("centre"),
        campaign=an_id("campaign"),
        run=an_id("run"),
        school=an_id("school"),
        group=an_id("group"),
        people=24,
        parts=(Part(people=24, stops=stops or (stop("a"), stop("b"))),),
    )
    return found.model_copy(update=changes)


def told(events: list[Event]) -> list[str]:
    for event in events:
        assert faults(event.type, event.data) == []
    return [event.type for event in events]


def offered(*stops: Stop) -> Placement:
    return model.offer(placement(*stops), NOW, NOW + 48 * HOUR)[0]


YES = Approval(at=NOW, by=an_id("teacher"), approved_on="2024-09-27")


def test_a_school_that_confirms_before_a_host_has_answered_waits() -> None:
    state, events = model.confirm(offered(), NOW, YES)
    assert (state.status, told(events)) == ("offered", ["placement.approved"])
    for name in ("a", "b"):
        step = model.host_answered(state, an_id(f"booking {name}"), START, START + HOUR, 24)
        assert step is not None
        state, events = step
    assert (state.status, told(events)) == ("confirmed", ["placement.confirmed"])
    assert (state.offered, state.confirmed) == (24, 24)


def test_a_smaller_group_at_another_hour_is_told_as_a_move() -> None:
    later = START + HOUR
    step = model.host_answered(offered(), an_id("booking a"), later, later + HOUR, 20)
    assert step is not None
    assert step[0].people == 20
    assert told(step[1]) == ["placement.moved"]
    again = model.host_answered(step[0], an_id("booking a"), later, later + HOUR, 20)
    assert again is None


def test_silence_of_the_school_expires() -> None:
    state = offered()
    assert model.expire(state, NOW) is None
    with pytest.raises(TooLate):
        model.confirm(state, NOW + 48 * HOUR, YES)
    step = model.expire(state, NOW + 48 * HOUR)
    assert step is not None
    assert step[0].status == "expired"
    assert told(step[1]) == ["placement.expired"]


def test_a_lost_stop_takes_the_schools_yes_back_and_stops_the_clock() -> None:
    ready = [stop(name, accepted=True) for name in ("a", "b")]
    state, _ = model.confirm(offered(*ready), NOW, YES)
    assert state.status == "confirmed"
    step = model.stop_lost(state, an_id("booking a"))
    assert step is not None
    state, events = step
    assert (state.status, state.approval, told(events)) == ("offered", None, ["placement.moved"])
    assert model.expire(state, NOW + 99 * HOUR) is None
    with pytest.raises(Refused):
        model.confirm(state, NOW, YES)


def test_before_the_release_a_lost_seat_is_told_to_nobody_as_a_waitlist() -> None:
    hidden, events = model.lose_seats(placement(), 3, "repair_no_seat", {"people": 24})
    assert (hidden.status, hidden.position, told(events)) == ("planned", 3, ["placement.moved"])
    assert events[0].data["released"] is False
    state, events = model.lose_seats(offered(), 3, "repair_no_seat", {"people": 24})
    assert (state.status, told(events)) == ("waitlisted", ["placement.waitlisted"])


def test_a_split_group_counts_its_parts_and_one_that_comes_twice_counts_once() -> None:
    twelve = [Part(people=12, stops=(stop(name),)) for name in ("a", "b")]
    assert model.move(placement(), twelve)[0].people == 24
    twice = [Part(people=24, stops=(stop(name),)) for name in ("a", "b")]
    assert model.move(placement(), twice)[0].people == 24


def test_a_postponed_visit_is_offered_again_with_new_seats() -> None:
    state, events = model.postpone(offered(), "centre", "weather")
    assert told(events) == ["placement.postponed"]
    with pytest.raises(Refused):
        model.confirm(state, NOW, YES)
    parts = [Part(people=24, stops=(stop("c"),))]
    state, events = model.offer(state, NOW, NOW + HOUR, parts, 1)
    assert (state.status, state.stops[0].session) == ("offered", an_id("session c"))
    assert told(events) == ["placement.offered"]


def test_attendance_keeps_what_was_offered_and_confirmed() -> None:
    ready = [stop("a", accepted=True)]
    state, _ = model.confirm(offered(*ready), NOW, YES)
    with pytest.raises(Refused):
        model.attend(state, NOW, 20)
    with pytest.raises(Invalid):
        model.attend(state, START, 25)
    state, events = model.attend(state, START + HOUR, 22)
    assert (state.offered, state.confirmed, state.attended) == (24, 24, 22)
    assert told(events) == ["attendance.recorded"]
    state, _ = model.attend(state, START + HOUR, 23)
    assert (state.status, state.attended) == ("completed", 23)


def test_one_correction_reaches_a_placement_once() -> None:
    notice = Correction(
        correction=an_id("correction"), what_code="meeting_point", text="정문", at=NOW, by="me"
    )
    with pytest.raises(Refused):
        model.correct(placement(), notice)
    state, events = model.correct(offered(), notice)
    assert told(events) == ["placement.corrected"]
    assert "정문" not in str(events[0].data)
    assert model.correct(state, notice) == (state, [])


class Life(RuleBasedStateMachine):
    """Anything may be tried at any time; only what a rule allows happens."""

    def __init__(self) -> None:
        super().__init__()
        self.state, _ = model.plan(placement())
        self.now = NOW
        self.hosts: set[str] = set()
        self.school = False
        self.told: list[str] = []

    def _try(self, step: object) -> bool:
        try:
            found = step()  # type: ignore[operator]
        except Problem:
            return False
        if found is None:
            return False
        self.state, events = found
        self.told += told(events)
        return True

    @rule()
    def released(self) -> None:
        if self._try(lambda: model.offer(self.state, self.now, self.now + 20 * HOUR)):
            self.school = False

    @rule(name=st.sampled_from(["a", "b"]))
    def host_accepts(self, name: str) -> None:
        booking = an_id(f"booking {name}")
        if not any(s.booking == booking and s.lost for s in self.state.stops):
            self._try(lambda: model.host_answered(self.state, booking, START, START + HOUR, 24))
            if any(s.booking == booking and s.accepted for s in self.state.stops):
                self.hosts.add(booking)

    @rule(name=st.sampled_from(["a", "b"]))
    def host_falls_out(self, name: str) -> None:
        booking = an_id(f"booking {name}")
        if self._try(lambda: model.stop_lost(self.state, booking)):
            self.hosts.discard(booking)
            self.school = False

    @rule()
    def repaired(self) -> None:
        parts = [Part(people=24, stops=(stop("a"), stop("b")))]
        if self._try(lambda: model.move(self.state, parts)):
            self.hosts, self.school = set(), False

    @rule()
    def repair_found_nothing(self) -> None:
        if self._try(lambda: model.lose_seats(self.state, 1, "repair_no_seat", {})):
            self.hosts, self.school = set(), False

    @rule()
    def school_confirms(self) -> None:
        self.school |= self._try(lambda: model.confirm(self.state, self.now, YES))

    @rule()
    def school_withdraws(self) -> None:
        self._try(lambda: model.withdraw(self.state, "school_event"))

    @rule()
    def centre_postpones(self) -> None:
        self._try(lambda: model.postpone(self.state, "centre", "weather"))

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR
        self._try(lambda: model.expire(self.state, self.now))

    @invariant()
    def confirmed_needs_every_host_and_the_school(self) -> None:
        if self.state.status == "confirmed":
            assert self.school
            assert {s.booking for s in self.state.stops} <= self.hosts

    @invariant()
    def nothing_is_offered_without_a_seat(self) -> None:
        if self.state.status in ("offered", "confirmed"):
            assert self.state.parts

    @invariant()
    def a_school_learns_nothing_before_the_release(self) -> None:
        if not self.state.released:
            assert set(self.told) <= {"placement.planned", "placement.moved"}


TestLife = Life.TestCase
