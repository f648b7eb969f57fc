"""A school leaves a campaign whose survey has closed and of which nothing was released yet."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from chassis.events.envelope import Received
from chassis.scope import System
from services.registration.projections import projections
from services.registration.reactions import leave
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.survey_world import SESSIONS, World, world

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


def told_late(city: World, school: Caller, survey: str) -> Received:
    """What registration hears of it from its own log."""
    data = {
        "centre": city.centre.organisation,
        "campaign": city.campaign,
        "school": school.organisation,
        "late": True,
    }
    return Received(
        topic="registration.surveys",
        key=survey,
        type="survey.withdrawn",
        version=1,
        id=f"{survey}:9",
        sequence=9,
        time="2024-09-01T00:00:00.000Z",
        actor="registration",
        correlation="test",
        service="registration",
        data=data,
    )


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


def test_single_applications_leave_with_their_school_and_the_manifest_says_so(
    registration: Registration,
) -> None:
    city = world(registration, kind="mixed")
    school, other = city.school(), city.school()
    survey = city.submitted(school)
    listed = f"/api/v1/campaigns/{city.campaign}/applications"
    for caller in (school, other):
        row = {"reference": "7", "level": "middle", "grade": 2, "wishes": SESSIONS[:2]}
        caller.done("POST", listed, row)
    closed(city)
    path = f"/surveys/{city.campaign}/withdraw"
    assert "개인 신청이 있으면 함께 취소" in page(school, path)[1]
    assert page(school, path, {})[0] == 303
    context = city.registration.context
    for _ in range(2):
        act = replace(context.act(), scope=System(), seed="left")
        act.together(lambda act: leave(act, told_late(city, school, survey)))
    states = {
        row["state"]["school"]: (row["state"]["status"], [one["type"] for one in row["outbox"]])
        for row in context.database["applications"].find({"state.campaign": city.campaign})
    }
    assert states == {
        school.organisation: ("withdrawn", ["application.submitted", "application.withdrawn"]),
        other.organisation: ("submitted", ["application.submitted"]),
    }
    campaign = context.database["campaigns"].find_one({"_id": city.campaign})
    assert campaign is not None
    counted = campaign["state"]["manifest"]["applications"]
    assert sum(bucket["count"] for bucket in counted.values()) == 2


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
