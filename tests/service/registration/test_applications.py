"""Individual applications over HTTP on the real database: pseudonyms, wishes, one job for many."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.act import Command
from chassis.clock import now
from chassis.documents import Replayed
from chassis.errors import TooLate
from chassis.scope import Party
from services.registration.applications import operations
from services.registration.applications.model import Wanted
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.survey_world import SESSIONS, World, one_registration, world
from tests.support.stack import Servers


@pytest.fixture(scope="module")
def registration(servers: Servers) -> Iterator[Registration]:
    """One service for all tests of this module."""
    with one_registration(servers) as found:
        yield found


@pytest.fixture
def city(registration: Registration) -> World:
    """One centre and its campaign for single persons."""
    return world(registration, kind="individuals")


def row(number: int, *wishes: int) -> dict[str, Any]:
    return {
        "reference": str(number),
        "level": "middle",
        "grade": 2,
        "wishes": [SESSIONS[wish] for wish in wishes or (0, 1)],
    }


def bulk(city: World) -> str:
    return f"/api/v1/campaigns/{city.campaign}/applications/bulk"


def one(city: World) -> str:
    return f"/api/v1/campaigns/{city.campaign}/applications"


def act_of(city: World, school: Caller, key: str, late: bool = False) -> Any:
    moment = now() - timedelta(seconds=5) if late else now()
    return replace(
        city.registration.act(),
        scope=Party(school.organisation),
        actor=school.account,
        now=moment,
        command=Command(key, "the same body", "POST bulk"),
    )


def test_an_application_is_told_with_a_pseudonym_and_its_ranked_sessions(city: World) -> None:
    school = city.school()
    made = school.done("POST", one(city), row(7, 2, 0))
    assert made["state"] == "submitted"
    assert city.registration.outbox("applications", made["id"]) == ["application.submitted"]
    found = school.done("GET", f"/api/v1/applications/{made['id']}")
    assert found["wishes"] == [SESSIONS[2], SESSIONS[0]]
    assert found["person"] != found["reference"]


def test_the_same_person_again_is_one_application(city: World) -> None:
    school = city.school()
    first = school.done("POST", one(city), row(7))
    assert school.done("POST", one(city), row(7)) == first
    problem = school.refused(409, "POST", one(city), row(7, 3))
    assert problem["code"] == "application_exists"


def test_withdrawing_and_applying_again_keeps_the_pseudonym(city: World) -> None:
    school = city.school()
    made = school.done("POST", one(city), row(7))["id"]
    person = school.done("GET", f"/api/v1/applications/{made}")["person"]
    assert school.done("POST", f"/api/v1/applications/{made}/withdraw", {})["state"] == "withdrawn"
    again = school.done("POST", one(city), row(7, 4))
    assert (again["id"], again["state"]) == (made, "submitted")
    found = school.done("GET", f"/api/v1/applications/{made}")
    assert found["person"] == person
    assert [step["deed"] for step in found["history"]] == ["submitted", "withdrawn", "submitted"]


def test_other_wishes_are_told_as_amended(city: World) -> None:
    school = city.school()
    made = school.done("POST", one(city), row(7))["id"]
    path = f"/api/v1/applications/{made}"
    assert school.done("PUT", path, row(7, 5))["state"] == "amended"
    assert school.refused(422, "PUT", path, row(8, 5))["errors"][0]["code"] == "reference_fixed"
    assert city.registration.outbox("applications", made)[1:] == ["application.amended"]


def test_every_row_of_a_bulk_submission_is_checked_before_any_is_written(city: World) -> None:
    school = city.school()
    rows = [row(1), {**row(2), "grade": 3}, {**row(3), "wishes": []}, row(1)]
    problem = school.refused(422, "POST", bulk(city), {"rows": rows})
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("/rows/1/grade", "grade_not_eligible"),
        ("/rows/2/wishes", "wishes_missing"),
        ("/rows/3/reference", "reference_twice"),
    ]
    assert school.done("GET", "/api/v1/applications")["items"] == []


def test_many_are_submitted_as_one_job_and_again_doubles_nothing(city: World) -> None:
    school = city.school()
    rows = [row(number) for number in range(1, 251)]
    first = school.done("POST", bulk(city), {"rows": rows}, key="all-of-grade-two")
    counts = {"total": 250, "done": 250, "created": 250, "amended": 0, "unchanged": 0}
    assert first["extra"] == counts
    assert school.done("POST", bulk(city), {"rows": rows}, key="all-of-grade-two") == first
    rows[0] = row(1, 9)
    second = school.done("POST", bulk(city), {"rows": rows})
    assert second["extra"] == {**counts, "created": 0, "amended": 1, "unchanged": 249}
    told = list(operations.manifest_lines(city.registration.act(), city.campaign))
    assert len(told) == 250
    assert sorted(sequence for _, _, sequence in told) == [1] * 249 + [2]
    job = school.done("GET", f"/api/v1/applications/jobs/{first['id']}")
    assert job["status"] == "done"


def test_a_job_that_broke_off_is_finished_by_the_same_request(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = city.school()
    rows = [Wanted(**row(number)) for number in range(1, 251)]
    whole = operations._write
    calls = 0

    def breaking(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConnectionError
        return whole(*given, **named)

    monkeypatch.setattr(operations, "_write", breaking)
    with pytest.raises(ConnectionError):
        operations.apply_many(act_of(city, school, "broken-off"), city.campaign, rows)
    monkeypatch.undo()
    receipt = operations.apply_many(act_of(city, school, "broken-off"), city.campaign, rows)
    assert receipt.extra["created"] == 250
    with pytest.raises(Replayed):
        operations.apply_many(act_of(city, school, "broken-off"), city.campaign, rows)
    assert len(list(operations.manifest_lines(city.registration.act(), city.campaign))) == 250


def test_the_deadline_stops_single_and_bulk_submissions_in_the_write_itself(city: World) -> None:
    school = city.school()
    city.close()
    assert school.refused(409, "POST", one(city), row(1))["code"] == "applications_late"
    assert school.refused(409, "POST", bulk(city), {"rows": [row(1)]})["code"] == (
        "applications_late"
    )
    with pytest.raises(TooLate):
        operations.apply(
            act_of(city, school, "late-single", late=True), city.campaign, Wanted(**row(1))
        )
    with pytest.raises(TooLate):
        operations.apply_many(
            act_of(city, school, "late-many", late=True), city.campaign, [Wanted(**row(1))]
        )
    assert school.done("GET", "/api/v1/applications")["items"] == []


def test_a_campaign_for_groups_takes_no_single_person(registration: Registration) -> None:
    groups = world(registration)
    problem = groups.school().refused(409, "POST", one(groups), row(1))
    assert problem["code"] == "campaign_is_for_groups"


def test_a_name_cannot_be_written_where_a_running_number_belongs(city: World) -> None:
    school = city.school()
    school.refused(422, "POST", one(city), {**row(1), "reference": "김한별"})


def test_a_foreign_school_finds_no_application(city: World) -> None:
    made = city.school().done("POST", one(city), row(1))["id"]
    stranger = city.school()
    stranger.refused(404, "GET", f"/api/v1/applications/{made}")
    stranger.refused(404, "PUT", f"/api/v1/applications/{made}", row(1))
    stranger.refused(404, "POST", f"/api/v1/applications/{made}/withdraw", {})
