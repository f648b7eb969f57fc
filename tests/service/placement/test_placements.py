"""Schools confirm, withdraw and are corrected; the waitlist moves up; caps; individuals."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from tests.service.placement.story import STAFF, Story, one_of_each, story, visitor
from tests.service.placement.world import (
    CAMPAIGN,
    OTHER_CENTRE,
    OTHER_HOST,
    OTHER_SCHOOL,
    SCHOOL,
    an_id,
)


def drones_only(**changes: Any) -> list[dict[str, Any]]:
    """One session with room for one group."""
    return [{**one_of_each()[0], "maximum": 24, **changes}]


def confirm(here: Story, row: dict[str, Any], **body: Any) -> Any:
    path = f"/api/v1/placements/{row['id']}/confirm"
    return here.world.ask(f"school:{row['school']}", "POST", path, body)


def released(app: Flask, offers: list[dict[str, Any]], schools: Any, **changes: Any) -> Story:
    """Every host has accepted and every school has been told."""
    here = story(app, offers, schools, **changes)
    run = here.solved()
    here.to_hosts(run)
    here.accept_all()
    here.to_schools(run)
    return here


@pytest.fixture
def crowded(app: Flask) -> Story:
    """One seat for three groups: one is offered it, two wait."""
    groups = {SCHOOL: [visitor("a"), visitor("b")], OTHER_SCHOOL: [visitor("c")]}
    return released(app, drones_only(), groups)


def by_status(here: Story, status: str) -> list[dict[str, Any]]:
    return sorted(
        (row for row in here.placements() if row["status"] == status),
        key=lambda row: row["position"] or 0,
    )


def test_a_withdrawn_seat_goes_to_the_first_of_the_waitlist_who_is_asked_anew(
    crowded: Story,
) -> None:
    offered, waiting = by_status(crowded, "offered"), by_status(crowded, "waitlisted")
    assert (len(offered), [row["position"] for row in waiting]) == (1, [1, 2])
    line = crowded.world.do(STAFF, "GET", f"/api/v1/waitlists?campaign={CAMPAIGN}")["items"]
    assert [row["placement"] for row in line] == [row["id"] for row in waiting]
    assert confirm(crowded, offered[0]).status_code == 200
    crowded.pump()
    body = {"reason_code": "school_event", "reason": "시험 일정"}
    path = f"/api/v1/placements/{offered[0]['id']}/withdraw"
    crowded.world.do(f"school:{offered[0]['school']}", "POST", path, body)
    crowded.pump()
    assert by_status(crowded, "withdrawn")[0]["id"] == offered[0]["id"]
    moved_up = by_status(crowded, "offered")
    assert [row["id"] for row in moved_up] == [waiting[0]["id"]]
    old = crowded.told.types(offered[0]["parts"][0]["stops"][0]["booking"])
    assert old[-1] == "booking.cancelled"
    assert confirm(crowded, moved_up[0]).status_code == 200
    crowded.accept_all()
    assert [row["id"] for row in by_status(crowded, "confirmed")] == [waiting[0]["id"]]
    assert [row["position"] for row in by_status(crowded, "waitlisted")] == [2]


def test_two_schools_that_are_offered_the_last_seat_at_once_do_not_both_get_it(
    crowded: Story,
) -> None:
    offered, waiting = by_status(crowded, "offered"), by_status(crowded, "waitlisted")
    session = offered[0]["parts"][0]["stops"][0]["session"]
    path = f"/api/v1/placements/{offered[0]['id']}/withdraw"
    body = {"reason_code": "school_event"}
    crowded.world.do(f"school:{offered[0]['school']}", "POST", path, body)
    database = crowded.world.context.database
    database["seats"].update_one({"_id": session}, {"$set": {"taken": 0, "holds": {}}})

    def give(row: dict[str, Any]) -> str:
        app = crowded.world.client.application
        found = app.test_client().post(
            f"/placement/api/v1/waitlists/{row['id']}/offer",
            json={"sessions": [session]},
            headers={"Authorization": f"Bearer {STAFF}", "Idempotency-Key": row["id"]},
        )
        return "given" if found.status_code == 200 else str(found.get_json()["code"])

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(give, waiting))
    assert said == ["given", "session_full"]
    seat = database["seats"].find_one({"_id": session})
    assert seat is not None
    assert (seat["taken"], len(seat["holds"])) == (20, 1)


def test_schools_that_the_cap_leaves_out_learn_the_reason_and_their_reserve_rank(
    app: Flask,
) -> None:
    groups = {SCHOOL: [visitor("a")], OTHER_SCHOOL: [visitor("b")]}
    caps = {"schools": 1, "students": 320}
    here = released(app, one_of_each(), groups, caps=caps)
    left_out = by_status(here, "not_selected")
    assert len(left_out) == 1
    assert (left_out[0]["reason_code"], left_out[0]["reserve_rank"]) == ("school_cap", 1)
    assert left_out[0]["facts"]["cap"] == 1
    own = here.placements(f"school:{left_out[0]['school']}")
    assert [row["status"] for row in own] == ["not_selected"]
    assert here.told.types(left_out[0]["id"]) == ["placement.not_selected"]


def test_a_school_that_stays_silent_loses_its_seat_to_the_waitlist(app: Flask) -> None:
    groups = {SCHOOL: [visitor("a"), visitor("b")]}
    here = story(app, drones_only(), groups)
    run = here.solved()
    here.to_hosts(run)
    here.accept_all()
    here.to_schools(run, seconds=4)
    silent = by_status(here, "offered")[0]
    while not by_status(here, "expired"):
        here.tick()
    assert by_status(here, "expired")[0]["id"] == silent["id"]
    assert confirm(here, silent).get_json()["code"] == "placement_state"
    assert len(by_status(here, "offered")) == 1


def test_a_confirmation_is_the_schools_own_and_names_its_mistakes(crowded: Story) -> None:
    row = by_status(crowded, "offered")[0]
    stranger = OTHER_SCHOOL if row["school"] == SCHOOL else SCHOOL
    path = f"/api/v1/placements/{row['id']}"
    for who in (f"school:{stranger}", f"centre:{OTHER_CENTRE}", f"host:{OTHER_HOST}"):
        assert crowded.world.ask(who, "GET", path).status_code == 404
    assert crowded.world.ask(STAFF, "POST", f"{path}/confirm", {}).status_code == 403
    future = confirm(crowded, row, approved_on="2999-01-01")
    assert future.get_json()["errors"][0]["pointer"] == "/approved_on"
    assert confirm(crowded, row).status_code == 200
    crowded.pump()
    assert confirm(crowded, row).get_json()["code"] == "placement_state"


def test_many_are_accepted_and_confirmed_at_once_and_a_repetition_changes_nothing(
    app: Flask,
) -> None:
    groups = {SCHOOL: [visitor("a"), visitor("b")]}
    here = story(app, one_of_each(), groups)
    run = here.solved()
    here.to_hosts(run)
    for host in {row["host"] for row in here.bookings()}:
        mine = [row["id"] for row in here.bookings(f"host:{host}")]
        body = {"bookings": [*mine, an_id("nobody")]}
        path = "/api/v1/bookings/acceptances"
        one = here.world.do(f"host:{host}", "POST", path, body, key=f"accept-{host}")
        two = here.world.do(f"host:{host}", "POST", path, body, key=f"accept-{host}")
        assert (
            one["extra"]
            == two["extra"]
            == {
                "accepted": len(mine),
                "refused": {an_id("nobody"): "not_found"},
            }
        )
    here.pump()
    here.to_schools(run)
    ids = [row["id"] for row in here.placements()]
    yes: dict[str, Any] = {"placements": ids, "approved_on": "2026-11-01"}
    done = here.world.do(f"school:{SCHOOL}", "POST", "/api/v1/placements/confirmations", yes)
    assert done["extra"] == {"confirmed": 2, "refused": {}}
    here.pump()
    assert {row["status"] for row in here.placements()} == {"confirmed"}


def test_attendance_is_recorded_after_the_visit_began_and_completes_its_bookings(
    app: Flask,
) -> None:
    here = released(app, one_of_each(), {SCHOOL: [visitor("a")]})
    row = here.placement_of("a")
    assert confirm(here, row).status_code == 200
    here.pump()
    path = f"/api/v1/placements/{row['id']}/attendance"
    early = here.world.ask(f"school:{SCHOOL}", "POST", path, {"attended": 19})
    assert early.get_json()["code"] == "not_yet_taken_place"
    here.world.context.database["placements"].update_one(
        {"_id": row["id"]}, {"$set": {"state.parts.0.stops.0.start": datetime(2026, 1, 1)}}
    )
    many = here.world.ask(f"school:{SCHOOL}", "POST", path, {"attended": 21})
    assert many.get_json()["errors"][0]["pointer"] == "/attended"
    host = row["parts"][0]["stops"][0]["host"]
    here.world.do(f"host:{host}", "POST", path, {"attended": 19})
    here.pump()
    done = here.placement_of("a")
    assert (done["status"], done["offered"], done["confirmed"], done["attended"]) == (
        "completed",
        20,
        20,
        19,
    )
    assert {b["status"] for b in here.bookings()} == {"completed"}
    assert here.told.last("attendance.recorded").data["attended"] == 19


def test_a_postponed_visit_is_offered_again_and_a_cancelled_one_is_not(app: Flask) -> None:
    here = released(app, one_of_each(), {SCHOOL: [visitor("a")]})
    row = here.placement_of("a")
    free = next(
        s["id"]
        for s in (s for o in here.world.do(STAFF, "GET", "/api/v1/offers")["items"]
                  for s in here.world.sessions(o["id"]))
        if s["id"] != row["parts"][0]["stops"][0]["session"]
    )  # fmt: skip
    path = f"/api/v1/placements/{row['id']}"
    here.world.do(STAFF, "POST", f"{path}/postpone", {"reason_code": "weather"})
    here.pump()
    assert here.placement_of("a")["status"] == "postponed"
    offer = f"/api/v1/waitlists/{row['id']}/offer"
    wrong = here.world.ask(STAFF, "POST", offer, {"sessions": ["no such session"]})
    assert wrong.get_json()["errors"][0]["pointer"] == "/sessions/0"
    here.world.do(STAFF, "POST", offer, {"sessions": [free]})
    here.pump()
    again = here.placement_of("a")
    assert (again["status"], again["parts"][0]["stops"][0]["session"]) == ("offered", free)
    here.world.do(STAFF, "POST", f"{path}/cancel", {"reason_code": "weather"})
    here.pump()
    assert here.placement_of("a")["status"] == "cancelled"
    assert {b["status"] for b in here.bookings()} == {"cancelled"}
    assert here.repairs() == []
    refused = here.world.ask(STAFF, "POST", offer, {"sessions": [free]})
    assert refused.get_json()["code"] == "placement_state"


def test_one_correction_reaches_each_concerned_placement_once(crowded: Story) -> None:
    ids = [row["id"] for row in crowded.placements()][:2]
    body = {"placements": ids, "what_code": "meeting_point", "text": "정문이 아니라 후문입니다"}
    one = crowded.world.do(STAFF, "POST", "/api/v1/placements/corrections", body, key="correct-1")
    two = crowded.world.do(STAFF, "POST", "/api/v1/placements/corrections", body, key="correct-1")
    assert one["id"] == two["id"]
    crowded.pump()
    told = [e for e in crowded.told.events if e.type == "placement.corrected"]
    assert sorted(e.key for e in told) == sorted(ids)
    assert {e.data["correction"] for e in told} == {one["id"]}
    unknown = {**body, "placements": [an_id("nobody")]}
    wrong = crowded.world.ask(STAFF, "POST", "/api/v1/placements/corrections", unknown)
    assert wrong.get_json()["errors"][0]["pointer"] == "/placements/0"


def test_individuals_share_a_roster_and_one_who_withdraws_makes_room(app: Flask) -> None:
    here = story(app, drones_only(minimum=1, maximum=2), {})
    session = here.world.sessions(here.world.do(STAFF, "GET", "/api/v1/offers")["items"][0]["id"])[
        0
    ]["id"]
    for name in ("x", "y", "z"):
        here.world.told(
            "application.submitted",
            an_id(f"application {name}"),
            {
                "centre": an_id("centre"),
                "campaign": CAMPAIGN,
                "school": SCHOOL,
                "person": an_id(f"person {name}"),
                "level": "middle",
                "grade": 2,
                "wishes": [session],
                "submitted_at": "2024-09-10T00:00:00.000Z",
            },
        )
    run = here.start()
    here.solve()
    here.world.do(STAFF, "POST", f"/api/v1/runs/{run}/go-on", {"reason": "시험"})
    here.solve()
    here.to_hosts(run)
    roster = here.bookings()
    assert [(row["people"], row["placement"]) for row in roster] == [(2, None)]
    here.accept_all()
    here.to_schools(run)
    offered = by_status(here, "offered")
    assert (len(offered), len(by_status(here, "waitlisted"))) == (2, 1)
    for row in offered:
        assert confirm(here, row).status_code == 200
    here.pump()
    assert {row["status"] for row in by_status(here, "confirmed")} == {"confirmed"}
    assert here.bookings()[0]["status"] == "confirmed"
    path = f"/api/v1/placements/{offered[0]['id']}/withdraw"
    here.world.do(f"school:{SCHOOL}", "POST", path, {"reason_code": "ill"})
    here.pump()
    # Who moves up joins the roster that somebody has left: the host is not asked twice.
    assert [(row["id"], row["people"]) for row in here.bookings()] == [(roster[0]["id"], 2)]
    moved_up = by_status(here, "offered")
    assert len(moved_up) == 1
    seat = here.world.context.database["seats"].find_one({"_id": session})
    assert seat is not None
    assert seat["taken"] == 2
