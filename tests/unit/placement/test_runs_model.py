"""The rules of a run and of a repair, and the lottery that anyone recomputes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.contracts import faults
from chassis.errors import Refused
from chassis.facts import Event, derived_id
from services.placement.repairs import model as repairs
from services.placement.repairs.model import PartPlan, Repair, Row
from services.placement.runs import lottery, model
from services.placement.runs.model import Hole, Release, Result, Run

NOW = datetime(2024, 9, 21, tzinfo=UTC)
HASH = "ab" * 32


def an_id(name: str) -> str:
    return derived_id("test", name)


def run(**changes: object) -> Run:
    found = Run(
        status="waiting",
        centre=an_id("centre"),
        campaign=an_id("campaign"),
        mode="max",
        time_limit=60,
        rules_hash=HASH,
    )
    return found.model_copy(update=changes)


def result(attempt: int) -> Result:
    numbers: dict[str, int | None] = {"placed": 1, "rank": 0, "cost": 0, "worst_school": None}
    return Result(
        attempt=attempt,
        numbers=numbers,
        other_mode=None,
        claims=("proved", "solver_claimed"),
        chosen_schools=(),
        rows=1,
        frozen_hash=HASH,
        market_hash=HASH,
        result_hash=HASH,
    )


def job(hours: int = 1) -> Release:
    return Release(requested=NOW, by="me", answer_by=NOW + timedelta(hours=hours))


def told(events: list[Event]) -> list[str]:
    for event in events:
        assert faults(event.type, event.data) == []
    return [event.type for event in events]


def test_a_run_tells_that_it_began_and_what_it_found() -> None:
    state, events = model.start(run())
    assert told(events) == ["run.started"]
    state = model.begin(state, 1)
    state, events = model.complete(state, result(1))
    assert (state.status, told(events)) == ("completed", ["run.completed"])


def test_only_the_latest_attempt_completes_a_run() -> None:
    state = model.begin(model.begin(run(), 1), 2)
    with pytest.raises(Refused):
        model.complete(state, result(1))
    with pytest.raises(Refused):
        model.begin(state, 2)
    assert model.complete(state, result(2))[0].status == "completed"


def test_a_run_shows_the_holes_it_waits_for_and_goes_on_with_a_reason() -> None:
    hole = Hole(kind="surveys", bucket="0a", why="lag")
    state = model.wait_for(run(), (hole,))
    assert (state.status, state.missing) == ("waiting", (hole,))
    assert model.go_on(state, "확인함").go_on == "확인함"
    with pytest.raises(Refused):
        model.go_on(model.begin(state, 1), "too late")


def test_cancelling_is_at_once_while_waiting_and_asked_for_while_solving() -> None:
    state, events = model.request_cancel(run())
    assert (state.status, told(events)) == ("cancelled", ["run.cancelled"])
    state, events = model.request_cancel(model.begin(run(), 1))
    assert (state.status, state.cancel_requested, events) == ("solving", True, [])
    with pytest.raises(Refused):
        model.request_cancel(model.fail(state, "infeasible")[0])


def test_schools_are_told_after_the_hosts_and_each_release_happens_once() -> None:
    done, _ = model.complete(model.begin(run(), 1), result(1))
    with pytest.raises(Refused, match="hosts_release_first"):
        model.release(done, "schools", job(), NOW)
    with pytest.raises(Refused, match="hosts_reply_by_passed"):
        model.release(done, "hosts", job(0), NOW)
    state = model.release(done, "hosts", job(), NOW)
    with pytest.raises(Refused, match="released_already"):
        model.release(state, "hosts", job(), NOW)
    with pytest.raises(Refused, match="hosts_release_first"):
        model.release(state, "schools", job(), NOW)
    state, events = model.finish(model.advance(state, "hosts", 7), "hosts", NOW)
    assert told(events) == ["run.released"]
    state = model.release(state, "schools", job(), NOW)
    state, events = model.finish(state, "schools", NOW)
    assert told(events) == ["run.released"]
    with pytest.raises(Refused):
        model.finish(state, "schools", NOW)


@given(
    wanted=st.integers(-100, 100),
    start=st.one_of(st.none(), st.integers(-5, 200)),
    days=st.integers(1, 10),
)
def test_a_later_answer_time_is_never_past(wanted: int, start: int | None, days: int) -> None:
    begins = None if start is None else NOW + timedelta(hours=start)
    found = model.answer_time(NOW, NOW + timedelta(hours=wanted), begins, days)
    assert found > NOW
    assert wanted <= 0 or found == NOW + timedelta(hours=wanted)


def test_the_seed_hangs_on_secret_market_and_rules() -> None:
    secret = lottery.fresh_secret()
    seed = lottery.seed(secret, HASH, HASH)
    assert seed == lottery.seed(secret, HASH, HASH)
    assert seed != lottery.seed(lottery.fresh_secret(), HASH, HASH)
    assert seed != lottery.seed(secret, "cd" * 32, HASH)
    assert seed != lottery.seed(secret, HASH, "cd" * 32)
    assert lottery.commitment(secret) not in (secret, seed)


def repair() -> Repair:
    return Repair(
        status="queued",
        centre=an_id("centre"),
        campaign=an_id("campaign"),
        run=an_id("run"),
        cause="declined",
        booking=an_id("booking"),
        session=an_id("session"),
        placements=("p",),
    )


def row(affected: bool, *sessions: str) -> Row:
    after = (PartPlan(people=20, sessions=sessions),) if sessions else ()
    return Row(
        placement="p",
        applicant="a",
        kind="group",
        school="s",
        people=20,
        before=(PartPlan(people=20, sessions=("old",)),),
        after=after,
        affected=affected,
    )


def test_a_repair_is_applied_only_on_the_market_it_was_computed_for() -> None:
    shown = repairs.preview(repair(), (row(True, "new"), row(False)), "version 1", "proved")
    assert (shown.moved_people, shown.waitlisted) == (20, 1)
    with pytest.raises(Refused, match="market_changed"):
        repairs.apply(shown, "version 2")
    assert repairs.apply(shown, "version 1").status == "applied"
    anew = repairs.again(shown)
    assert (anew.status, anew.rows) == ("queued", ())
    assert repairs.dismiss(anew).status == "dismissed"
    with pytest.raises(Refused):
        repairs.dismiss(repairs.apply(shown, "version 1"))


@given(st.lists(st.text(max_size=8), max_size=6))
def test_the_market_version_does_not_hang_on_the_order_of_its_facts(facts: list[str]) -> None:
    assert repairs.version_of(facts) == repairs.version_of(list(reversed(facts)))
    assert repairs.version_of([*facts, "one more"]) != repairs.version_of(facts)
