"""What the engine would do, shown before anybody decides: to a school that waits, and to a host."""

from typing import Any

import pytest
from flask import Flask

from services.placement.repairs import answering, asking
from tests.service.placement.story import DAY, FIELDS, STAFF, Story, one_of_each, slot, story
from tests.service.placement.test_leaving import ask
from tests.service.placement.test_visits import sessions_of, words
from tests.service.placement.world import OTHER_SCHOOL, SCHOOL, an_id, group

FULL, SPARE = "2027-05-19", "2027-05-26"


def wishing(name: str, *days: str) -> dict[str, Any]:
    """A group that comes on these days only, the first one best."""
    dates = [{"date": day, "from": None, "to": None} for day in days]
    blackout = [day for day in (DAY, FULL, SPARE) if day not in days]
    return group(name, people=20, fields=FIELDS, dates=dates, blackout=blackout)


@pytest.fixture(autouse=True)
def _patient(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver looks while the page waits; a busy machine may take longer than a page would."""
    monkeypatch.setattr(asking, "AT_ONCE", 20.0)
    act = app.extensions["ieum"].act
    monkeypatch.setattr(asking, "pause", lambda: answering.answer_next(act()))
    monkeypatch.setattr(answering, "QUICKLY", 20.0)


@pytest.fixture
def here(app: Flask) -> Story:
    """Two groups can come on one day only, which has one seat; a third could come on two days."""
    drones = one_of_each(slots=[slot("10-12"), slot("10-12", FULL), slot("10-12", SPARE)])[0]
    groups = {
        SCHOOL: [wishing("a", DAY)],
        OTHER_SCHOOL: [wishing("b", DAY), wishing("flexible", FULL, SPARE)],
    }
    found = story(app, [drones], groups)
    run = found.solved()
    found.to_hosts(run)
    first = next(one for one in found.bookings(status="asked") if one["start"][:10] == DAY)
    found.accept(first["id"])
    found.to_schools(run, anyway="the test goes on")
    return found


def test_a_day_that_is_full_can_be_had_when_others_move_within_their_wishes(here: Story) -> None:
    waiting = next(row for row in here.placements() if row["status"] == "waitlisted")
    flexible = here.placement_of("flexible")
    school, path = f"school:{waiting['school']}", f"/placement/placements/{waiting['id']}"
    before = here.placements()
    shown = ask(here, school, f"{path}?also={FULL}")
    said = words(shown)
    assert "다른 모둠이 옮기면 5월 19일(수) 오전 10시에 갈 수 있습니다" in said
    assert "모둠 1개 20명이 저마다 희망한 다른 회차로 옮깁니다" in said
    assert here.placements() == before
    form = {"sessions": sessions_of(shown), "also": FULL, "idempotency_key": "ask-the-centre"}
    assert ask(here, school, f"{path}/ask", **form).status_code == 303
    assert "센터에 이 자리를 부탁하셨습니다" in words(ask(here, school, path))
    again = {**form, "idempotency_key": "ask-once-more"}
    assert ask(here, school, f"{path}/ask", **again).status_code == 409
    here.preview()
    (repair,) = here.repairs()
    assert (repair["cause"], len(repair["rows"])) == ("asked", 2)
    here.world.do(STAFF, "POST", f"/api/v1/repairs/{repair['id']}/apply", {})
    here.pump()
    days = {
        row["id"]: (row["status"], row["parts"][0]["stops"][0]["start"][:10])
        for row in here.placements()
        if row["parts"]
    }
    assert days[waiting["id"]] == ("offered", FULL)
    assert days[flexible["id"]] == ("offered", SPARE)


def test_nobody_can_be_moved_into_nothing(here: Story) -> None:
    waiting = next(row for row in here.placements() if row["status"] == "waitlisted")
    path = f"/placement/placements/{waiting['id']}"
    said = words(ask(here, f"school:{waiting['school']}", f"{path}?also={DAY}"))
    assert "갈 수 있는 자리가 없습니다" in said


def test_a_host_reads_what_the_repair_would_do_before_it_takes_a_visit_back(here: Story) -> None:
    full = next(one for one in here.bookings() if one["start"][:10] == FULL)
    here.accept(full["id"])
    host = f"host:{full['host']}"
    before = here.placements()
    said = words(ask(here, host, f"/placement/visits/{full['id']}/cancel"))
    assert "20명은 희망한 다른 회차로 옮길 수 있습니다" in said
    assert "다른 모둠은 옮기지 않습니다" in said
    first = next(one for one in here.bookings() if one["start"][:10] == DAY)
    said = words(ask(here, host, f"/placement/visits/{first['id']}/cancel"))
    assert "20명은 대신할 자리가 없어 대기하게 됩니다" in said
    assert here.placements() == before
    assert here.repairs() == []
    assert an_id("a") not in said
