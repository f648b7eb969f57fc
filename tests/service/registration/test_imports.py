"""Groups from files over HTTP: look, take over, give back marked."""

from collections.abc import Iterator
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.registration.imports import reading
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.survey_world import World, one_registration, world
from tests.support.stack import Servers

_NUMBERS = count(1)
HEAD = "학년,반,인원,최소 인원,1순위 분야\n"
GOOD = (HEAD + "2,2학년 4반,25,20,방송·영상\n1,1학년 1반,24,,드론\n").encode("cp949")
BAD = (HEAD + "2,2학년 4반,25,26,방송\n1,1학년 1반,스물,,마법\n").encode()


@pytest.fixture(scope="module")
def registration(servers: Servers) -> Iterator[Registration]:
    """One service for all tests of this module."""
    with one_registration(servers) as found:
        yield found


@pytest.fixture
def city(registration: Registration) -> World:
    """One centre and its campaign."""
    return world(registration)


def send(
    school: Caller, survey: str, act: str, content: bytes, key: str | None = None, **form: str
) -> TestResponse:
    return school.client.post(
        f"/api/v1/surveys/{survey}/groups/{act}",
        data={"file": (BytesIO(content), "groups.csv"), **form},
        content_type="multipart/form-data",
        headers={
            "Authorization": f"Bearer {school.token}",
            "Idempotency-Key": key or f"import-{next(_NUMBERS):06d}",
        },
    )


def groups(school: Caller, survey: str) -> list[Any]:
    found: list[Any] = school.done("GET", f"/api/v1/surveys/{survey}")["draft"]["groups"]
    return found


def test_a_dry_run_shows_what_would_come_and_changes_nothing(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    answer = send(school, survey, "look", GOOD)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found = answer.get_json()
    assert (found["ready"], found["people"], found["errors"]) == (True, 49, [])
    assert len(groups(school, survey)) == 1


def test_a_dry_run_names_row_and_column_in_korean(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    found = send(school, survey, "look", BAD).get_json()
    assert not found["ready"]
    assert [(one["row"], one["title"], one["detail"]) for one in found["errors"]] == [
        (2, "최소 인원", "최소 인원은 인원(25명)보다 클 수 없습니다. 25 이하로 적어 주세요."),
        (3, "인원", "'스물' 대신 숫자만 적어 주세요."),
        (3, "1순위 분야", "'마법'에 맞는 항목이 목록에 없습니다. 목록에서 골라 주세요."),
    ]


def test_a_good_file_is_taken_over_once_however_often_it_is_sent(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    first = send(school, survey, "import", GOOD, key="this-very-upload", mode="append")
    again = send(school, survey, "import", GOOD, key="this-very-upload", mode="append")
    assert first.status_code == 200, first.get_data(as_text=True)
    assert first.status_code == again.status_code
    assert [group["people"] for group in groups(school, survey)] == [25, 25, 24]
    assert send(school, survey, "import", GOOD, mode="replace").status_code == 200
    assert [group["people"] for group in groups(school, survey)] == [25, 24]


def test_another_file_under_the_same_key_is_refused(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    assert send(school, survey, "import", GOOD, key="one-key-two-files").status_code == 200
    answer = send(school, survey, "import", GOOD[:-1] + b"\n\n", key="one-key-two-files")
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "key_reused"


def test_a_file_with_one_fault_is_not_taken_over_at_all(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    answer = send(school, survey, "import", BAD)
    assert answer.status_code == 422
    pointers = [error["pointer"] for error in answer.get_json()["errors"]]
    assert pointers == ["/rows/2/smallest", "/rows/3/people", "/rows/3/field1"]
    assert len(groups(school, survey)) == 1


def test_the_marked_file_comes_back_with_what_to_mend_in_front(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    answer = send(school, survey, "marked", BAD)
    assert answer.status_code == 200
    table = reading.table(answer.get_data())
    assert table[0][:2] == ["오류", "학년"]
    assert table[1][0] == (
        "최소 인원: 최소 인원은 인원(25명)보다 클 수 없습니다. 25 이하로 적어 주세요."
    )
    assert str(table[2][0]).count("\n") == 1


def test_the_template_is_a_workbook_for_the_campaign(city: World) -> None:
    answer = city.school().call("GET", f"/api/v1/campaigns/{city.campaign}/groups/template")
    assert answer.status_code == 200
    assert reading.table(answer.get_data())[0][:4] == ["학교급", "학년", "반 또는 이름", "인원"]


def test_a_useless_file_is_refused_with_the_way_out(city: World) -> None:
    school = city.school()
    survey = city.draft(school)["id"]
    answer = send(school, survey, "look", b"\x89PNG\r\n\x1a\n\x00")
    assert answer.status_code == 409
    assert answer.get_json()["code"] == "file_unreadable"
    assert "서식 파일" in answer.get_json()["title"]


def test_a_foreign_school_cannot_bring_groups(city: World) -> None:
    survey = city.draft(city.school())["id"]
    stranger = city.school()
    for act in ("look", "import", "marked"):
        assert send(stranger, survey, act, GOOD).status_code == 404
