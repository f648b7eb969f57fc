"""Organisations and their relations over HTTP: each once, found by those who look for it."""

from threading import Barrier, Thread
from typing import Any

from services.registration.accounts.model import Role
from tests.service.registration.conftest import Caller, Registration

SCHOOL: dict[str, Any] = {
    "kinds": ["school"],
    "name": "햇살중학교",
    "level": "middle",
    "school_code": "J10-7531234",
    "district": "goyang-deogyang",
    "relation": {"relation": "centre_school"},
}


def registered(centre: Caller, **change: Any) -> str:
    return str(centre.done("POST", "/api/v1/organisations", {**SCHOOL, **change})["id"])


def test_a_school_is_registered_and_related_in_one_act(registration: Registration) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    found = centre.done("GET", "/api/v1/organisations?relation=centre_school")
    assert [row["name"] for row in found["items"]] == ["햇살중학교"]
    own = centre.done("GET", f"/api/v1/organisations/{centre.organisation}")
    assert own["relations"][0]["other"] == school
    assert own["relations"][0]["name"] == "햇살중학교"
    assert registration.outbox("organisations", school) == [
        "organisation.registered",
        "label.changed",
    ]
    assert registration.outbox("organisations", centre.organisation)[-1] == "organisation.related"


def test_an_impatient_second_click_registers_nothing_more(registration: Registration) -> None:
    centre = registration.user("centre")
    first = centre.done("POST", "/api/v1/organisations", SCHOOL, key="impatient-click")
    second = centre.done("POST", "/api/v1/organisations", SCHOOL, key="impatient-click")
    assert first == second
    other = {**SCHOOL, "name": "달빛중학교"}
    problem = centre.refused(422, "POST", "/api/v1/organisations", other, key="impatient-click")
    assert problem["code"] == "key_reused"


def test_a_second_centre_is_told_which_school_is_there_and_relates_itself_to_it(
    registration: Registration,
) -> None:
    first, second = registration.user("first"), registration.user("second")
    school = registered(first)
    problem = second.refused(
        409, "POST", "/api/v1/organisations", {**SCHOOL, "name": "햇살 중학교"}
    )
    assert problem["code"] == "organisation_exists"
    assert problem["title"].startswith("햇살중학교는 이미 등록되어 있습니다.")
    assert problem["facts"]["organisation"] == school
    path = f"/api/v1/organisations/{second.organisation}/relations"
    second.done("POST", path, {"relation": "centre_school", "other": school})
    again = second.refused(409, "POST", path, {"relation": "centre_school", "other": school})
    assert again["code"] == "relation_exists"


def test_two_centres_that_register_one_school_at_once_end_with_one(
    registration: Registration,
) -> None:
    callers = [registration.user("first"), registration.user("second")]
    together, found = Barrier(2), []

    def register(caller: Caller) -> None:
        together.wait()
        found.append(caller.call("POST", "/api/v1/organisations", SCHOOL).status_code)

    threads = [Thread(target=register, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [201, 409]
    assert (
        registration.context.database["organisations"].count_documents(
            {"state.school_code": "J10-7531234"}
        )
        == 1
    )


def test_a_department_of_the_same_name_in_another_city_is_another_organisation(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    cities = [
        registered(centre, kinds=["city"], name=name, level=None, school_code=None, relation=None)
        for name in ("고양시", "파주시")
    ]
    teams = {
        registered(
            centre,
            kinds=["city"],
            name="드론산업팀",
            parent=city,
            level=None,
            school_code=None,
            relation={"relation": "centre_host"},
        )
        for city in cities
    }
    assert len(teams) == 2


def test_what_is_wrong_is_said_for_every_field_in_the_readers_language(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    wrong = {**SCHOOL, "school_code": "7531234", "level": None, "business_number": "123"}
    problem = centre.refused(422, "POST", "/api/v1/organisations", wrong)
    assert {row["pointer"]: row["code"] for row in problem["errors"]} == {
        "/level": "level_missing",
        "/school_code": "school_code_shape",
        "/business_number": "business_number_shape",
    }
    assert "학교급을 골라 주세요" in problem["errors"][0]["detail"]
    centre.language = "en"
    english = centre.refused(422, "POST", "/api/v1/organisations", wrong)
    assert "Please choose it" in english["errors"][0]["detail"]


def test_a_rename_is_told_and_a_stale_version_is_refused(registration: Registration) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    path = f"/api/v1/organisations/{school}"
    renamed = {**SCHOOL, "name": "햇빛중학교"}
    del renamed["relation"]
    centre.done("PUT", path, renamed, version=1)
    assert registration.outbox("organisations", school)[-2:] == [
        "organisation.changed",
        "label.changed",
    ]
    assert centre.refused(412, "PUT", path, renamed, version=1)["code"] == "stale"


def test_another_centre_cannot_change_or_relate_what_is_not_its_own(
    registration: Registration,
) -> None:
    first, second = registration.user("first"), registration.user("second")
    school = registered(first)
    change = {key: value for key, value in SCHOOL.items() if key != "relation"}
    second.refused(404, "PUT", f"/api/v1/organisations/{school}", change)
    second.refused(
        404,
        "POST",
        f"/api/v1/organisations/{first.organisation}/relations",
        {"relation": "centre_school", "other": school},
    )


def test_an_ended_relation_is_gone_and_ending_it_twice_is_refused(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    path = f"/api/v1/organisations/{centre.organisation}/relations/centre_school/{school}"
    centre.done("DELETE", path)
    assert centre.done("GET", "/api/v1/organisations?relation=centre_school")["items"] == []
    assert centre.refused(409, "DELETE", path)["code"] == "relation_missing"


def test_an_operator_needs_a_term_whose_end_is_a_due_time(registration: Registration) -> None:
    centre = registration.user("centre")
    operator = registered(
        centre, kinds=["company"], name="이음교육", level=None, school_code=None, relation=None
    )
    path = f"/api/v1/organisations/{centre.organisation}/relations"
    body = {"relation": "operator", "other": operator, "since": "2026-01-01"}
    problem = centre.refused(422, "POST", path, body)
    assert problem["errors"][0]["code"] == "operator_needs_term"
    centre.done("POST", path, {**body, "until": "2099-12-31"})
    ends = registration.due("organisations", centre.organisation)["relation_ends"]
    assert ends.isoformat() == "2099-12-31T15:00:00+00:00"


def test_an_administrator_founds_centres(registration: Registration) -> None:
    admin = registration.user("admin", Role.ADMIN)
    body = {"kinds": ["career_centre"], "name": "고양진로센터", "phone": "031-900-1111"}
    centre = admin.done("POST", "/api/v1/organisations", body)["id"]
    found = admin.done("GET", f"/api/v1/organisations/{centre}")
    assert found["name"] == "고양진로센터"
