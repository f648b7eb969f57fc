"""Repairs: one at a time, previewed, moving only what nobody has accepted."""

from typing import Any

import pytest
from flask import Flask

from services.placement.bookings import store as bookings
from services.placement.engine import Infeasible
from services.placement.repairs import previews
from tests.service.placement.story import STAFF, Story, slot, story, visitor
from tests.service.placement.world import OTHER_CENTRE, OTHER_HOST, OTHER_SCHOOL, SCHOOL, an_id


def four_sessions() -> list[dict[str, Any]]:
    """Two teams with two sessions each; every session has room for one group of twenty."""
    drones: dict[str, Any] = {
        "field": "drones",
        "slots": [slot("10-12"), slot("13-15")],
        "maximum": 24,
    }
    sports: dict[str, Any] = {
        "host": OTHER_HOST,
        "team_name": "체육정책팀",
        "field": "sports",
        "slots": [slot("10-12"), slot("13-15")],
        "maximum": 24,
    }
    return [drones, sports]


@pytest.fixture
def here(app: Flask) -> Story:
    groups = {SCHOOL: [visitor("a"), visitor("b")], OTHER_SCHOOL: [visitor("c")]}
    found = story(app, four_sessions(), groups)
    found.to_hosts(found.solved())
    return found


def decline(here: Story, name: str) -> str:
    """The host of a group's visit declines; the booking."""
    found = next(
        row
        for row in here.bookings()
        if row["group"] == an_id(name) and row["status"] in ("asked", "accepted")
    )
    body = {"reason_code": "staff_absent", "reason": "출장"}
    path = f"/api/v1/bookings/{found['id']}/decline"
    here.world.do(f"host:{found['host']}", "POST", path, body)
    here.pump()
    return str(found["id"])


def sessions_of(here: Story, name: str) -> list[str]:
    return [s["session"] for part in here.placement_of(name)["parts"] for s in part["stops"]]


def test_a_decline_is_repaired_after_its_preview_and_moves_nobody_who_was_accepted(
    here: Story,
) -> None:
    asked = {row["group"]: row["id"] for row in here.bookings()}
    here.accept(asked[an_id("b")], asked[an_id("c")])
    before = {name: sessions_of(here, name) for name in "abc"}
    decline(here, "a")
    assert [row["status"] for row in here.repairs()] == ["queued"]
    assert here.preview()
    repair = here.repairs()[0]
    assert [(row["applicant"], row["affected"]) for row in repair["rows"]] == [(an_id("a"), True)]
    assert sessions_of(here, "a") == before["a"]
    here.world.do(STAFF, "POST", f"/api/v1/repairs/{repair['id']}/apply", {})
    here.pump()
    assert sessions_of(here, "b") == before["b"]
    assert sessions_of(here, "c") == before["c"]
    assert sessions_of(here, "a") == list(repair["rows"][0]["after"][0]["sessions"])
    assert sessions_of(here, "a") != before["a"]
    assert here.told.types(here.placement_of("a")["id"]) == ["placement.planned", "placement.moved"]
    again = [row for row in here.bookings(status="asked") if row["group"] == an_id("a")]
    assert len(again) == 1
    taken = bookings.seats(here.world.context.act(), before["a"])[before["a"][0]]["taken"]
    assert taken == 0


def test_two_declines_at_once_are_repaired_one_after_the_other(here: Story) -> None:
    decline(here, "a")
    decline(here, "b")
    assert here.preview()
    assert not here.preview()
    first = next(row for row in here.repairs() if row["status"] == "previewed")
    assert sorted(row["status"] for row in here.repairs()) == ["previewed", "queued"]
    here.world.do(STAFF, "POST", f"/api/v1/repairs/{first['id']}/apply", {})
    here.pump()
    assert here.preview()
    second = next(row for row in here.repairs() if row["status"] == "previewed")
    assert second["id"] != first["id"]
    here.world.do(STAFF, "POST", f"/api/v1/repairs/{second['id']}/apply", {})
    here.pump()
    used = [s for name in "abc" for s in sessions_of(here, name)]
    act = here.world.context.act()
    for session, row in bookings.seats(act, used).items():
        assert row["taken"] == sum(row["holds"].values()) <= row["maximum"], session
    assert len(here.repairs()) == 2


def test_a_preview_that_the_market_left_behind_is_computed_anew(here: Story) -> None:
    decline(here, "a")
    assert here.preview()
    repair = here.repairs()[0]
    target = repair["rows"][0]["after"][0]["sessions"][0]
    rows = here.world.context.database["seats"]
    rows.update_one(
        {"_id": target},
        {
            "$set": {"holds.another": 20, "centre": an_id("centre"), "maximum": 24},
            "$inc": {"taken": 20},
        },
        upsert=True,
    )
    refused = here.world.ask(STAFF, "POST", f"/api/v1/repairs/{repair['id']}/apply", {})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "market_changed")
    assert here.repairs()[0]["status"] == "queued"
    assert here.preview()
    after = [part["sessions"] for part in here.repairs()[0]["rows"][0]["after"]]
    assert [target] not in after


def test_without_a_seat_left_the_group_waits_and_learns_it_at_the_schools_release(
    app: Flask,
) -> None:
    offers = [{**four_sessions()[0], "slots": [slot("10-12")]}]
    here = story(app, offers, {SCHOOL: [visitor("a")]})
    run = here.solved()
    here.to_hosts(run)
    decline(here, "a")
    body = {"stage": "schools", "answer_by": here.later(3600)}
    early = here.world.ask(STAFF, "POST", f"/api/v1/runs/{run}/release", body)
    assert early.get_json()["code"] == "repairs_open"
    assert here.preview()
    repair = here.repairs()[0]
    assert (repair["waitlisted"], repair["rows"][0]["after"]) == (1, [])
    here.world.do(STAFF, "POST", f"/api/v1/repairs/{repair['id']}/apply", {})
    here.pump()
    assert "placement.waitlisted" not in here.told.types()
    here.to_schools(run)
    own = here.placements(f"school:{SCHOOL}")
    assert [(row["status"], row["position"], row["reason_code"]) for row in own] == [
        ("waitlisted", 1, "repair_no_seat")
    ]


def test_a_dismissed_repair_puts_the_group_on_the_waitlist_and_frees_the_turn(here: Story) -> None:
    decline(here, "a")
    decline(here, "b")
    assert here.preview()
    first = next(row for row in here.repairs() if row["status"] == "previewed")
    path = f"/api/v1/repairs/{first['id']}"
    assert here.world.ask(f"centre:{OTHER_CENTRE}", "GET", path).status_code == 404
    here.world.do(STAFF, "POST", f"{path}/dismiss", {"reason": "학교와 따로 정함"})
    here.pump()
    lost = next(r["applicant"] for r in first["rows"] if r["affected"])
    placement = next(row for row in here.placements() if row["group"] == lost)
    assert (placement["parts"], placement["position"]) == ([], 1)
    assert here.preview()


def test_a_host_that_takes_back_an_accepted_visit_after_the_release_is_repaired(
    here: Story,
) -> None:
    here.accept_all()
    run = here.placement_of("a")["run"]
    here.to_schools(run)
    for name in "abc":
        row = here.placement_of(name)
        path = f"/api/v1/placements/{row['id']}/confirm"
        here.world.do(f"school:{row['school']}", "POST", path, {})
    here.pump()
    assert here.placement_of("a")["status"] == "confirmed"
    booking = here.placement_of("a")["parts"][0]["stops"][0]
    body = {"reason_code": "place_unavailable", "reason": "공사"}
    who = f"host:{booking['host']}"
    here.world.do(who, "POST", f"/api/v1/bookings/{booking['booking']}/cancel", body)
    here.pump()
    broken = here.placement_of("a")
    assert (broken["status"], broken["approved"]) == ("offered", False)
    confirm = f"/api/v1/placements/{broken['id']}/confirm"
    waits = here.world.ask(f"school:{SCHOOL}", "POST", confirm, {})
    assert waits.get_json()["code"] == "visit_being_repaired"
    assert here.preview()
    repair = here.repairs()[0]
    assert [row["applicant"] for row in repair["rows"]] == [an_id("a")]
    here.world.do(STAFF, "POST", f"/api/v1/repairs/{repair['id']}/apply", {})
    here.pump()
    mended = here.placement_of("a")
    assert mended["status"] == "offered"
    assert mended["parts"][0]["stops"][0]["booking"] != booking["booking"]


@pytest.mark.parametrize("code", ["infeasible", "none_found"])
def test_a_repair_that_the_engine_cannot_find_says_so_and_can_still_be_dismissed(
    here: Story, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def impossible(*_: Any, **__: Any) -> Any:
        raise Infeasible(code, {"proved": code == "infeasible"})

    monkeypatch.setattr(previews, "solve", impossible)
    decline(here, "a")
    assert here.preview()
    repair = here.repairs()[0]
    assert (repair["status"], repair["moved_people"], repair["waitlisted"]) == ("previewed", 0, 1)
    assert repair["claim"] == ("no_answer" if code == "infeasible" else "none_found")
    assert repair["history"][-1]["why"] == repair["claim"]
    path = f"/api/v1/repairs/{repair['id']}/dismiss"
    here.world.do(STAFF, "POST", path, {"reason": "전화로 알림"})
    assert here.repairs()[0]["status"] == "dismissed"


def test_a_group_is_moved_by_hand_after_its_cost_was_shown(here: Story) -> None:
    moved, other = here.placement_of("a"), here.placement_of("b")
    wanted = sessions_of(here, "b")
    body = {"placement": moved["id"], "sessions": wanted}
    queued = here.world.do(STAFF, "POST", "/api/v1/repairs", body)["id"]
    assert here.preview()
    shown = here.world.do(STAFF, "GET", f"/api/v1/repairs/{queued}")
    assert (shown["cause"], shown["status"]) == ("by_hand", "previewed")
    after = {row["placement"]: row["after"] for row in shown["rows"]}
    assert after[moved["id"]][0]["sessions"] == wanted
    assert other["id"] in after
    assert shown["moved_people"] == 20
    assert sessions_of(here, "b") == wanted
    here.world.do(STAFF, "POST", f"/api/v1/repairs/{queued}/apply", {})
    here.pump()
    assert sessions_of(here, "a") == wanted
    assert sessions_of(here, "b") != wanted
    stranger = here.world.ask(f"centre:{OTHER_CENTRE}", "POST", "/api/v1/repairs", body)
    assert stranger.status_code == 404


def test_a_move_to_what_was_no_wish_is_refused_and_one_that_is_let_be_moves_nobody(
    here: Story,
) -> None:
    moved = here.placement_of("a")
    body = {"placement": moved["id"], "sessions": [an_id("nowhere")]}
    refused = here.world.ask(STAFF, "POST", "/api/v1/repairs", body)
    assert refused.get_json()["code"] == "no_such_move"
    wanted = sessions_of(here, "b")
    body["sessions"] = wanted
    queued = here.world.do(STAFF, "POST", "/api/v1/repairs", body)["id"]
    assert here.preview()
    here.world.do(STAFF, "POST", f"/api/v1/repairs/{queued}/dismiss", {"reason": "그대로 둠"})
    here.pump()
    assert here.placement_of("a")["status"] == "planned"
    assert sessions_of(here, "b") == wanted
