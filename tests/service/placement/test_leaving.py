"""A school leaves with all its groups, by its own page or by its centre's."""

from flask import Flask
from werkzeug.test import TestResponse

from tests.service.placement.story import SCHOOL, STAFF, Story, one_of_each, slot, story, visitor
from tests.service.placement.test_visits import words
from tests.service.placement.world import CAMPAIGN, OTHER_SCHOOL, an_id

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
