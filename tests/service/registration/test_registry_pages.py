"""The centre's register over HTTP: what is registered, who is invited, and who is let in."""

from __future__ import annotations

import re
from itertools import count

import pytest
from werkzeug.test import TestResponse

from services.registration.accounts.model import Role
from tests.service.registration.conftest import PASSWORD, Caller, Registration

CODE = re.compile(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}")
SCHOOL = {
    "sort": "school",
    "name": "너른뜰중학교",
    "level": "middle",
    "office_code": "j10",
    "school_number": "7531231",
}
_KEYS = count(1)


@pytest.fixture
def centre(registration: Registration) -> Caller:
    return registration.user("centre-one")


def read(caller: Caller, path: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {caller.token}", "Accept": "text/html"}
    return caller.client.get(path, headers=headers)


def send(caller: Caller, path: str, said: object = None, key: str = "") -> TestResponse:
    headers = {
        "Authorization": f"Bearer {caller.token}",
        "Accept": "text/html",
        "Idempotency-Key": key or f"page-key-{next(_KEYS):04d}",
    }
    return caller.client.post(path, data=said or {}, headers=headers)


def registered(centre: Caller, **changed: str) -> str:
    answer = send(centre, "/organisations/new", {**SCHOOL, **changed})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].split("?")[0]


def enter(registration: Registration, code: str, login: str) -> None:
    body = {"code": code, "login": login, "password": PASSWORD}
    reach = {"person": "정다운", "telephone": "031-900-1234"}
    registration.anyone().done("POST", "/api/v1/invitations/accept", {**body, **reach})


def test_a_school_is_registered_and_enters_with_the_code_of_its_letter(
    registration: Registration, centre: Caller
) -> None:
    page = registered(centre)
    letter = send(centre, f"{page}/invite", {"way": "letter", "duty": "grade_head"}, "one-letter")
    assert letter.status_code == 200
    (code,) = CODE.findall(letter.text)
    assert send(centre, f"{page}/invite", {"way": "letter", "duty": "grade_head"}, "one-letter")
    assert code in letter.text
    assert "초대함" in read(centre, "/organisations").text
    enter(registration, code, "neoreun-teacher")
    assert "들어오기를 기다리는 분이 있습니다" in read(centre, "/").text
    shown = read(centre, page).text
    assert "정다운" in shown
    assert "neoreun-teacher" in shown
    (approval,) = re.findall(r'action="(/organisations/invitations/[^"]+/approve)"', shown)
    assert send(centre, approval).status_code == 303
    assert "들어옴" in read(centre, page).text
    assert registration.sign_in("neoreun-teacher").organisation == page.rpartition("/")[2]


def test_inviting_again_makes_the_first_code_void(
    registration: Registration, centre: Caller
) -> None:
    page = registered(centre)
    first = CODE.findall(send(centre, f"{page}/invite", {"way": "letter"}).text)[0]
    (path,) = re.findall(r'action="([^"]+/again)"', read(centre, page).text)
    second = CODE.findall(send(centre, path, {"way": "letter"}, "again-and-again").text)
    assert second == CODE.findall(send(centre, path, {"way": "letter"}, "again-and-again").text)
    body = {
        "code": first,
        "login": "too-late",
        "password": PASSWORD,
        "person": "가",
        "email": "a@b.kr",
    }
    registration.anyone().refused(409, "POST", "/api/v1/invitations/accept", body)
    enter(registration, second[0], "in-time")


def test_letters_for_all_schools_without_anybody_are_made_at_once_and_alike(
    centre: Caller,
) -> None:
    pages = [registered(centre, name=f"학교 {n}", school_number=f"753123{n}") for n in range(3)]
    said = {"organisation": [page.rpartition("/")[2] for page in pages]}
    letters = CODE.findall(send(centre, "/organisations/letters", said, "all-letters").text)
    assert len(set(letters)) == 3
    again = send(centre, "/organisations/letters", said, "all-letters")
    assert CODE.findall(again.text) == letters
    assert "안내문 3장 만들기" not in read(centre, "/organisations").text


def test_an_organisation_that_is_there_is_named_and_can_be_related(
    registration: Registration, centre: Caller
) -> None:
    page = registered(centre)
    other = registration.user("centre-two")
    there = send(other, "/organisations/new", SCHOOL)
    assert there.status_code == 409
    assert "이미 등록되어 있습니다" in there.text
    assert 'value="너른뜰중학교"' in there.text
    said = {"organisation": page.rpartition("/")[2], "relation": "centre_school"}
    assert read(other, page).status_code == 404
    assert send(other, "/organisations/relations", said).status_code == 303
    assert read(other, page).status_code == 200
    assert read(other, f"{page}/edit").status_code == 404


def test_what_is_refused_keeps_what_was_typed_and_says_where(centre: Caller) -> None:
    refused = send(centre, "/organisations/new", {**SCHOOL, "school_number": "12"})
    assert refused.status_code == 422
    assert 'href="#f-school_number"' in refused.text
    assert 'value="너른뜰중학교"' in refused.text
    page = registered(centre)
    without = send(centre, f"{page}/invite", {"way": "email", "email": ""})
    assert without.status_code == 422
    assert 'href="#f-email"' in without.text


def test_details_are_changed_and_a_relation_is_ended(centre: Caller) -> None:
    page = registered(centre)
    changed = {**SCHOOL, "name": "너른들중학교", "phone": "031-900-0001"}
    assert send(centre, f"{page}/edit", changed).status_code == 303
    shown = read(centre, page).text
    assert "너른들중학교" in shown
    assert "031-900-0001" in shown
    assert send(centre, f"{page}/end", {"relation": "centre_school"}).status_code == 303
    assert "너른들중학교" not in read(centre, "/organisations").text


def test_a_host_without_mail_gets_a_telephone_and_an_office_enters_as_one(
    registration: Registration, centre: Caller
) -> None:
    host = registered(centre, sort="host", name="한들목공방", kind="company")
    said = {"person": "김담당", "telephone": "010-1234-5678"}
    assert send(centre, f"{host}/contacts", said).status_code == 303
    assert "김담당" in read(centre, host).text
    office = registered(
        centre, sort="office", name="한들교육지원청", kind="education_support_office"
    )
    code = CODE.findall(send(centre, f"{office}/invite", {"way": "letter"}).text)[0]
    enter(registration, code, "office-one")
    (approval,) = re.findall(r'action="([^"]+/approve)"', read(centre, office).text)
    send(centre, approval)
    registration.follow_access()
    account = registration.context.database["accounts"].find_one({"state.login": "office-one"})
    assert account is not None
    assert account["state"]["role"] == Role.OFFICE
