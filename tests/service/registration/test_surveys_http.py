"""The demand survey over HTTP on the real database, as schools and centres use it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.act import Command
from chassis.clock import now
from chassis.errors import TooLate
from chassis.scope import Party
from services.registration.surveys import operations
from tests.service.registration.conftest import Registration
from tests.service.registration.survey_world import SESSIONS, World, one_registration, world
from tests.support.stack import Servers


@pytest.fixture(scope="module")
def registration(servers: Servers) -> Iterator[Registration]:
    """One service for all tests of this module."""
    with one_registration(servers) as found:
        yield found


@pytest.fixture
def city(registration: Registration) -> World:
    """One centre and its campaign."""
    return world(registration)


def sent(city: World, survey: str) -> list[str]:
    return city.registration.outbox("surveys", survey)


def test_a_draft_is_kept_unfinished_and_tells_nobody(city: World) -> None:
    school = city.school()
    made = city.draft(school, {"people": 12})
    assert made["state"] == "draft"
    assert sent(city, made["id"]) == []
    found = school.done("GET", f"/api/v1/campaigns/{city.campaign}/survey")
    assert found["draft"]["groups"][0]["people"] == 12
    assert found["draft"]["groups"][0]["id"] == made["extra"]["groups"][0]


def test_a_draft_left_and_continued_is_submitted_with_its_needs_apart(city: World) -> None:
    school = city.school()
    city.draft(school, {"people": 12})
    survey = city.submitted(school, city.group(needs=["step_free"], order=[[SESSIONS[0]]]))
    assert sent(city, survey) == ["survey.submitted", "needs.declared"]
    found = school.done("GET", f"/api/v1/surveys/{survey}")
    assert (found["status"], found["dirty"], found["late"]) == ("submitted", False, False)


def test_an_impatient_second_click_has_no_second_effect(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    path = f"/api/v1/surveys/{survey}/submit"
    first = school.done("POST", path, {}, key="the-same-click")
    again = school.done("POST", path, {}, key="the-same-click")
    other = school.done("POST", path, {}, key="another-click")
    assert first == again == other
    assert sent(city, survey) == ["survey.submitted", "needs.declared"]


def test_two_clicks_at_the_same_moment_have_one_effect(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]

    def click(number: int) -> int:
        with city.registration.app.test_client() as client:
            headers = {
                "Authorization": f"Bearer {school.token}",
                "Idempotency-Key": f"click-at-once-{number}",
            }
            path = f"/api/v1/surveys/{survey}/submit"
            return client.post(path, json={}, headers=headers).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(click, range(4))) == [200] * 4
    assert sent(city, survey) == ["survey.submitted", "needs.declared"]


def test_the_same_key_with_another_body_is_refused(city: World) -> None:
    school = city.school()
    city.draft(school, key="one-key-two-bodies")
    path = f"/api/v1/campaigns/{city.campaign}/survey"
    problem = school.refused(422, "PUT", path, {"groups": []}, key="one-key-two-bodies")
    assert problem["code"] == "key_reused"


def test_a_stale_version_is_refused_and_nothing_is_overwritten(city: World) -> None:
    school = city.school()
    first = city.draft(school, city.group(people=20))
    city.draft(school, city.group(people=21), version=first["version"])
    path = f"/api/v1/campaigns/{city.campaign}/survey"
    body = {"groups": [city.group(people=22)]}
    assert school.refused(412, "PUT", path, body, version=first["version"])["code"] == "stale"
    found = school.done("GET", path)
    assert found["draft"]["groups"][0]["people"] == 21


@pytest.mark.parametrize("version", ["999999999999999999999999", "abc", "²"])
def test_a_version_that_cannot_be_read_is_refused_and_not_passed_over(
    city: World, version: str
) -> None:
    school = city.school()
    path = f"/api/v1/surveys/{city.draft(school)['id']}/submit"
    headers = {
        "Authorization": f"Bearer {school.token}",
        "Idempotency-Key": "unreadable-version",
        "If-Match": f'"{version}"',
    }
    answer = school.client.post(path, json={}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "if_match_missing")


def test_a_refused_survey_names_every_field_with_a_sentence(city: World) -> None:
    school = city.school()
    bad = city.group(smallest=26, fields=["castles"], dates=[{"date": "2020-01-01"}])
    survey = city.draft(school, bad, city.group(people=None))["id"]
    problem = school.refused(422, "POST", f"/api/v1/surveys/{survey}/submit", {})
    said = {error["pointer"]: error["detail"] for error in problem["errors"]}
    assert (
        said["/groups/0/smallest"]
        == "최소 인원은 인원(25명)보다 클 수 없습니다. 25 이하로 적어 주세요."
    )
    assert set(said) == {
        "/groups/0/smallest",
        "/groups/0/fields/0",
        "/groups/0/dates/0/date",
        "/groups/1/people",
    }
    check = school.done("GET", f"/api/v1/surveys/{survey}/check")
    assert [error["pointer"] for error in check["errors"]] == list(said)
    assert not check["ready"]


def test_a_survey_corrected_before_the_deadline_is_told_as_amended(city: World) -> None:
    school = city.school()
    survey = city.submitted(school)
    body = {"groups": [city.group(people=24)]}
    assert school.done("PUT", f"/api/v1/surveys/{survey}", body)["state"] == "amended"
    assert sent(city, survey)[2:] == ["survey.amended", "needs.declared"]
    history = school.done("GET", f"/api/v1/surveys/{survey}/history")["items"]
    people = [
        (change["before"], change["after"])
        for entry in history
        for change in entry["changes"]
        if change["pointer"].endswith("/people")
    ]
    assert people == [(None, 25), (25, 24)]
    assert [entry["deed"] for entry in history] == ["drafted", "submitted", "drafted", "amended"]


def test_a_withdrawn_survey_takes_its_needs_with_it(city: World) -> None:
    school = city.school()
    survey = city.submitted(school)
    path = f"/api/v1/surveys/{survey}/withdraw"
    assert school.done("POST", path, {})["state"] == "withdrawn"
    assert school.done("POST", path, {})["state"] == "withdrawn"
    assert sent(city, survey)[2:] == ["survey.withdrawn", "needs.declared"]


def test_a_late_survey_is_refused_with_deadline_and_number_and_then_admitted(
    city: World,
) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    city.close()
    problem = school.refused(409, "POST", f"/api/v1/surveys/{survey}/submit", {})
    assert problem["code"] == "survey_late"
    assert "에 마감되었습니다" in problem["title"]
    assert "031-900-0000" in problem["title"]
    assert problem["facts"]["phone"] == "031-900-0000"
    kept = city.draft(school, city.group(people=23))
    assert kept["state"] == "draft"

    waiting = city.centre.done("GET", f"/api/v1/surveys?campaign={city.campaign}&status=draft")
    assert [row["id"] for row in waiting["items"]] == [survey]
    reason = {"reason_code": "approval_delay", "reason": "교장 선생님 출장으로 결재가 늦었습니다"}
    admitted = city.centre.done("POST", f"/api/v1/surveys/{survey}/admit", reason)
    assert admitted["state"] == "submitted"
    assert sent(city, survey) == ["survey.admitted", "needs.declared"]
    stored = city.registration.context.database["surveys"].find_one({"_id": survey})
    assert stored is not None
    assert "출장".encode() not in b"".join(
        entry["data"] for entry in stored["outbox"] if entry["type"] == "survey.admitted"
    )
    row = city.centre.done("GET", f"/api/v1/surveys?campaign={city.campaign}&late=true")["items"]
    assert [(one["people"], one["late"]) for one in row] == [(23, True)]


def test_a_submit_that_set_out_in_time_and_arrives_late_is_stopped_by_the_write_itself(
    city: World,
) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    city.close()
    act = replace(
        city.registration.act(),
        scope=Party(school.organisation),
        actor=school.account,
        now=now() - timedelta(seconds=5),
        command=Command("racing-the-deadline", "hash", "POST /submit"),
    )
    with pytest.raises(TooLate) as late:
        operations.submit(act, survey)
    assert late.value.code == "survey_late"
    assert school.done("GET", f"/api/v1/surveys/{survey}")["status"] == "draft"
    assert sent(city, survey) == []


def test_nobody_admits_before_the_deadline_or_from_another_centre(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    reason = {"reason_code": "telephoned", "reason": "전화로 부탁했습니다"}
    path = f"/api/v1/surveys/{survey}/admit"
    assert city.centre.refused(409, "POST", path, reason)["code"] == "survey_not_late"
    other = city.registration.user("another-centre")
    other.refused(404, "POST", path, reason)
    school.refused(403, "POST", path, reason)


def test_a_foreign_school_finds_nothing(city: World) -> None:
    survey = city.submitted(city.school())
    stranger = city.school()
    asks: list[tuple[str, str, Any]] = [
        ("GET", f"/api/v1/surveys/{survey}", None),
        ("GET", f"/api/v1/surveys/{survey}/history", None),
        ("GET", f"/api/v1/surveys/{survey}/timeline", None),
        ("GET", f"/api/v1/surveys/{survey}/check", None),
        ("POST", f"/api/v1/surveys/{survey}/submit", {}),
        ("POST", f"/api/v1/surveys/{survey}/withdraw", {}),
        ("PUT", f"/api/v1/surveys/{survey}", {"groups": []}),
    ]
    for method, path, body in asks:
        assert stranger.refused(404, method, path, body)["code"] == "not_found"
    assert stranger.done("GET", "/api/v1/surveys")["items"] == []


def test_a_school_that_the_centre_does_not_serve_is_told_whom_to_ask(city: World) -> None:
    school = city.school(related=False)
    path = f"/api/v1/campaigns/{city.campaign}/survey"
    problem = school.refused(409, "PUT", path, {"groups": []})
    assert problem["code"] == "school_not_served"
    assert "031-900-0000" in problem["title"]


def test_the_centre_writes_down_what_a_school_said_on_the_telephone(city: World) -> None:
    school = city.school()
    call = {"spoken_with": "정다운", "at": now().isoformat()}
    body = {"school": school.organisation, "groups": [city.group()], "by_telephone": call}
    made = city.centre.done("POST", f"/api/v1/campaigns/{city.campaign}/surveys", body)
    assert made["state"] == "submitted"
    found = school.done("GET", f"/api/v1/surveys/{made['id']}")
    assert found["calls"][0]["spoken_with"] == "정다운"
    assert found["calls"][0]["by"] == city.centre.account
    changed = {"groups": [city.group(people=20)], "by_telephone": call}
    path = f"/api/v1/surveys/{made['id']}/record"
    assert city.centre.done("POST", path, changed)["state"] == "amended"

    city.close()
    changed = {"groups": [city.group(people=19)], "by_telephone": call}
    assert city.centre.refused(409, "POST", path, changed)["code"] == "survey_record_late"
    changed["late"] = {"reason_code": "telephoned", "reason": "마감 직후 전화"}
    assert city.centre.done("POST", path, changed)["state"] == "submitted"
    assert sent(city, made["id"])[::2] == ["survey.submitted", "survey.amended", "survey.admitted"]


def test_the_groups_of_the_last_survey_can_be_taken_as_a_beginning(city: World) -> None:
    school = city.school()
    path = f"/api/v1/campaigns/{city.campaign}/survey/previous"
    school.refused(404, "GET", path)
    city.submitted(school, city.group(people=27, order=[[SESSIONS[0]]]))
    school.refused(404, "GET", path)
    later = "0192f0c1-0000-7000-8000-00000000beef"
    found = school.done("GET", f"/api/v1/campaigns/{later}/survey/previous")["groups"]
    kept = {name: found[0][name] for name in ("id", "people", "class_name", "dates", "order")}
    assert kept == {
        "id": "",
        "people": 27,
        "class_name": "2학년 4반",
        "dates": [],
        "order": [],
    }


def test_manifest_lines_count_what_was_told_and_no_drafts(city: World) -> None:
    told, gone, quiet = city.school(), city.school(), city.school()
    survey = city.submitted(told)
    left = city.submitted(gone)
    gone.done("POST", f"/api/v1/surveys/{left}/withdraw", {})
    city.draft(quiet)
    lines = set(operations.manifest_lines(city.registration.act(), city.campaign))
    needs = {id: version for kind, id, version in lines if kind == "needs"}
    assert {(id, n) for kind, id, n in lines if kind == "surveys"} == {(survey, 1), (left, 2)}
    documents = city.registration.context.database["surveys"].find({"_id": {"$in": [survey, left]}})
    assert needs == {one["_id"]: one["version"] for one in documents}
    answered = operations.answered(city.registration.act(), city.campaign)
    assert sorted(answered.values()) == ["draft", "submitted", "withdrawn"]


def test_of_many_that_race_the_deadline_each_is_wholly_in_or_wholly_out(city: World) -> None:
    schools = [city.school() for _ in range(6)]
    surveys = [city.draft(school)["id"] for school in schools]
    city.set_deadline(now() + timedelta(milliseconds=250))

    def press(place: int) -> tuple[int, bool]:
        """Submit another head-count again and again until the deadline stops it."""
        people, last = 10, 0
        with city.registration.app.test_client() as client:
            while True:
                people = people % 30 + 1
                answer = client.put(
                    f"/api/v1/campaigns/{city.campaign}/survey",
                    json={"groups": [city.group(people=people)]},
                    headers={
                        "Authorization": f"Bearer {schools[place].token}",
                        "Idempotency-Key": f"draft-{place}-{people}-{last}-racing",
                    },
                )
                assert answer.status_code == 200
                answer = client.post(
                    f"/api/v1/surveys/{surveys[place]}/submit",
                    json={},
                    headers={
                        "Authorization": f"Bearer {schools[place].token}",
                        "Idempotency-Key": f"submit-{place}-{people}-{last}-racing",
                    },
                )
                if answer.status_code != 200:
                    return last, answer.get_json()["code"] == "survey_late"
                last = people

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(press, range(6)))
    for place, (last, late) in enumerate(outcomes):
        assert late
        found = schools[place].done("GET", f"/api/v1/surveys/{surveys[place]}")
        counted = found["submitted"]["groups"][0]["people"] if found["submitted"] else 0
        assert counted == last
