"""Hosts' answers over HTTP and what follows: seats, conditions, telephone, safety, expiry."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from chassis.errors import Refused
from chassis.facts import fresh_id
from services.placement.bookings import model, seating, store
from services.placement.runs import inputs
from tests.service.placement.story import DAY, STAFF, Story, one_of_each, story, visitor
from tests.service.placement.world import (
    CAMPAIGN,
    HOST,
    OTHER_CENTRE,
    OTHER_HOST,
    OTHER_SCHOOL,
    SCHOOL,
    an_id,
)


@pytest.fixture
def here(app: Flask) -> Story:
    found = story(
        app,
        one_of_each(),
        {SCHOOL: [visitor("a", smallest=15)], OTHER_SCHOOL: [visitor("b")]},
    )
    found.to_hosts(found.solved())
    return found


def booking_of(here: Story, name: str) -> dict[str, object]:
    return next(row for row in here.bookings() if row["group"] == an_id(name))


def test_only_the_host_that_was_asked_answers_and_others_see_nothing(here: Story) -> None:
    found = booking_of(here, "a")
    path = f"/api/v1/bookings/{found['id']}"
    stranger = OTHER_HOST if found["host"] == HOST else HOST
    for who in (f"host:{stranger}", f"school:{SCHOOL}", f"centre:{OTHER_CENTRE}"):
        assert here.world.ask(who, "GET", path).status_code == 404
    assert here.world.ask(f"host:{stranger}", "POST", f"{path}/accept", {}).status_code == 404
    assert here.world.ask("", "POST", f"{path}/accept", {}).status_code == 401
    assert here.world.ask(f"school:{SCHOOL}", "POST", f"{path}/accept", {}).status_code == 403


def test_the_centre_records_an_answer_with_whom_it_spoke_to(here: Story) -> None:
    path = f"/api/v1/bookings/{booking_of(here, 'a')['id']}"
    bare = here.world.ask(STAFF, "POST", f"{path}/accept", {})
    assert [e["pointer"] for e in bare.get_json()["errors"]] == ["/by_telephone"]
    body = {"by_telephone": {"spoken_with": "김 주무관", "at": here.later(-60)}}
    here.world.do(STAFF, "POST", f"{path}/accept", body)
    here.pump()
    shown = here.world.do(STAFF, "GET", path)
    assert (shown["status"], shown["accepted_by"], shown["spoken_with"]) == (
        "accepted",
        "telephone",
        "김 주무관",
    )
    kept = here.world.context.database["bookings"].find_one({"_id": shown["id"]})
    assert kept is not None
    assert "김 주무관".encode() not in kept["state"]["spoken"]["sealed"]
    assert here.told.last("booking.accepted").data["by"] == "telephone"
    assert "accepted" in [line["what"] for line in shown["history"]]


def test_a_stale_if_match_and_a_repeated_key_change_nothing(here: Story) -> None:
    found = booking_of(here, "a")
    who, path = f"host:{found['host']}", f"/placement/api/v1/bookings/{found['id']}/accept"
    headers = {"Authorization": f"Bearer {who}", "Idempotency-Key": "the-same-key"}
    stale = here.world.client.post(path, json={}, headers={**headers, "If-Match": '"99"'})
    assert (stale.status_code, stale.get_json()["code"]) == (412, "stale")
    one = here.world.client.post(path, json={}, headers={**headers, "If-Match": '"1"'})
    two = here.world.client.post(path, json={}, headers={**headers, "If-Match": '"1"'})
    assert (one.status_code, one.get_json()) == (200, two.get_json())


def test_a_smaller_group_is_agreed_by_the_school_and_its_seats_come_free(here: Story) -> None:
    found = booking_of(here, "a")
    path = f"/api/v1/bookings/{found['id']}"
    host = f"host:{found['host']}"
    wrong = here.world.ask(host, "POST", f"{path}/condition", {"people": 10})
    assert "15" in wrong.get_json()["errors"][0]["detail"]
    day = f"{DAY}T16:00:00+09:00"
    wanted = {"people": 16, "start": day, "end": f"{DAY}T17:00:00+09:00"}
    here.world.do(host, "POST", f"{path}/condition", wanted)
    assert here.world.ask(host, "POST", f"{path}/agree", {}).status_code == 403
    here.world.do(f"school:{SCHOOL}", "POST", f"{path}/agree", {})
    here.pump()
    placement = here.placement_of("a")
    assert (placement["people"], placement["parts"][0]["stops"][0]["accepted"]) == (16, True)
    seats = store.seats(here.world.context.act(), [str(found["session"])])
    assert seats[str(found["session"])]["taken"] == 16
    hours = store.busy(here.world.context.act(), [str(found["team"])])
    assert hours[str(found["team"])][0]["start"].hour == 7


def test_a_condition_that_nobody_decides_about_ends_in_time_and_the_group_is_repaired(
    here: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "CONDITION_TIME", timedelta(milliseconds=500))
    found = booking_of(here, "a")
    path = f"/api/v1/bookings/{found['id']}"
    here.world.do(f"host:{found['host']}", "POST", f"{path}/condition", {"people": 15})
    while booking_of(here, "a")["status"] == "conditioned":
        here.tick()
    ended = booking_of(here, "a")
    assert (ended["status"], ended["reason_code"]) == ("cancelled", "condition_unanswered")
    assert here.told.last("booking.cancelled").data["by"] == "system"
    assert [row["cause"] for row in here.repairs()] == ["cancelled"]
    late = here.world.ask(STAFF, "POST", f"{path}/agree", {})
    assert late.get_json()["code"] == "no_condition_to_agree"


def test_an_unanswered_request_expires_and_late_answers_are_refused(app: Flask) -> None:
    here = story(app, one_of_each(), {SCHOOL: [visitor("a")]})
    here.to_hosts(here.solved(), seconds=3)
    found = booking_of(here, "a")
    while booking_of(here, "a")["status"] == "asked":
        here.tick()
    assert booking_of(here, "a")["status"] == "expired"
    accept = f"/api/v1/bookings/{found['id']}/accept"
    late = here.world.ask(f"host:{found['host']}", "POST", accept, {})
    assert (late.status_code, late.get_json()["code"]) == (409, "booking_answered_already")
    assert [row["cause"] for row in here.repairs()] == ["expired"]


def test_terms_accepted_beforehand_ask_nobody_and_hazards_wait_for_their_check(app: Flask) -> None:
    changes = {"terms": {"people": 30, "grades": []}, "hazards": ["incineration_plant"]}
    here = story(app, one_of_each(**changes), {SCHOOL: [visitor("a")]})
    run = here.solved()
    here.to_hosts(run)
    found = booking_of(here, "a")
    assert (found["status"], found["accepted_by"]) == ("accepted", "terms")
    here.to_schools(run)
    placement = here.placement_of("a")["id"]
    here.world.do(f"school:{SCHOOL}", "POST", f"/api/v1/placements/{placement}/confirm", {})
    here.pump()
    assert here.placement_of("a")["status"] == "offered"
    assert booking_of(here, "a")["status"] == "accepted"
    body = {"check_code": "site_visit", "date": "2026-11-01", "note": "확인함"}
    here.world.do(STAFF, "POST", f"/api/v1/bookings/{found['id']}/safety", body)
    here.pump()
    assert here.placement_of("a")["status"] == "confirmed"
    assert booking_of(here, "a")["status"] == "confirmed"


def test_two_that_race_for_the_last_seats_cannot_both_win(here: Story) -> None:
    act = here.world.context.act()
    seat = next(iter(inputs.seats(act, CAMPAIGN).values()))
    seat = seat.model_copy(update={"session": "the last seats", "maximum": 30, "team": None})
    seating.hold_many(act, [(seat, "first", 10)])

    def hold(id: str) -> str:
        booking = seating.request(
            seat,
            campaign=CAMPAIGN,
            run="run",
            placement=an_id(f"placement {id}"),
            school=SCHOOL,
            group=an_id(id),
            people=20,
            smallest=20,
            grade=None,
            reply_by=act.now,
        )
        asking = replace(here.world.context.act(), correlation=fresh_id())
        booking = booking.model_copy(
            update={"session": an_id("session"), "run": an_id("run"), "status": "asked"}
        )
        try:
            asking.together(lambda inner: seating.ask(inner, an_id(id), seat, booking))
        except Refused as why:
            return why.code
        return "held"

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(hold, ["one", "two", "three", "four"]))
    assert said == ["held", "session_full", "session_full", "session_full"]
    kept = store.seats(act, ["the last seats"])["the last seats"]
    assert (kept["taken"], sum(kept["holds"].values())) == (30, 30)
    rows = here.world.context.database["bookings"]
    asked = [an_id(id) for id in ("one", "two", "three", "four")]
    assert rows.count_documents({"_id": {"$in": asked}}) == 1


def test_one_team_is_never_in_two_places_at_once(here: Story) -> None:
    act = here.world.context.act()
    seat = next(iter(inputs.seats(act, CAMPAIGN).values()))
    seats = [
        seat.model_copy(update={"session": f"session {n}", "team": "one team"}) for n in range(4)
    ]
    store.prepare_seats(act, seats)

    def hold(number: int) -> str:
        try:
            store.hold(here.world.context.act(), seats[number], f"booking {number}", 5)
        except Refused as why:
            return why.code
        return "held"

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(hold, range(4)))
    assert said == ["held", "team_taken", "team_taken", "team_taken"]
    winner = next(
        s for s, row in store.seats(act, [x.session for x in seats]).items() if row["taken"]
    )
    number = int(winner.rpartition(" ")[2])
    assert store.let_go(act, winner, "one team", f"booking {number}")
    assert hold((number + 1) % 4) == "held"
