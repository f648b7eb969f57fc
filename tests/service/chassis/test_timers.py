"""Due times: called when their moment has come, again if it failed, forgotten when moot."""

from datetime import timedelta
from pathlib import Path

import pytest

from chassis import clock, timers
from chassis.act import Act
from chassis.context import Context
from chassis.errors import Conflict, Refused, TooLate
from chassis.events.handlers import Timers
from chassis.facts import Due, fresh_id
from chassis.service import Service
from tests.service.chassis.programmes import Programme, programmes
from tests.support.house import eventually

Rested = dict[tuple[str, str], float]


class Called:
    """An operation that notes its calls and fails as told, first errors first."""

    def __init__(self, *errors: Exception) -> None:
        self.ids: list[str] = []
        self.acts: list[Act] = []
        self._errors = list(errors)

    def __call__(self, act: Act, id: str) -> None:
        self.ids.append(id)
        self.acts.append(act)
        if self._errors:
            raise self._errors.pop(0)


def service(call: Called) -> Service:
    found = Timers()
    found.on(programmes, "close")(call)
    return Service("registration", Path("catalogue"), aggregates=[programmes], timers=found)


def due_in(context: Context, *seconds: float) -> str:
    act, id = context.act(), fresh_id()
    due = [Due(act.now + timedelta(seconds=each), "close") for each in seconds]
    programmes.create(act, id, Programme(), due=due)
    return id


def left(context: Context, id: str) -> int:
    found = context.database["programmes"].find_one({"_id": id})
    assert found is not None
    return len(found["due"])


@pytest.fixture(autouse=True)
def nothing_else_due(context: Context) -> None:
    context.database["programmes"].update_many({}, {"$set": {"due": []}})


def test_what_is_due_is_called_and_forgotten_and_what_is_not_waits(context: Context) -> None:
    id = due_in(context, -5, 3600)
    call = Called()
    assert timers.call_due(context, service(call), {}) == 1
    assert call.ids == [id]
    assert left(context, id) == 1


def test_what_failed_rests_and_is_called_again_with_the_same_seed(context: Context) -> None:
    id = due_in(context, -5)
    call = Called(ValueError("a fault of ours"))
    rested: Rested = {}
    timers.call_due(context, service(call), rested)
    assert left(context, id) == 1
    assert timers.call_due(context, service(call), rested) == 0
    rested.clear()
    timers.call_due(context, service(call), rested)
    assert left(context, id) == 0
    assert len({act.new_id("child") for act in call.acts}) == 1


def test_what_lost_a_race_is_called_again(context: Context) -> None:
    id = due_in(context, -5)
    call = Called(Conflict(id))
    timers.call_due(context, service(call), {})
    timers.call_due(context, service(call), {})
    assert call.ids == [id, id]
    assert left(context, id) == 0


def test_what_the_rule_refuses_has_lost_its_point_and_is_forgotten(context: Context) -> None:
    id = due_in(context, -5)
    call = Called(Refused("closed_already"))
    timers.call_due(context, service(call), {})
    assert left(context, id) == 0


def test_one_that_cannot_be_done_does_not_keep_the_others_from_being_done(
    context: Context,
) -> None:
    first, second = due_in(context, -5), due_in(context, -5)
    call = Called(ValueError("a fault of ours"))
    assert timers.call_due(context, service(call), {}) == 2
    assert sorted(call.ids) == sorted((first, second))
    assert left(context, first) + left(context, second) == 1


def test_a_write_that_began_before_the_deadline_and_arrives_after_it_is_too_late(
    context: Context,
) -> None:
    id = due_in(context, 3600)
    act = context.act()
    deadline = act.now + timedelta(milliseconds=300)
    stored = programmes.get(act, id)
    eventually(lambda: clock.now() > deadline + timedelta(milliseconds=50))
    assert act.now < deadline
    with pytest.raises(TooLate):
        programmes.save(act, stored, Programme(rounds=2), before=deadline)
    assert programmes.get(act, id).state.rounds == 1


def test_a_write_within_the_deadline_is_done_and_a_lost_race_is_no_lateness(
    context: Context,
) -> None:
    id = due_in(context, 3600)
    act = context.act()
    deadline = act.now + timedelta(minutes=5)
    stored = programmes.get(act, id)
    programmes.save(act, stored, Programme(rounds=2), before=deadline)
    with pytest.raises(Conflict):
        programmes.save(act, stored, Programme(rounds=3), before=deadline)
    assert programmes.get(act, id).state.rounds == 2
