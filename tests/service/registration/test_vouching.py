"""A command that leaves it to its first question whether its actor was shut out."""

from collections.abc import Iterator
from typing import Any

import pytest

from chassis.clock import now
from chassis.facts import fresh_id, stamp
from chassis.vouching import Vouch
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.survey_world import World, one_registration, world
from tests.support.stack import Servers


@pytest.fixture(scope="module")
def registration(servers: Servers) -> Iterator[Registration]:
    with one_registration(servers) as found:
        yield found


@pytest.fixture(scope="module")
def city(registration: Registration) -> World:
    return world(registration)


def shut_out(city: World, caller: Caller) -> None:
    """What the role `project` writes when an account is shut."""
    city.registration.context.database["revocations"].replace_one(
        {"_id": caller.account},
        {"_id": caller.account, "active": False, "tokens_not_before": stamp(now())},
        upsert=True,
    )


def kept(city: World, survey: str) -> dict[str, Any]:
    found = city.registration.context.database["surveys"].find_one({"_id": survey})
    assert found is not None
    return found


def test_who_was_shut_out_writes_nothing_and_hears_of_nothing(city: World) -> None:
    school = city.school()
    survey = city.submitted(school)
    path, body = f"/api/v1/surveys/{survey}", {"groups": [city.group(people=11)]}
    school.done("PUT", path, body, key="key-before-the-end")
    before = kept(city, survey)
    shut_out(city, school)
    school.refused(401, "PUT", path, {"groups": [city.group(people=12)]})
    school.refused(401, "POST", f"{path}/submit", {})
    # Neither the answer of a command that was done before, nor whether a survey is there.
    school.refused(401, "PUT", path, body, key="key-before-the-end")
    school.refused(401, "PUT", f"/api/v1/surveys/{fresh_id()}", body)
    assert kept(city, survey) == before


def test_who_was_shut_out_is_led_to_the_sign_in_page_and_not_to_what_waits(city: World) -> None:
    school = city.school()
    city.submitted(school)
    headers = {"Authorization": f"Bearer {school.token}", "Accept": "text/html"}
    assert school.client.get("/", headers=headers).status_code == 200
    shut_out(city, school)
    answer = school.client.get("/", headers=headers)
    assert (answer.status_code, answer.headers["Location"][:12]) == (303, "/session/onw")


def test_the_question_is_asked_once_and_of_everyone(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = city.school()
    survey = city.submitted(school)
    alone: list[Vouch] = []
    settle = Vouch.settle

    def settled(vouch: Vouch) -> None:
        if vouch.open:
            alone.append(vouch)
        settle(vouch)

    monkeypatch.setattr(Vouch, "settle", settled)
    school.done("PUT", f"/api/v1/surveys/{survey}", {"groups": [city.group(people=13)]})
    assert alone == []
    school.done("GET", f"/api/v1/surveys/{survey}")
    assert len(alone) == 1
    assert not alone[0].open
