"""A school leaves a campaign whose survey has closed and of which nothing was released yet."""

from itertools import count
from typing import Any

import pytest

from chassis.events.envelope import Received
from services.registration.projections import projections
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.survey_world import World, world

_KEYS = count(1)


@pytest.fixture
def city(registration: Registration) -> World:
    return world(registration)


def closed(city: World) -> None:
    """The deadline has passed, and the campaign is closed with its manifest."""
    city.close()
    city.set_campaign(**{"state.status": "closed", "state.manifest": {}})


def is_released(city: World) -> None:
    """Placement tells that the first release is over."""
    event = Received(
        topic="placement.runs",
        key=city.campaign,
        type="run.released",
        version=1,
        id=f"{city.campaign}:1",
        sequence=1,
        time="2024-09-01T00:00:00.000Z",
        actor="placement",
        correlation="test",
        service="placement",
        data={
            "campaign": city.campaign,
            "centre": city.centre.organisation,
            "stage": "hosts",
            "at": "2024-09-01T00:00:00.000Z",
        },
    )
    for name, write in projections.writes(event):
        city.registration.context.database[name].bulk_write([write])


def told(city: World, survey: str) -> dict[str, Any]:
    row = city.registration.context.database["surveys"].find_one({"_id": survey})
    assert row is not None
    (found,) = (entry for entry in row["outbox"] if entry["type"] == "survey.withdrawn")
    return dict(found)


def page(caller: Caller, path: str, said: dict[str, str] | None = None) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {caller.token}", "Accept": "text/html"}
    if said is None:
        answer = caller.client.get(path, headers=headers)
    else:
        headers["Idempotency-Key"] = f"leaving-key-{next(_KEYS):04d}"
        answer = caller.client.post(path, data=said, headers=headers)
    return answer.status_code, answer.text.replace("\xa0", " ")


def test_between_the_deadline_and_the_release_a_school_leaves_and_is_told_what_happens(
    city: World,
) -> None:
    school = city.school()
    survey = city.submitted(school)
    closed(city)
    path = f"/surveys/{city.campaign}/withdraw"
    status, text = page(school, path)
    assert status == 200
    assert "자리는 다른 학교에 다시 배정됩니다" in text
    assert page(school, path, {})[0] == 303
    assert school.done("GET", f"/api/v1/surveys/{survey}")["status"] == "withdrawn"
    assert b"late" in bytes(told(city, survey)["data"])
    assert "신청 취소" in page(school, f"/surveys/{city.campaign}/summary")[1]


def test_the_centre_lets_a_school_leave_that_telephoned(city: World) -> None:
    school = city.school()
    survey = city.submitted(school)
    closed(city)
    path = f"/campaigns/{city.campaign}/schools/{school.organisation}/withdraw"
    assert "다시 배정해야 알릴 수 있습니다" in page(city.centre, path)[1]
    assert page(city.centre, path, {"spoken_with": ""})[0] == 422
    assert page(city.centre, path, {"spoken_with": "김 교감"})[0] == 303
    assert school.done("GET", f"/api/v1/surveys/{survey}")["status"] == "withdrawn"


def test_after_the_release_and_while_the_campaign_closes_the_survey_stays(city: World) -> None:
    school = city.school()
    survey = city.submitted(school)
    path = f"/api/v1/surveys/{survey}/withdraw"
    city.close()
    assert school.refused(409, "POST", path, {})["code"] == "survey_withdraw_late"
    closed(city)
    is_released(city)
    assert school.refused(409, "POST", path, {})["code"] == "survey_withdraw_late"
    status, text = page(school, f"/surveys/{city.campaign}/withdraw")
    assert status == 200
    assert "배정 결과에서" in text
