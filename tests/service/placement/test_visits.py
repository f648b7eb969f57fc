"""A school's pages after the release: confirm, change, wait with open eyes, withdraw, attend."""

import re
from datetime import timedelta
from html import unescape
from itertools import count
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chassis.clock import now
from tests.service.placement.story import STAFF, Story, one_of_each, slot, story, visitor
from tests.service.placement.world import CAMPAIGN, OTHER_SCHOOL, SCHOOL, an_id

OTHER_DAY = "2027-05-19"
NOT_THEN: dict[str, Any] = {"blackout": [OTHER_DAY]}
_KEYS = count()


@pytest.fixture
def here(app: Flask) -> Story:
    """Two groups wish for one seat on one day; another day nobody wished for is free."""
    drones = one_of_each(slots=[slot("10-12"), slot("10-12", OTHER_DAY)])[0]
    found = story(
        app,
        [drones],
        {SCHOOL: [visitor("a", **NOT_THEN)], OTHER_SCHOOL: [visitor("b", **NOT_THEN)]},
    )
    run = found.solved()
    found.to_hosts(run)
    found.accept_all()
    found.to_schools(run)
    return found


def placed(here: Story) -> dict[str, Any]:
    return next(row for row in here.placements() if row["status"] == "offered")


def waiting(here: Story) -> dict[str, Any]:
    return next(row for row in here.placements() if row["status"] == "waitlisted")


def of(here: Story, id: str) -> dict[str, Any]:
    return next(row for row in here.placements() if row["id"] == id)


def get(here: Story, row: dict[str, Any], path: str = "", who: str = "") -> TestResponse:
    headers = {"Accept": "text/html", "Accept-Language": "ko"}
    headers["Authorization"] = f"Bearer {who or 'school:' + row['school']}"
    return here.world.client.get(f"/placement/placements/{row['id']}{path}", headers=headers)


def post(here: Story, row: dict[str, Any], act: str, **fields: str) -> TestResponse:
    headers = {"Accept": "text/html", "Accept-Language": "ko"}
    headers["Authorization"] = f"Bearer school:{row['school']}"
    form = {"idempotency_key": f"visits-key-{next(_KEYS)}", **fields}
    path = f"/placement/placements/{row['id']}/{act}"
    answer = here.world.client.post(path, data=form, headers=headers)
    here.pump()
    return answer


def words(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    plain = unescape(re.sub("<[^>]+>", " ", answer.text.replace("\u2060", "")))
    return " ".join(plain.replace("\xa0", " ").split())


def sessions_of(answer: TestResponse) -> str:
    found = re.search(r'name="sessions" value="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return found.group(1)


def test_a_school_confirms_with_its_own_approval_on_record(here: Story) -> None:
    row = placed(here)
    assert "까지 확정해 주세요" in words(get(here, row))
    wrong = post(here, row, "confirm", approved_on="어제", document_number="진로부-1127")
    assert wrong.status_code == 422
    assert 'value="진로부-1127"' in wrong.text
    day = (now() - timedelta(days=1)).date().isoformat()
    post(here, row, "confirm", approved_on=day, document_number="진로부-1127")
    assert of(here, row["id"])["status"] == "confirmed"
    assert "진로부-1127" in words(get(here, row))


def test_another_school_and_a_host_do_not_find_the_page(here: Story) -> None:
    row = placed(here)
    other = OTHER_SCHOOL if row["school"] == SCHOOL else SCHOOL
    assert get(here, row, who=f"school:{other}").status_code == 404
    host = row["parts"][0]["stops"][0]["host"]
    assert get(here, row, who=f"host:{host}").status_code == 403


def test_who_waits_reads_the_reason_and_the_place_in_the_line(here: Story) -> None:
    said = words(get(here, waiting(here)))
    assert "대기 1번입니다" in said
    assert "1순위" in said


def test_what_if_finds_a_free_seat_keeps_it_and_the_place_in_the_line(here: Story) -> None:
    row = waiting(here)
    before = here.world.context.database["placements"].find_one({"_id": row["id"]})
    shown = get(here, row, f"?also={OTHER_DAY}")
    assert "5월 19일(수) 오전 10시에 갈 수 있습니다" in words(shown)
    assert here.world.context.database["placements"].find_one({"_id": row["id"]}) == before
    post(here, row, "hold", sessions=sessions_of(shown), also=OTHER_DAY)
    assert "자리를 잡아 두었습니다" in words(get(here, row))
    assert of(here, row["id"])["position"] == 1
    assert here.told.types(row["id"]).count("placement.offered") == 0
    taken = here.world.context.database["seats"].find_one({"holds": {"$ne": {}}, "taken": 20})
    assert taken is not None
    post(here, row, "take")
    after = of(here, row["id"])
    assert (after["status"], after["approved"]) == ("offered", True)
    asked = [one for one in here.bookings(status="asked") if one["placement"] == row["id"]]
    assert [one["start"][:10] for one in asked] == [OTHER_DAY]
    here.accept(asked[0]["id"])
    assert of(here, row["id"])["status"] == "confirmed"


def test_a_kept_seat_that_is_not_taken_is_free_again_and_the_group_waits_on(here: Story) -> None:
    row = waiting(here)
    sessions = sessions_of(get(here, row, f"?also={OTHER_DAY}"))
    post(here, row, "hold", sessions=sessions)
    here.world.context.database["placements"].update_one(
        {"_id": row["id"]},
        {
            "$set": {
                "state.hold.until": now() - timedelta(seconds=1),
                "due": [{"at": now() - timedelta(seconds=1), "name": "drop_hold"}],
            }
        },
    )
    refused = post(here, row, "take")
    assert refused.status_code == 409
    here.tick()
    seat = here.world.context.database["seats"].find_one({"_id": sessions})
    assert seat is not None
    assert (seat["taken"], seat["holds"]) == (0, {})
    assert (of(here, row["id"])["status"], of(here, row["id"])["position"]) == ("waitlisted", 1)
    post(here, row, "hold", sessions=sessions)
    post(here, row, "leave")
    assert words(get(here, row, f"?also={OTHER_DAY}")).count("이 자리 요청하기") == 1


def test_a_day_without_a_seat_says_so(here: Story) -> None:
    row = waiting(here)
    day = placed(here)["parts"][0]["stops"][0]["start"][:10]
    assert "갈 수 있는 자리가 없습니다" in words(get(here, row, f"?also={day}"))


def test_a_school_changes_its_day_and_who_waits_moves_up(here: Story) -> None:
    row, next_one = placed(here), waiting(here)
    post(here, row, "confirm")
    shown = get(here, row, f"?also={OTHER_DAY}")
    assert "학교 확정을 다시 하셔야 합니다" in words(shown)
    post(here, row, "exchange", sessions=sessions_of(shown))
    after = of(here, row["id"])
    assert (after["status"], after["approved"]) == ("offered", False)
    assert after["parts"][0]["stops"][0]["start"][:10] == OTHER_DAY
    assert of(here, next_one["id"])["status"] == "offered"
    assert here.repairs() == []


def test_fewer_people_are_told_to_the_host_and_more_are_not_taken(here: Story) -> None:
    row = placed(here)
    post(here, row, "confirm")
    for number in ("25", "20", "0", "이십"):
        assert post(here, row, "people", people=number).status_code == 422
    post(here, row, "people", people="18")
    assert of(here, row["id"])["people"] == 18
    booking = next(one for one in here.bookings() if one["placement"] == row["id"])
    assert booking["people"] == 18
    assert here.told.last("booking.changed").data["people"] == 18
    seat = here.world.context.database["seats"].find_one({"_id": booking["session"]})
    assert seat is not None
    assert seat["taken"] == 18


def test_withdrawing_says_first_what_happens_and_the_line_moves_up(here: Story) -> None:
    row, next_one = placed(here), waiting(here)
    assert "되돌릴 수 없습니다" in words(get(here, row, "/withdraw"))
    assert of(here, row["id"])["status"] == "offered"
    post(here, row, "withdraw", reason_code="school_event")
    assert of(here, row["id"])["status"] == "withdrawn"
    assert of(here, next_one["id"])["status"] == "offered"


def test_attendance_is_all_but_the_absent_and_not_before_the_visit(here: Story) -> None:
    row = placed(here)
    post(here, row, "confirm")
    assert post(here, row, "attendance", absent="0").status_code == 409
    _begun(here, row)
    assert post(here, row, "attendance", absent="21").status_code == 422
    post(here, row, "attendance", absent="2")
    after = of(here, row["id"])
    assert (after["status"], after["attended"]) == ("completed", 18)


def _begun(here: Story, row: dict[str, Any]) -> None:
    start = now() - timedelta(minutes=10)
    here.world.context.database["placements"].update_one(
        {"_id": row["id"]},
        {
            "$set": {
                "state.parts.0.stops.0.start": start,
                "state.parts.0.stops.0.end": start + timedelta(hours=2),
            }
        },
    )


def link_of(here: Story, row: dict[str, Any], whom: str) -> str:
    made = post(here, row, "link", **{"for": whom})
    found = re.search(r"http://localhost(/placement/v/[\w-]+)", made.text)
    assert found is not None, made.text
    return found.group(1)


def test_an_escort_sees_the_day_and_records_who_is_missing_on_that_day_only(
    here: Story, app: Flask
) -> None:
    row = placed(here)
    post(here, row, "confirm")
    address, device = link_of(here, row, "escort"), app.test_client()
    shown = device.get(address, headers={"Accept-Language": "ko"}, follow_redirects=True)
    assert shown.request.path == "/placement/day"
    assert "출석 저장" not in shown.text
    form = {"absent": "1", "idempotency_key": "the-escorts-key"}
    assert device.post("/placement/day/attendance", data=form).status_code == 409
    _begun(here, row)
    assert "출석 저장" in device.get("/placement/day").text
    device.post("/placement/day/attendance", data=form)
    assert of(here, row["id"])["attended"] == 19


def test_a_link_to_look_at_shows_and_does_nothing(here: Story, app: Flask) -> None:
    row = placed(here)
    post(here, row, "confirm")
    device = app.test_client()
    device.get(link_of(here, row, "reader"))
    _begun(here, row)
    assert device.get("/placement/day").status_code == 200
    form = {"absent": "1", "idempotency_key": "the-readers-key"}
    assert device.post("/placement/day/attendance", data=form).status_code == 409
    assert app.test_client().get("/placement/day").status_code == 404


def test_a_visit_goes_into_a_calendar(here: Story) -> None:
    found = get(here, placed(here), "/visit.ics")
    assert found.mimetype == "text/calendar"
    assert found.text.count("BEGIN:VEVENT") == 1


def test_anyone_reads_rules_commitment_hashes_and_results_without_names(here: Story) -> None:
    found = here.world.client.get(f"/placement/rules/{CAMPAIGN}", headers={"Accept-Language": "ko"})
    said = words(found)
    assert "신청 2개 40명 가운데 1개 20명이 배정되었습니다" in said
    lottery = here.world.do("", "GET", f"/api/v1/lotteries/{CAMPAIGN}")
    for name in ("commitment", "secret", "market_hash", "result_hash", "seed"):
        assert lottery[name] in found.text
    for id in (SCHOOL, OTHER_SCHOOL, an_id("a"), an_id("b")):
        assert id not in found.text


def test_before_the_release_anyone_reads_rules_and_commitment_and_no_result(app: Flask) -> None:
    made = story(app, one_of_each(), {SCHOOL: [visitor("a")]})
    made.world.context.database["lotteries"].delete_many({})
    path = f"/placement/rules/{CAMPAIGN}"
    bare = words(made.world.client.get(path, headers={"Accept-Language": "ko"}))
    assert "결과는 학교에 알린 뒤" in bare
    made.solved()
    said = words(made.world.client.get(path, headers={"Accept-Language": "ko"}))
    assert "결과는 학교에 알린 뒤" in said
    assert "약속 값" in said
    assert "열어 보인 값" not in said


def conditioned(here: Story) -> tuple[dict[str, Any], str]:
    """A visit whose school changed its day, and whose new host would take it in the afternoon."""
    row = placed(here)
    shown = get(here, row, f"?also={OTHER_DAY}")
    post(here, row, "exchange", sessions=sessions_of(shown))
    asked = next(one for one in here.bookings(status="asked") if one["placement"] == row["id"])
    wanted = slot("14-16", OTHER_DAY)
    path = f"/api/v1/bookings/{asked['id']}/condition"
    here.world.do(f"host:{asked['host']}", "POST", path, wanted)
    here.pump()
    return row, str(asked["id"])


def test_a_school_takes_a_hosts_condition_and_confirms_what_came_of_it(here: Story) -> None:
    row, booking = conditioned(here)
    asked = here.told.last("placement.conditioned").data
    assert (asked["school"], asked["booking"], asked["released"]) == (SCHOOL, booking, True)
    assert asked["decide_by"] is not None
    said = words(get(here, row))
    assert "조건을 달았습니다" in said
    assert "체험 시간이 오후 2시부터 오후 4시까지로 바뀝니다" in said
    assert "까지 답이 없으면" in said
    assert "이 자리로 확정" not in said
    assert post(here, row, "condition", booking=booking, do="maybe").status_code == 422
    assert post(here, row, "condition", booking=an_id("foreign"), do="take").status_code == 404
    post(here, row, "condition", booking=booking, do="take")
    after = of(here, row["id"])
    assert (after["status"], after["parts"][0]["stops"][0]["start"][11:13]) == ("offered", "05")
    assert here.told.last("placement.moved").data["asks"] is True
    assert "이 자리로 확정" in words(get(here, row))


def test_a_condition_that_the_school_does_not_take_is_repaired(here: Story) -> None:
    row, booking = conditioned(here)
    post(here, row, "condition", booking=booking, do="leave")
    assert [one["cause"] for one in here.repairs()] == ["declined"]
    assert here.told.last("placement.moved").data["asks"] is False
    said = words(get(here, row))
    assert "조건을 달았습니다" not in said
    assert "다른 회차를 찾고 있습니다" in said


def test_the_centre_answers_a_condition_for_the_school_and_reads_what_it_means(here: Story) -> None:
    _, booking = conditioned(here)
    path = f"/placement/requests/{booking}"
    headers = {"Accept": "text/html", "Accept-Language": "ko", "Authorization": f"Bearer {STAFF}"}
    assert "받지 않으면" in words(here.world.client.get(path, headers=headers))
    form = {"idempotency_key": "the-centres-key", "do": "refuse"}
    assert here.world.client.post(path, data=form, headers=headers).status_code == 303
    here.pump()
    (found,) = [one for one in here.bookings(status="declined") if one["id"] == booking]
    assert found["reason_code"] == "condition_refused"
