"""The survey's pages over HTTP: what is refused keeps what was typed, and nothing happens twice."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from chassis.scope import Party
from services.registration.imports.reading import table
from services.registration.invitations import operations as invitations
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.survey_world import SESSIONS, World, one_registration, world
from tests.support.stack import Servers

Fields = dict[str, str | list[str]]


@pytest.fixture(scope="module")
def registration(servers: Servers) -> Iterator[Registration]:
    """One service for all tests of this module."""
    with one_registration(servers) as found:
        yield found


@pytest.fixture
def city(registration: Registration) -> World:
    """One centre and its campaign."""
    return world(registration)


def read(school: Caller, path: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {school.token}", "Accept": "text/html"}
    return school.client.get(path, headers=headers)


def send(
    school: Caller, path: str, said: object = None, key: str = "a-key-of-page"
) -> TestResponse:
    """A form as a page of ours sends it."""
    headers = {"Authorization": f"Bearer {school.token}", "Accept": "text/html"}
    headers["Idempotency-Key"] = key
    return school.client.post(path, data=said or {}, headers=headers)


def form(city: World, **changed: str | list[str]) -> Fields:
    """The fields of a survey that may be submitted."""
    return {
        "do": "save",
        "groups": "1",
        "g0-who": "middle:2",
        "g0-class_name": "4반",
        "g0-people": "25",
        "fields": ["broadcasting"],
        "rank1": "broadcasting",
        "weekdays": ["1", "2", "3", "4", "5"],
        **changed,
    }


def address(city: World) -> str:
    return f"/surveys/{city.campaign}"


def draft(city: World, school: Caller) -> dict[str, object]:
    found: dict[str, object] = school.done("GET", f"/api/v1/campaigns/{city.campaign}/survey")
    return found


def test_a_late_submit_is_refused_with_whom_to_call_and_the_draft_is_kept(city: World) -> None:
    school = city.school()
    assert send(school, address(city), form(city)).status_code == 303
    city.close()
    refused = send(school, f"{address(city)}/submit")
    assert refused.status_code == 409
    assert "마감되었습니다" in refused.text
    assert 'href="tel:' in refused.text
    found = draft(city, school)
    assert found["status"] == "draft"
    assert found["draft"]["groups"][0]["people"] == 25  # type: ignore[index]


def test_submitting_twice_with_one_form_leads_to_the_same_page(city: World) -> None:
    school = city.school()
    send(school, address(city), form(city))
    first = send(school, f"{address(city)}/submit")
    again = send(school, f"{address(city)}/submit")
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["Location"] == again.headers["Location"]
    assert draft(city, school)["sequence"] == 1


def test_what_cannot_be_read_comes_back_as_it_was_typed_and_nothing_is_saved(city: World) -> None:
    school = city.school()
    send(school, address(city), form(city))
    refused = send(school, address(city), form(city, **{"g0-people": "스물다섯", "version": "2"}))
    assert refused.status_code == 422
    assert 'value="스물다섯"' in refused.text
    assert 'href="#f-g0-people"' in refused.text
    assert draft(city, school)["draft"]["groups"][0]["people"] == 25  # type: ignore[index]


def test_an_older_window_is_told_what_differs_and_overwrites_nothing(city: World) -> None:
    school = city.school()
    send(school, address(city), form(city))
    version = str(draft(city, school)["version"])
    newer = form(city, **{"g0-people": "30", "version": version})
    assert send(school, address(city), newer).status_code == 303
    older = form(city, **{"g0-people": "20", "version": version})
    told = send(school, address(city), older)
    assert told.status_code == 409
    assert "30명" in told.text
    assert "20명" in told.text
    assert draft(city, school)["draft"]["groups"][0]["people"] == 30  # type: ignore[index]
    unknown = send(school, address(city), form(city, **{"g0-people": "21"}))
    assert unknown.status_code == 409, "a window from before the first save overwrites nothing"


def test_saving_the_same_again_changes_no_version(city: World) -> None:
    school = city.school()
    send(school, address(city), form(city))
    before = draft(city, school)["version"]
    send(school, address(city), form(city, version="1"))
    assert draft(city, school)["version"] == before


def test_what_is_missing_is_said_with_links_when_the_summary_is_asked_for(city: World) -> None:
    school = city.school()
    asked = send(school, address(city), form(city, fields=[], rank1="", do="next"))
    assert asked.status_code == 303
    page = read(school, asked.headers["Location"])
    assert 'href="#f-fields"' in page.text
    assert read(school, f"{address(city)}?check=0").text.count("aria-invalid") == 0


def test_an_own_order_is_kept_and_given_up_again(city: World) -> None:
    school = city.school()
    send(school, address(city), form(city))
    group = draft(city, school)["draft"]["groups"][0]["id"]  # type: ignore[index]
    said: Fields = {"groups": group, "entry": SESSIONS[:3], "do": "up:2"}
    assert send(school, f"{address(city)}/order", said).status_code == 303
    found = draft(city, school)["draft"]["groups"][0]  # type: ignore[index]
    assert found["order"] == [[SESSIONS[0]], [SESSIONS[2]], [SESSIONS[1]]]
    send(school, f"{address(city)}/order", {**said, "do": "reset"})
    assert draft(city, school)["draft"]["groups"][0]["order"] == []  # type: ignore[index]


def test_last_years_groups_come_along_without_their_days(city: World) -> None:
    school = city.school()
    city.submitted(school, city.group(class_name="작년 반"))
    body = city.centre.done("GET", f"/api/v1/campaigns/{city.campaign}")
    wanted = ("programme", "name", "kind", "window", "fields", "opens_at", "deadline")
    plan = {name: body[name] for name in (*wanted, "hosts_reply_by", "schools_confirm_by")}
    city.campaign = city.centre.done("POST", "/api/v1/campaigns", plan)["id"]
    city.centre.done("POST", f"/api/v1/campaigns/{city.campaign}/announce", {})
    blank: Fields = {"groups": "1", "do": "previous", "weekdays": ["1", "2"]}
    assert send(school, address(city), blank).status_code == 303
    found = draft(city, school)["draft"]["groups"]  # type: ignore[index]
    assert [(one["class_name"], one["dates"]) for one in found] == [("작년 반", [])]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 409),
        (b"PK\x03\x04 no workbook", 409),
        (b"\xd0\xcf\x11\xe0 no workbook either", 409),
        (b"a,b\n1,2\n", 409),
        (b"x" * (1024 * 1024 + 1), 409),
        (b"x" * (3 * 1024 * 1024), 413),
    ],
    ids=["empty", "broken", "old and broken", "other columns", "large", "huge"],
)
def test_a_file_that_cannot_be_used_gets_a_sentence(
    city: World, content: bytes, status: int
) -> None:
    school = city.school()
    file = {"file": (io.BytesIO(content), "groups.xlsx")}
    answer = send(school, f"{address(city)}/upload", file)
    assert answer.status_code == status
    assert "<h1>" in answer.text


def test_the_sheet_comes_back_with_its_faults_marked(city: World) -> None:
    school = city.school()
    content = "학년,인원,1순위 분야\n2,스물,방송\n".encode()
    answer = send(school, f"{address(city)}/upload", {"file": (io.BytesIO(content), "a.csv")})
    assert answer.status_code == 422
    carried = base64.b64encode(content).decode()
    assert carried in answer.text
    marked = send(school, f"{address(city)}/upload/marked", {"content": carried})
    words = [str(cell) for row in table(marked.data) for cell in row]
    assert any("스물" in one and "숫자" in one for one in words)
    broken = send(school, f"{address(city)}/upload/marked", {"content": "%%%"})
    assert broken.status_code == 400


def test_a_teacher_invites_a_colleague_into_the_own_school_alone(city: World) -> None:
    school = city.school()
    said = {"duty": "approver", "email": "approver@school.example"}
    assert send(school, "/school/colleagues", said).status_code == 303
    duties = [
        one["duty"]
        for one in school.done("GET", f"/api/v1/organisations/{school.organisation}/posts")["items"]
    ]
    assert "approver" in duties
    refused = send(school, "/school/colleagues", {"email": "nowhere"}, key="another-key")
    assert refused.status_code == 422
    assert 'value="nowhere"' in refused.text
    stranger = replace(city.registration.act(seed="stranger"), scope=Party(school.organisation))
    receipt = invitations.add_colleague(stranger, "approver", "b@school.example", "ko")
    assert receipt.extra["post"]


def test_an_ended_token_sends_a_form_on_and_keeps_it_where_the_session_is_gone(
    city: World,
) -> None:
    client = city.registration.app.test_client()
    origin = {"Origin": "http://localhost", "Accept": "text/html"}
    sent = client.post(address(city), data=form(city), headers=origin)
    assert sent.status_code == 307
    assert sent.headers["Location"].startswith("/session/onward?next=")
    asked = client.post(sent.headers["Location"], data=form(city), headers=origin)
    assert asked.status_code == 401
    assert 'name="g0-people" value="25"' in asked.text
    quietly = client.post(
        sent.headers["Location"], data=form(city), headers={**origin, "HX-Request": "true"}
    )
    assert (quietly.status_code, quietly.data) == (401, b"")


def test_a_centre_takes_an_answer_back_for_a_school_that_telephoned(city: World) -> None:
    school, other = city.school(), city.school(related=False)
    survey = city.submitted(school)
    path = f"/campaigns/{city.campaign}/schools/{school.organisation}/withdraw"
    shown = read(city.centre, path)
    assert "다시 제출할 수 있습니다" in shown.text.replace("\xa0", " ")
    foreign = path.replace(school.organisation, other.organisation)
    assert read(city.centre, foreign).status_code == 404
    assert send(city.centre, path, {"spoken_with": " "}, "nobody-named").status_code == 422
    assert send(city.centre, path, {"spoken_with": "김 교감"}, "spoken-with").status_code == 303
    found = school.done("GET", f"/api/v1/surveys/{survey}")
    assert found["status"] == "withdrawn"
    assert "거둘 수요조사가 없습니다" in read(city.centre, path).text


def test_a_window_whose_answer_was_lost_goes_on_and_another_window_is_told(city: World) -> None:
    school = city.school()
    here = str(uuid4())
    first = form(city, version="", window=here)
    assert send(school, address(city), first).status_code == 303
    more = {**first, "g0-people": "26"}
    assert send(school, address(city), more).status_code == 303
    elsewhere = {**first, "g0-people": "27", "window": str(uuid4())}
    assert send(school, address(city), elsewhere).status_code == 409
    assert send(school, address(city), {**elsewhere, "window": ""}).status_code == 409
    assert draft(city, school)["draft"]["groups"][0]["people"] == 26  # type: ignore[index]


def test_what_another_window_wrote_in_between_is_not_overwritten(city: World) -> None:
    school = city.school()
    here, there = str(uuid4()), str(uuid4())
    first = form(city, version="", window=here)
    assert send(school, address(city), first).status_code == 303
    second = {**first, "version": "2", "window": there, "g0-people": "27"}
    assert send(school, address(city), second).status_code == 303
    assert send(school, address(city), {**first, "g0-people": "28"}).status_code == 409


def test_the_marked_sheet_of_the_largest_file_comes_back(city: World) -> None:
    school = city.school()
    line = "2,4반,많이,,방송" + ("," + "가" * 1900) * 3 + "\n"
    sheet = ("학년,반,인원,최소 인원,1순위 분야,가,나,다\n" + line * 55).encode()
    assert 900_000 < len(sheet) < 1024 * 1024
    content = base64.b64encode(sheet).decode()
    answer = send(school, f"{address(city)}/upload/marked", {"content": content})
    assert answer.status_code == 200, answer.text
    assert answer.data[:2] == b"PK"
