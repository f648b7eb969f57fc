"""Runs: the manifest, fenced attempts, cancel, and releases that a crash only delays."""

from typing import Any

import pytest
from flask import Flask

from services.placement.engine import solve
from services.placement.runs import lottery, operations, releasing, solving, store
from services.placement.runs.solving import Attempt, Fenced
from tests.service.placement.story import STAFF, Story, one_of_each, slot, story, visitor
from tests.service.placement.world import (
    CAMPAIGN,
    OTHER_CENTRE,
    OTHER_SCHOOL,
    SCHOOL,
    an_id,
    survey,
)

SCHOOLS: dict[str, list[dict[str, Any]]] = {
    SCHOOL: [visitor("a")],
    OTHER_SCHOOL: [visitor("b")],
}


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs, nothing catches it."""


@pytest.fixture
def here(app: Flask) -> Story:
    return story(app, one_of_each(), SCHOOLS)


def test_a_run_waits_for_a_hole_in_the_manifest_and_says_where(app: Flask) -> None:
    here = story(app, one_of_each(), SCHOOLS, untold=1)
    run = here.start()
    assert not here.solve()
    shown = here.run(run)
    assert shown["status"] == "waiting"
    assert [(hole["kind"], hole["why"]) for hole in shown["missing"]] == [("surveys", "lag")]
    assert not here.solve()
    here.world.told(
        "survey.submitted", an_id("untold survey 0"), survey(visitor("c"), school=SCHOOL)
    )
    while here.run(run)["status"] == "waiting":
        here.solve()
    assert here.run(run)["missing"] == []
    assert here.run(run)["result"]["rows"] == 3


def test_the_operator_goes_on_without_what_is_missing_with_a_reason_on_record(app: Flask) -> None:
    here = story(app, one_of_each(), SCHOOLS, untold=1)
    run = here.start()
    here.solve()
    path = f"/api/v1/runs/{run}/go-on"
    assert here.world.ask(STAFF, "POST", path, {}).status_code == 422
    here.world.do(STAFF, "POST", path, {"reason": "학교와 통화함"})
    assert here.solve()
    shown = here.run(run)
    assert (shown["status"], shown["go_on"]) == ("completed", "학교와 통화함")


def test_one_run_at_a_time_after_the_deadline_and_by_the_own_centre(here: Story) -> None:
    body = {"campaign": CAMPAIGN}
    other = here.world.ask(f"centre:{OTHER_CENTRE}", "POST", "/api/v1/runs", body)
    assert (other.status_code, other.get_json()["code"]) == (404, "campaign_unknown")
    assert here.world.ask(f"school:{SCHOOL}", "POST", "/api/v1/runs", body).status_code == 403
    one = here.world.do(STAFF, "POST", "/api/v1/runs", body, key="impatient-click")
    two = here.world.do(STAFF, "POST", "/api/v1/runs", body, key="impatient-click")
    assert one == two
    refused = here.world.ask(STAFF, "POST", "/api/v1/runs", body)
    assert refused.get_json()["code"] == "run_unfinished"


def test_a_waiting_run_is_cancelled_at_once_and_tells_so(here: Story) -> None:
    run = here.start()
    here.world.do(STAFF, "POST", f"/api/v1/runs/{run}/cancel", {})
    here.pump()
    assert here.run(run)["status"] == "cancelled"
    assert here.told.types(run) == ["run.started", "run.cancelled"]
    assert not here.solve()


def test_a_solver_killed_before_its_last_update_leaves_no_result_and_the_next_one_wins(
    here: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = here.start()
    finish = solving.finish
    kept: list[tuple[Attempt, Any]] = []

    def killed(act: Any, attempt: Attempt, result: Any) -> None:
        kept.append((attempt, result))
        raise Killed

    monkeypatch.setattr(solving, "finish", killed)
    with pytest.raises(Killed):
        solving.work(here.world.context, "first")
    rows = here.world.context.database["run_results"]
    assert rows.count_documents({"run": run, "attempt": 1}) == 2
    assert here.run(run)["status"] == "solving"
    assert here.world.do(STAFF, "GET", f"/api/v1/runs/{run}/results")["items"] == []
    monkeypatch.setattr(solving, "finish", finish)
    assert not solving.work(here.world.context, "second")
    attempts = here.world.context.database["run_attempts"]
    attempts.update_one({"_id": run}, [{"$set": {"expires": {"$subtract": ["$$NOW", 1]}}}])
    assert solving.work(here.world.context, "second")
    assert here.run(run)["result"]["attempt"] == 2
    with pytest.raises(Fenced):
        finish(here.world.context.act(), *kept[0])
    here.pump()
    assert here.told.types(run) == ["run.started", "run.completed"]
    assert rows.count_documents({"run": run, "attempt": 1}) == 0
    assert len(here.world.do(STAFF, "GET", f"/api/v1/runs/{run}/results")["items"]) == 2


def test_a_run_is_cancelled_while_it_solves(here: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    run = here.start()

    def slow(*args: Any, on_progress: Any, **more: Any) -> Any:
        here.world.do(STAFF, "POST", f"/api/v1/runs/{run}/cancel", {})
        attempts = 0
        while on_progress(None) and attempts < 10_000_000:
            attempts += 1
        return solve(*args, on_progress=on_progress, **more)

    monkeypatch.setattr(solving, "solve", slow)
    assert here.solve()
    assert here.run(run)["status"] == "cancelled"
    assert here.told.types(run)[-1] == "run.cancelled"


def test_a_campaign_without_applicants_fails_with_its_reason(app: Flask) -> None:
    here = story(app, one_of_each(), {})
    run = here.solved()
    assert (here.run(run)["status"], here.run(run)["failure"]) == ("failed", "no_applicants")
    assert here.told.last("run.failed").data["code"] == "no_applicants"


def test_a_release_killed_half_way_is_finished_without_doubling_anything(
    here: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = here.solved()
    monkeypatch.setattr(releasing, "BATCH", 1)
    body = {"stage": "hosts", "answer_by": here.later(3600)}
    here.world.do(STAFF, "POST", f"/api/v1/runs/{run}/release", body)
    ask, calls = releasing._ask, []

    def killed(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise Killed
        ask(*args)

    monkeypatch.setattr(releasing, "_ask", killed)
    with pytest.raises(Killed):
        releasing.step(here.world.context.act(), run)
    assert len(here.placements()) == 2
    assert len(here.bookings()) == 1
    monkeypatch.setattr(releasing, "_ask", ask)
    while not here.run(run)["hosts"]["finished"]:
        here.tick()
    here.pump()
    assert len(here.placements()) == len(here.bookings()) == 2
    for row in here.placements():
        assert here.told.types(row["id"]) == ["placement.planned"]
    for row in here.bookings():
        assert here.told.types(row["id"]) == ["booking.asked"]
        seat = here.world.context.database["seats"].find_one({"_id": row["session"]})
        assert seat is not None
        assert (seat["taken"], list(seat["holds"])) == (20, [row["id"]])
    twice = here.world.ask(STAFF, "POST", f"/api/v1/runs/{run}/release", body)
    assert twice.get_json()["code"] == "released_already"


def test_the_lottery_is_committed_before_and_recomputed_after(here: Story) -> None:
    path = f"/api/v1/lotteries/{CAMPAIGN}"
    assert here.world.ask("", "GET", path).status_code == 404
    operations.commit_lottery(here.world.context.act(), CAMPAIGN)
    before = here.world.do("", "GET", path)
    assert (before["secret"], before["seed"]) == (None, None)
    run = here.solved()
    assert here.world.do("", "GET", path) == before
    here.to_hosts(run)
    here.accept_all()
    here.to_schools(run)
    after = here.world.do("", "GET", path)
    assert after["commitment"] == before["commitment"] == lottery.commitment(after["secret"])
    market = here.world.do(STAFF, "GET", f"/api/v1/runs/{run}/files/market.json")
    seed = lottery.seed(after["secret"], after["frozen_hash"], after["rules_hash"])
    assert market["rules"]["seed"] == after["seed"] == seed


def test_results_name_every_reason_for_the_centre_and_own_rows_for_a_school_once_released(
    app: Flask,
) -> None:
    offers = [{**one_of_each()[0], "slots": [slot("10-12")]}]
    here = story(app, offers, SCHOOLS)
    run = here.solved()
    rows = here.world.do(STAFF, "GET", f"/api/v1/runs/{run}/results")["items"]
    assert sorted(row["state"] for row in rows) == ["placed", "waitlisted"]
    waiting = next(row for row in rows if row["state"] == "waitlisted")
    assert waiting["position"] == 1
    assert waiting["reason"]["code"]
    assert waiting["why_not"]
    school = f"school:{waiting['school']}"
    path = f"/api/v1/runs/{run}/results"
    assert here.world.ask(school, "GET", path).status_code == 404
    here.to_hosts(run)
    here.accept_all()
    here.to_schools(run)
    own = here.world.do(school, "GET", path)["items"]
    assert [row["applicant"] for row in own] == [waiting["applicant"]]
    assert own[0]["why_not"] == []
    assert here.world.ask(f"centre:{OTHER_CENTRE}", "GET", path).status_code == 404
    assert store.progress(here.world.context.act(), run) is not None
