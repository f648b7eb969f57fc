"""A school leaves with all its groups, by its own page or by its centre's."""

from dataclasses import replace

from flask import Flask
from werkzeug.test import TestResponse

from chassis.events.envelope import Received
from chassis.scope import System
from services.placement.reactions import school_left
from tests.service.placement.story import (
    SCHOOL,
    STAFF,
    Story,
    manifest,
    one_of_each,
    slot,
    story,
    visitor,
)
from tests.service.placement.test_visits import words
from tests.service.placement.world import CAMPAIGN, CENTRE, OTHER_SCHOOL, an_id

SCHOOLS = (SCHOOL, OTHER_SCHOOL)

LEAVE = f"/placement/campaigns/{CAMPAIGN}"
BY_THE_CENTRE = f"{LEAVE}/schools/{SCHOOL}/withdraw"


def released(app: Flask) -> Story:
    """Two seats for three groups: one school has two groups, one of which may wait."""
    drones = one_of_each(slots=[slot("10-12"), slot("13-15")])[0]
    groups = {SCHOOL: [visitor("a"), visitor("b")], OTHER_SCHOOL: [visitor("c")]}
    return story(app, [drones], groups)


def ask(here: Story, who: str, path: str, **form: str) -> TestResponse:
    headers = {"Accept": "text/html", "Accept-Language": "ko", "Authorization": f"Bearer {who}"}
    if not form:
        return here.world.client.get(path, headers=headers)
    answer = here.world.client.post(path, data=form, headers=headers)
    here.pump()
    return answer


def left(here: Story, school: str) -> Received:
    """The school takes its survey back after the closing, and the manifest follows."""
    key = an_id(f"survey of {school}")
    data = {"centre": CENTRE, "campaign": CAMPAIGN, "school": school, "late": True}
    here.world.told("survey.withdrawn", key, data)
    lines = [(an_id(f"survey of {one}"), 2 if one == school else 1) for one in SCHOOLS]
    amended = {"manifest": manifest(*lines), "cause": key}
    here.world.told("campaign.manifest_amended", CAMPAIGN, amended)
    return Received(
        topic="registration.surveys",
        key=key,
        type="survey.withdrawn",
        version=1,
        id=f"{key}:2",
        sequence=2,
        time="2024-09-01T00:00:00.000Z",
        actor="registration",
        correlation="test",
        service="registration",
        data=data,
    )


def standing(here: Story, school: str) -> set[str]:
    return {row["status"] for row in here.placements() if row["school"] == school}


def test_a_school_reads_what_ends_and_leaves_with_all_its_groups(app: Flask) -> None:
    here = released(app)
    assert ask(here, f"school:{SCHOOL}", f"{LEAVE}/withdraw").status_code == 404
    run = here.solved()
    here.to_hosts(run)
    here.accept_all()
    here.to_schools(run)
    said = words(ask(here, f"school:{SCHOOL}", f"{LEAVE}/withdraw"))
    assert "모둠 2개 40명의 신청이 끝납니다" in said
    assert "되돌릴 수 없습니다" in said
    form = {"reason_code": "transport", "idempotency_key": "the-whole-school"}
    assert ask(here, f"school:{SCHOOL}", f"{LEAVE}/withdraw", **form).status_code == 303
    assert standing(here, SCHOOL) == {"withdrawn"}
    assert standing(here, OTHER_SCHOOL) == {"offered"}
    assert ask(here, f"school:{SCHOOL}", f"{LEAVE}/withdraw").status_code == 404


def test_a_centre_withdraws_for_a_school_even_before_it_was_told(app: Flask) -> None:
    here = released(app)
    assert "지금 취소할 배정이 없습니다" in words(ask(here, STAFF, BY_THE_CENTRE))
    foreign = BY_THE_CENTRE.replace(SCHOOL, an_id("foreign school"))
    assert ask(here, STAFF, foreign).status_code == 404
    run = here.solved()
    here.to_hosts(run)
    assert "신청 모두 취소" in words(ask(here, STAFF, BY_THE_CENTRE))
    form = {"reason_code": "other", "idempotency_key": "for-the-school"}
    refused = ask(here, STAFF, BY_THE_CENTRE, **form)
    assert (refused.status_code, "꼭 적어 주세요" in refused.text) == (422, True)
    form["words"] = "교감 선생님 전화"
    assert ask(here, STAFF, BY_THE_CENTRE, **form).status_code == 303
    seated = [row for row in here.placements() if row["school"] == SCHOOL]
    assert {row["status"] for row in seated} <= {"cancelled"}
    assert all(row["school"] != SCHOOL for row in here.bookings(status="asked"))


def test_a_school_that_left_before_the_release_makes_the_run_be_run_again(app: Flask) -> None:
    told = story(app, one_of_each(), {SCHOOL: [visitor("a")], OTHER_SCHOOL: [visitor("c")]})
    run = told.solved()
    left(told, SCHOOL)
    path = f"/api/v1/runs/{run}/release"
    body = {"stage": "hosts", "answer_by": told.later(3600)}
    refused = told.world.ask(STAFF, "POST", path, body)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "school_left")
    told.to_hosts(told.solved())
    assert {row["school"] for row in told.placements()} == {OTHER_SCHOOL}


def test_a_school_that_leaves_in_the_moment_of_the_release_keeps_no_seat(app: Flask) -> None:
    told = story(app, one_of_each(), {SCHOOL: [visitor("a")], OTHER_SCHOOL: [visitor("c")]})
    told.to_hosts(told.solved())
    event = left(told, SCHOOL)
    told.world.context.act().together(lambda act: school_left(replace(act, scope=System()), event))
    states = {row["school"]: row["status"] for row in told.placements()}
    assert states == {SCHOOL: "cancelled", OTHER_SCHOOL: "planned"}
