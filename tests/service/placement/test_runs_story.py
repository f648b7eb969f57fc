"""The main line over HTTP: run, first release, answers, second release, confirmation."""

import pytest
from flask import Flask

from tests.service.placement.story import STAFF, Story, one_of_each, story, visitor
from tests.service.placement.world import HOST, OTHER_HOST, OTHER_SCHOOL, SCHOOL, an_id


@pytest.fixture
def here(app: Flask) -> Story:
    return story(
        app,
        one_of_each(),
        {SCHOOL: [visitor("a")], OTHER_SCHOOL: [visitor("b")]},
    )


def test_a_campaign_goes_from_run_to_confirmed_visits(here: Story) -> None:
    run = here.solved()
    shown = here.run(run)
    assert (shown["status"], shown["result"]["numbers"]["placed"]) == ("completed", 40)
    assert here.placements() == []
    here.to_hosts(run)
    asked = here.bookings(status="asked")
    assert {row["host"] for row in asked} == {HOST, OTHER_HOST}
    assert [row["status"] for row in here.placements()] == ["planned", "planned"]
    assert here.placements(f"school:{SCHOOL}") == []
    early = here.world.ask(STAFF, "POST", f"/api/v1/runs/{run}/release", {"stage": "schools"})
    assert early.get_json()["code"] in ("hosts_not_answered", "schools_confirm_by_passed")
    here.accept_all()
    here.to_schools(run)
    own = here.placements(f"school:{SCHOOL}")
    assert [(row["status"], row["group"]) for row in own] == [("offered", an_id("a"))]
    for row in here.placements():
        confirm = f"/api/v1/placements/{row['id']}/confirm"
        body = {"approved_on": "2026-11-01", "document_number": "진로-12"}
        here.world.do(f"school:{row['school']}", "POST", confirm, body)
    here.pump()
    assert {row["status"] for row in here.placements()} == {"confirmed"}
    assert {row["status"] for row in here.bookings()} == {"confirmed"}
    mine = here.placement_of("a")["id"]
    assert here.told.types(mine) == [
        "placement.planned",
        "placement.offered",
        "placement.approved",
        "placement.confirmed",
    ]
    assert here.told.types(run) == ["run.started", "run.completed", "run.released", "run.released"]
