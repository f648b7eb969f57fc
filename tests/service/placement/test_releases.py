"""Releases: ten minutes to call them off, and the campaign's own times."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from chassis.clock import now
from chassis.facts import stamp
from services.placement.releases import model, operations
from tests.service.placement.story import STAFF, Story, one_of_each, story, visitor
from tests.service.placement.world import (
    CAMPAIGN,
    OTHER_CENTRE,
    OTHER_SCHOOL,
    SCHOOL,
    campaign,
)

SCHOOLS: dict[str, list[dict[str, Any]]] = {
    SCHOOL: [visitor("a")],
    OTHER_SCHOOL: [visitor("b")],
}
RELEASES = f"/api/v1/campaigns/{CAMPAIGN}/releases"


@pytest.fixture
def here(app: Flask) -> Story:
    return story(app, one_of_each(), SCHOOLS)


def told(here: Story, **changes: Any) -> None:
    """The campaign's latest event, as the reaction of the service takes it up."""
    usual = {"status": "closed", "hosts_reply_by": here.later(7200)}
    data = campaign(**{**usual, "schools_confirm_by": here.later(9000), **changes})
    operations.follow_campaign(here.world.context.act(), CAMPAIGN, data)


def planned(here: Story, run: str, stage: str = "hosts", **more: Any) -> Any:
    body = {"stage": stage, "answer_by": here.later(7200), **more}
    return here.world.ask(STAFF, "POST", f"/api/v1/runs/{run}/release-in-ten-minutes", body)


def shown(here: Story, stage: str = "hosts") -> dict[str, Any]:
    return dict(here.world.do(STAFF, "GET", RELEASES)[stage])


def ten_minutes_later(here: Story) -> None:
    """As if the time had come, by an appointment that lies in the past."""
    row = here.world.context.database["releases"].find_one({"state.campaign": CAMPAIGN})
    assert row is not None
    earlier = now() - timedelta(seconds=1)
    for stage in model.STAGES:
        if row["state"][stage]["status"] == "set":
            here.world.context.database["releases"].update_one(
                {"_id": row["_id"]},
                {"$set": {f"state.{stage}.at": earlier, "due.0.at": earlier}},
            )
    here.tick()
    here.tick()


def test_a_release_waits_ten_minutes_and_then_asks_the_hosts(here: Story) -> None:
    run = here.solved()
    assert planned(here, run).status_code == 200
    one = shown(here)
    assert (one["status"], one["by"], one["run"]) == ("set", "person", run)
    here.tick()
    assert here.bookings() == []
    twice = planned(here, run)
    assert (twice.status_code, twice.get_json()["code"]) == (409, "release_planned_already")
    ten_minutes_later(here)
    assert shown(here)["status"] == "done"
    assert here.run(run)["hosts"]["finished"]
    assert len(here.bookings()) == 2


def test_a_release_is_called_off_until_it_happens_and_not_afterwards(here: Story) -> None:
    run = here.solved()
    planned(here, run)
    other = here.world.ask(
        f"centre:{OTHER_CENTRE}", "POST", f"{RELEASES}/call-off", {"stage": "hosts"}
    )
    assert other.status_code == 404
    here.world.do(STAFF, "POST", f"{RELEASES}/call-off", {"stage": "hosts"})
    assert shown(here)["status"] == "held"
    ten_minutes_later(here)
    assert here.bookings() == []
    assert planned(here, run).status_code == 200
    ten_minutes_later(here)
    late = here.world.ask(STAFF, "POST", f"{RELEASES}/call-off", {"stage": "hosts"})
    assert (late.status_code, late.get_json()["code"]) == (409, "release_not_planned")
    assert len(here.bookings()) == 2


def test_what_would_be_refused_then_is_refused_at_once(here: Story) -> None:
    run = here.solved()
    early = planned(here, run, "schools")
    assert early.get_json()["code"] == "hosts_release_first"
    soon = planned(here, run, answer_by=here.later(300))
    assert soon.get_json()["code"] == "hosts_reply_by_passed"
    here.to_hosts(run)
    unanswered = planned(here, run, "schools")
    assert unanswered.get_json()["code"] == "hosts_not_answered"
    assert planned(here, run, "schools", anyway="전화로 확인함").status_code == 200


def test_the_campaigns_own_times_release_by_themselves(here: Story) -> None:
    told(here, hosts_release_at=here.later(3600), schools_release_at=here.later(5400))
    run = here.solved()
    one = shown(here)
    assert (one["status"], one["by"], one["run"]) == ("set", "campaign", None)
    frame = campaign(hosts_reply_by=here.later(7200), schools_confirm_by=here.later(9000))
    here.world.told("campaign.changed", CAMPAIGN, frame)
    ten_minutes_later(here)
    assert here.run(run)["hosts"]["finished"]
    here.accept_all()
    told(here, hosts_release_at=here.later(-60), schools_release_at=here.later(60))
    ten_minutes_later(here)
    assert here.run(run)["schools"]["finished"]
    assert {row["status"] for row in here.placements()} == {"offered"}


def test_a_time_that_comes_without_a_result_is_missed_and_told(here: Story) -> None:
    told(here, hosts_release_at=here.later(3600))
    ten_minutes_later(here)
    one = shown(here)
    assert (one["status"], one["code"]) == ("missed", "run_missing")
    data = here.told.last("release.missed").data
    assert (data["campaign"], data["stage"], data["run"]) == (CAMPAIGN, "hosts", None)
    run = here.start()
    told(here, hosts_release_at=here.later(1800))
    ten_minutes_later(here)
    assert shown(here)["code"] == "run_unfinished"
    while here.run(run)["status"] in ("waiting", "solving"):
        here.solve()
    assert planned(here, run).status_code == 200


def test_hosts_that_have_not_answered_keep_the_clock_from_telling_the_schools(here: Story) -> None:
    run = here.solved()
    here.to_hosts(run)
    frame = campaign(hosts_reply_by=here.later(7200), schools_confirm_by=here.later(9000))
    here.world.told("campaign.changed", CAMPAIGN, frame)
    told(here, schools_release_at=here.later(3600))
    ten_minutes_later(here)
    assert shown(here, "schools")["code"] == "hosts_not_answered"
    assert here.told.last("release.missed").data["run"] == run
    assert here.run(run)["schools"] is None


def test_a_release_at_once_stays_possible_and_ends_the_appointment(here: Story) -> None:
    told(here, hosts_release_at=stamp(now() + timedelta(hours=1)))
    run = here.solved()
    here.to_hosts(run)
    ten_minutes_later(here)
    assert shown(here)["status"] == "done"
    assert len(here.bookings()) == 2


def test_the_clocks_release_is_held_and_resumed(here: Story) -> None:
    told(here, hosts_release_at=here.later(3600))
    here.world.do(STAFF, "POST", f"{RELEASES}/call-off", {"stage": "hosts"})
    assert shown(here)["status"] == "held"
    here.world.do(STAFF, "POST", f"{RELEASES}/resume", {"stage": "hosts"})
    assert (shown(here)["status"], shown(here)["by"]) == ("set", "campaign")
    told(here, hosts_release_at=here.later(3600), status="cancelled")
    assert shown(here)["status"] == "none"
