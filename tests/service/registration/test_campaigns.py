"""Campaigns over HTTP and by the clock: announced, opened, closed with a manifest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.act import Act
from chassis.errors import Conflict
from chassis.events.envelope import Received
from services.registration.accounts.model import Role
from services.registration.campaigns import form
from services.registration.campaigns import operations as campaigns
from services.registration.closing import operations as closing
from services.registration.reactions import amend_manifest
from services.registration.surveys.model import Survey
from services.registration.surveys.store import surveys
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.test_organisations import registered

NOW = datetime.now(UTC).replace(microsecond=0)


def at(**later: float) -> str:
    return (NOW + timedelta(**later)).isoformat()


def day(days: int) -> str:
    return (NOW + timedelta(days=days)).date().isoformat()


def plan(programme: str, **change: Any) -> dict[str, Any]:
    return {
        "programme": programme,
        "name": "2024 가을 고공행진",
        "opens_at": at(hours=1),
        "deadline": at(days=7),
        "hosts_reply_by": at(days=14),
        "schools_confirm_by": at(days=20),
        "window": {"first": day(30), "last": day(80)},
        "unusable_dates": [day(44)],
        "caps": {"schools": 6, "students": 320},
        "fields": ["broadcasting", "drones", "environment", "sports", "design"],
        **change,
    }


def programme(centre: Caller, **change: Any) -> str:
    body = {"name": "고공행진", "brand": "gogong", "level": "middle", **change}
    return str(centre.done("POST", "/api/v1/programmes", body)["id"])


def announced(centre: Caller, **change: Any) -> str:
    body = plan(programme(centre), **change)
    id = str(centre.done("POST", "/api/v1/campaigns", body)["id"])
    receipt = centre.done("POST", f"/api/v1/campaigns/{id}/announce")
    assert receipt["state"] == "announced"
    return id


def later(registration: Registration, **by: float) -> Act:
    return registration.act(now=NOW + timedelta(**by))


def test_a_draft_is_the_centres_own_until_it_is_announced(registration: Registration) -> None:
    centre, other = registration.user("centre"), registration.user("other")
    body = plan(programme(centre))
    id = centre.done("POST", "/api/v1/campaigns", body)["id"]
    other.refused(404, "GET", f"/api/v1/campaigns/{id}")
    centre.done("POST", f"/api/v1/campaigns/{id}/announce")
    shown = other.done("GET", f"/api/v1/campaigns/{id}")
    assert (shown["status"], shown["phone"]) == ("announced", "031-900-0000")
    assert len(shown["rules_hash"]) == 64
    assert registration.outbox("campaigns", id) == [
        "campaign.announced",
        "label.changed",
        "campaign_label.changed",
    ]
    other.refused(404, "POST", f"/api/v1/campaigns/{id}/cancel", {"reason": "x"})


def test_every_field_of_a_plan_that_breaks_a_rule_is_named(registration: Registration) -> None:
    centre = registration.user("centre")
    wrong = plan(
        programme(centre),
        deadline=at(minutes=30),
        hosts_reply_by=at(minutes=10),
        caps={"schools": 0, "students": None},
        fields=["drones", "knitting"],
        unusable_dates=[day(3)],
        stages=["rank"],
    )
    problem = centre.refused(422, "POST", "/api/v1/campaigns", wrong)
    assert {row["pointer"] for row in problem["errors"]} == {
        "/deadline",
        "/hosts_reply_by",
        "/caps/schools",
        "/fields/1",
        "/unusable_dates/0",
        "/stages",
    }


def test_a_field_that_cannot_be_read_hides_no_broken_rule(registration: Registration) -> None:
    centre = registration.user("centre")
    wrong = plan(programme(centre), name="", deadline=at(days=-90), fields=["no-such-field"])
    problem = centre.refused(422, "POST", "/api/v1/campaigns", wrong)
    assert {(row["pointer"], row["code"]) for row in problem["errors"]} == {
        ("/name", "string_too_short"),
        ("/deadline", "deadline_after_opening"),
        ("/fields/0", "field_unknown"),
    }


def test_a_change_that_cannot_be_read_whole_is_judged_with_what_stays(
    registration: Registration,
) -> None:
    centre, other = registration.user("centre"), registration.user("other")
    id = announced(centre)
    path = f"/api/v1/campaigns/{id}"
    wrong = {"name": "", "kind": "mixed", "deadline": at(days=90), "hosts_release_at": None}
    problem = centre.refused(422, "PATCH", path, wrong)
    assert {(row["pointer"], row["code"]) for row in problem["errors"]} == {
        ("/name", "string_too_short"),
        ("/kind", "announced_fixed"),
        ("/hosts_reply_by", "hosts_after_deadline"),
        ("/window/last", "window_after_deadline"),
    }
    unread = {"deadline": "soon", "schools_confirm_by": at(days=-1)}
    problem = centre.refused(422, "PATCH", path, unread)
    assert [row["pointer"] for row in problem["errors"]] == ["/deadline", "/schools_confirm_by"]
    problem = other.refused(422, "PATCH", path, wrong)
    assert [row["pointer"] for row in problem["errors"]] == ["/name"]


def test_an_unknown_programme_is_named_beside_what_breaks_a_rule(
    registration: Registration,
) -> None:
    centre, other = registration.user("centre"), registration.user("other")
    wrong = plan(programme(centre), hosts_reply_by=at(days=1))
    problem = other.refused(422, "POST", "/api/v1/campaigns", wrong)
    assert [row["pointer"] for row in problem["errors"]] == ["/programme", "/hosts_reply_by"]


def test_the_deadline_may_be_moved_before_it_has_passed_and_not_after(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    id = announced(centre)
    path = f"/api/v1/campaigns/{id}"
    centre.done("PATCH", path, {"deadline": at(days=8)})
    assert registration.outbox("campaigns", id)[-1] == "campaign.changed"
    assert registration.due("campaigns", id)["close"] == NOW + timedelta(days=8)
    campaigns.close(later(registration, days=8, seconds=1), id)
    problem = centre.refused(409, "PATCH", path, {"deadline": at(days=9)})
    assert problem["code"] == "campaign_fixed"


def test_a_form_that_shows_minutes_keeps_the_seconds_of_what_nobody_touched(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    id = announced(centre, opens_at=(NOW + timedelta(hours=1, seconds=7)).isoformat())
    campaigns.open_(later(registration, hours=2), id)
    shown = campaigns.shown(registration.act(), id).state
    headers = {"Authorization": f"Bearer {centre.token}", "Accept": "text/html"}
    answer = centre.client.post(
        f"/campaigns/{id}/plan",
        data={**form.fields_of(shown.plan()), "name": "2024 가을 새 이름"},
        headers={**headers, "Idempotency-Key": "seconds-of-a-form"},
    )
    assert answer.status_code == 303, answer.text
    kept = campaigns.shown(registration.act(), id).state
    assert (kept.name, kept.opens_at) == ("2024 가을 새 이름", shown.opens_at)


def test_schools_can_rely_on_the_kind_and_programme_of_what_was_announced(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    id = announced(centre)
    changed = {"kind": "mixed", "programme": programme(centre, brand="other", name="다른 것")}
    problem = centre.refused(422, "PATCH", f"/api/v1/campaigns/{id}", changed)
    assert [row["code"] for row in problem["errors"]] == ["announced_fixed", "announced_fixed"]


def test_a_campaign_opens_and_closes_by_the_clock_and_is_sealed_with_its_manifest(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    id = announced(centre)
    assert set(registration.due("campaigns", id)) == {"open", "close"}
    campaigns.open_(later(registration, hours=1), id)
    campaigns.close(later(registration, days=7), id)
    assert set(registration.due("campaigns", id)) == {"manifest"}
    closing.close_with_manifest(later(registration, days=7, seconds=6), id)
    shown = centre.done("GET", f"/api/v1/campaigns/{id}")
    assert shown["status"] == "closed"
    assert shown["manifest"] == {"surveys": {}, "needs": {}, "applications": {}}
    assert registration.outbox("campaigns", id) == [
        "campaign.announced",
        "label.changed",
        "campaign_label.changed",
        "campaign.opened",
        "campaign.closing",
        "campaign.closed",
    ]
    assert registration.due("campaigns", id) == {}


def test_a_reminder_that_comes_early_is_kept(registration: Registration) -> None:
    centre = registration.user("centre")
    id = announced(centre)
    with pytest.raises(Conflict):
        campaigns.close(later(registration, days=6), id)
    assert set(registration.due("campaigns", id)) == {"open", "close"}


def test_a_campaign_that_was_called_off_has_no_due_times_left(registration: Registration) -> None:
    centre = registration.user("centre")
    id = announced(centre)
    centre.done("POST", f"/api/v1/campaigns/{id}/cancel", {"reason": "예산이 바뀌었습니다"})
    assert registration.due("campaigns", id) == {}
    assert registration.outbox("campaigns", id)[-1] == "campaign.cancelled"
    assert (
        centre.refused(409, "POST", f"/api/v1/campaigns/{id}/announce")["code"] == "campaign_fixed"
    )


def test_a_retired_programme_takes_no_new_campaign(registration: Registration) -> None:
    centre = registration.user("centre")
    retired = programme(centre)
    centre.done("POST", f"/api/v1/programmes/{retired}/retire")
    problem = centre.refused(409, "POST", "/api/v1/campaigns", plan(retired))
    assert problem["code"] == "programme_retired"
    other = registration.user("other")
    foreign = other.refused(422, "POST", "/api/v1/campaigns", plan(programme(centre)))
    assert foreign["errors"][0]["code"] == "programme_unknown"


def test_the_centre_sees_who_has_not_answered(registration: Registration) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    registered(centre, name="높은고등학교", level="high", school_code="J10-7530001")
    id = announced(centre)
    found = centre.done("GET", f"/api/v1/campaigns/{id}/answers")
    assert found == {
        "items": [{"school": school, "name": "햇살중학교", "status": None}],
        "answered": 0,
        "missing": 1,
    }


def test_a_survey_admitted_after_closing_amends_the_manifest_once(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    id = announced(centre)
    campaigns.close(later(registration, days=7), id)
    closing.close_with_manifest(later(registration, days=7, seconds=6), id)
    act = later(registration, days=8)
    survey = act.new_id("survey")
    surveys.create(act, survey, Survey(centre=centre.organisation, campaign=id, school=school))
    registration.context.database["surveys"].update_one({"_id": survey}, {"$set": {"sequence": 1}})
    admitted = Received(
        topic="registration.surveys",
        key=survey,
        type="survey.admitted",
        version=1,
        id=f"{survey}:1",
        sequence=1,
        time=NOW.isoformat(),
        actor="centre",
        correlation="test",
        service="registration",
        data={"campaign": id},
    )
    amend_manifest(replace(act, seed="once"), admitted)
    amend_manifest(replace(act, seed="twice"), admitted)
    assert registration.outbox("campaigns", id).count("campaign.manifest_amended") == 1
    manifest = centre.done("GET", f"/api/v1/campaigns/{id}")["manifest"]
    assert [row["count"] for row in manifest["surveys"].values()] == [1]


def test_a_school_lists_the_campaigns_of_its_own_centres(registration: Registration) -> None:
    centre, other = registration.user("centre"), registration.user("other")
    school = registered(centre)
    own = announced(centre)
    announced(other)
    teacher = registration.user("teacher", Role.SCHOOL, organisation=school)
    found = teacher.done("GET", "/api/v1/campaigns")["items"]
    assert [row["id"] for row in found] == [own]
