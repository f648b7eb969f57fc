"""One organisation that was registered twice: found, compared, and made one; nothing is lost."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from services.registration.accounts.model import Role
from tests.service.registration.conftest import PASSWORD, Caller, Registration

HOST: dict[str, Any] = {"kinds": ["company"], "relation": {"relation": "centre_host"}}
_KEYS = count(1)


@pytest.fixture
def centre(registration: Registration) -> Caller:
    return registration.user("centre-one")


def host(centre: Caller, name: str, **more: Any) -> str:
    made = centre.done("POST", "/api/v1/organisations", {**HOST, "name": name, **more})
    return str(made["id"])


def merge(centre: Caller, survivor: str, gone: str) -> Any:
    return centre.done("POST", f"/api/v1/organisations/{survivor}/merge/{gone}", {})


def form(caller: Caller, path: str) -> tuple[int, str]:
    headers = {
        "Authorization": f"Bearer {caller.token}",
        "Accept": "text/html",
        "Idempotency-Key": f"merging-key-{next(_KEYS):04d}",
    }
    answer = caller.client.post(path, data={}, headers=headers)
    return answer.status_code, answer.headers.get("Location", "")


def page(caller: Caller, path: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {caller.token}", "Accept": "text/html"}
    answer = caller.client.get(path, headers=headers)
    return answer.status_code, answer.text


def test_likely_duplicates_are_named_with_what_speaks_for_it(centre: Caller) -> None:
    one = host(centre, "(주)한들로봇", phone="031-900-1234")
    two = host(centre, "주식회사 한들로봇", phone="031 900 1234")
    host(centre, "달오름영상")
    (found,) = centre.done("GET", "/api/v1/organisations/likely")["items"]
    assert {found["one"], found["other"]} == {one, two}
    assert found["signs"] == ["phone", "name"]


def test_two_that_were_told_apart_are_not_proposed_again(centre: Caller) -> None:
    one, two = host(centre, "(주)한들로봇"), host(centre, "주식회사 한들로봇")
    assert form(centre, f"/organisations/{one}/apart/{two}")[0] == 303
    assert centre.done("GET", "/api/v1/organisations/likely")["items"] == []


def test_merging_moves_relations_people_contacts_and_invitations_and_fills_what_is_blank(
    registration: Registration, centre: Caller
) -> None:
    stays = host(centre, "(주)한들로봇")
    goes = host(centre, "주식회사 한들로봇", phone="031-900-1234")
    registration.user("team-lead", Role.HOST, goes)
    contact = {"telephone": "010-2222-3333", "roles": ["host"]}
    centre.done("POST", f"/api/v1/organisations/{goes}/contacts", contact)
    other = registration.user("centre-two")
    path = f"/api/v1/organisations/{other.organisation}/relations"
    other.done("POST", path, {"relation": "centre_host", "other": goes})

    preview = centre.done("GET", f"/api/v1/organisations/{stays}/merge/{goes}")
    assert (preview["accounts"], preview["contacts"], preview["centres"]) == (1, 2, 1)
    assert preview["fills"] == ["phone"]
    merge(centre, stays, goes)

    hosts = centre.done("GET", "/api/v1/organisations?relation=centre_host")["items"]
    assert [(row["id"], row["phone"]) for row in hosts] == [(stays, "031-900-1234")]
    ties = other.done("GET", f"/api/v1/organisations/{other.organisation}")["relations"]
    assert [tie["other"] for tie in ties] == [stays]
    assert registration.sign_in("team-lead", PASSWORD).organisation == stays
    told = registration.outbox("organisations", goes)
    assert told[-1] == "organisation.merged"
    database = registration.context.database
    assert database["contacts"].count_documents({"state.organisation": goes}) == 0
    assert database["contacts"].count_documents({"parties": stays}) == 2
    # Its name leads to the survivor, whoever registers it once more.
    again = centre.refused(
        409, "POST", "/api/v1/organisations", {**HOST, "name": "주식회사 한들로봇"}
    )
    assert again["facts"]["organisation"] == stays


def test_the_same_contact_of_both_stays_once(registration: Registration, centre: Caller) -> None:
    stays, goes = host(centre, "한들로봇 본점"), host(centre, "한들로봇")
    for id in (stays, goes):
        contact = {"telephone": "010-2222-3333", "roles": ["host"]}
        centre.done("POST", f"/api/v1/organisations/{id}/contacts", contact)
    merge(centre, stays, goes)
    found = centre.done("GET", f"/api/v1/organisations/{stays}/contacts")["items"]
    assert [row["telephone"] for row in found] == ["+821022223333"]


def test_an_impatient_second_click_merges_once_and_what_was_merged_is_over(
    centre: Caller,
) -> None:
    stays, goes = host(centre, "한들로봇 본점"), host(centre, "한들로봇")
    path = f"/api/v1/organisations/{stays}/merge/{goes}"
    first = centre.done("POST", path, {}, key="impatient-merge")
    assert centre.done("POST", path, {}, key="impatient-merge") == first
    assert centre.refused(409, "POST", path, {})["code"] == "merge_merged"
    status, text = page(centre, f"/organisations/{goes}")
    assert status == 200
    assert f"/organisations/{stays}" in text


def test_only_the_centre_that_registered_an_entry_ends_it(
    registration: Registration, centre: Caller
) -> None:
    mine = host(centre, "한들로봇")
    other = registration.user("centre-two")
    theirs = host(other, "한들로봇 본점")
    path = f"/api/v1/organisations/{centre.organisation}/relations"
    centre.done("POST", path, {"relation": "centre_host", "other": theirs})
    centre.refused(404, "POST", f"/api/v1/organisations/{mine}/merge/{theirs}", {})
    merge(centre, theirs, mine)


def test_two_schools_with_codes_and_a_house_with_its_department_are_two(centre: Caller) -> None:
    school = {
        "kinds": ["school"],
        "level": "middle",
        "name": "햇살중학교",
        "relation": {"relation": "centre_school"},
    }
    one = centre.done("POST", "/api/v1/organisations", {**school, "school_code": "J10-7531234"})
    two = centre.done("POST", "/api/v1/organisations", {**school, "school_code": "J10-7531235"})
    assert centre.done("GET", "/api/v1/organisations/likely")["items"] == []
    path = f"/api/v1/organisations/{one['id']}/merge/{two['id']}"
    assert centre.refused(409, "POST", path, {})["code"] == "merge_two_schools"
    house = host(centre, "한들시청")
    part = host(centre, "한들시청 미래산업과", parent=house)
    path = f"/api/v1/organisations/{part}/merge/{house}"
    assert centre.refused(409, "POST", path, {})["code"] == "merge_kin"


def test_the_pages_show_both_side_by_side_and_what_moves_before_it_is_done(centre: Caller) -> None:
    stays, goes = (
        host(centre, "(주)한들로봇"),
        host(centre, "주식회사 한들로봇", phone="031-900-1234"),
    )
    for path in ("likely", f"{stays}/beside/{goes}", f"{stays}/merge/{goes}"):
        status, text = page(centre, f"/organisations/{path}")
        assert status == 200
        assert "주식회사 한들로봇" in text
    status, where = form(centre, f"/organisations/{stays}/merge/{goes}")
    assert (status, where) == (303, f"/organisations/{stays}?done=merged")
    assert page(centre, f"/organisations/{stays}/merge/{goes}")[0] == 409
