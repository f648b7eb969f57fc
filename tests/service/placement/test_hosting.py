"""A host's pages: publishing an offer, seeing who asks, one calendar, taking a visit back."""

import re
from html import unescape
from itertools import count
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from services.placement.repairs import answering, asking
from tests.service.placement.story import Story, one_of_each, rules, story, visitor
from tests.service.placement.world import (
    CAMPAIGN,
    CENTRE,
    HOST,
    OTHER_HOST,
    SCHOOL,
    World,
    peopled,
)

_KEYS = count()


@pytest.fixture
def made(app: Flask) -> World:
    """A campaign that is open for offers, and an approved host."""
    found = peopled(app)
    found.told("campaign.changed", CAMPAIGN, rules())
    found.approve()
    return found


def get(world: World, path: str, who: str = HOST) -> TestResponse:
    headers = {"Accept": "text/html", "Accept-Language": "ko"}
    headers["Authorization"] = f"Bearer host:{who}"
    return world.client.get(f"/placement{path}", headers=headers)


def post(world: World, path: str, who: str = HOST, **fields: Any) -> TestResponse:
    headers = {"Accept": "text/html", "Accept-Language": "ko"}
    headers["Authorization"] = f"Bearer host:{who}"
    form = {"idempotency_key": f"hosting-key-{next(_KEYS)}", **fields}
    return world.client.post(f"/placement{path}", data=form, headers=headers)


def words(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    plain = unescape(re.sub("<[^>]+>", " ", answer.text.replace("\u2060", "")))
    return " ".join(plain.replace("\xa0", " ").split())


FORM: dict[str, Any] = {
    "campaign": CAMPAIGN,
    "title": "드론 조종과 정비",
    "team_name": "드론산업팀",
    "field": "drones",
    "kind": "visit",
    "setting": "on_site",
    "place": "고양드론앵커센터",
    "place_code": "41281",
    "minimum": "8",
    "maximum": "30",
    "lead_days": "7",
    "terms_people": "24",
    "levels": ["middle"],
    "grades": ["1", "2"],
    "hazards": ["machinery"],
    "weekdays": ["3"],
    "begins": "10:00",
    "ends": "12:00",
    "first": "2027-05-01",
    "last": "2027-05-31",
}


def test_a_host_writes_an_offer_that_skips_holidays_and_publishes_it(made: World) -> None:
    saved = post(made, "/offers/new", **FORM)
    assert saved.status_code == 303
    path = saved.headers["Location"].removeprefix("/placement")
    said = words(get(made, path))
    assert "작성 중" in said
    assert "5월 12일(수)" in said
    assert "5월 5일(수) 오전" not in said
    assert "5월 5일(수): 공휴일" in said
    assert "24명까지 여쭙지 않고 수락" in said
    assert post(made, f"{path}/publish").status_code == 303
    shown = made.do(f"school:{SCHOOL}", "GET", f"/api/v1/campaigns/{CAMPAIGN}/offers")
    assert [one["title"] for one in shown["items"]] == ["드론 조종과 정비"]
    assert words(get(made, "/offers")).count("한들") >= 0


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(made: World) -> None:
    bare = post(made, "/offers/new", **{**FORM, "title": "", "maximum": "viele"})
    wrong = {**FORM, "minimum": "40", "maximum": "30", "ends": "09:00", "grades": ["2"]}
    answer = post(made, "/offers/new", **wrong)
    for found, names in ((bare, ("title", "maximum")), (answer, ("minimum", "ends"))):
        assert found.status_code == 422
        for name in names:
            assert f'id="f-{name}-e"' in found.text, name
    both = post(made, "/offers/new", **{**wrong, "title": "", "field": "wizardry"})
    order = re.findall(r'<a href="#f-([a-z_]+)"', both.text)
    assert order == ["title", "field", "ends", "minimum"]
    assert 'value="고양드론앵커센터"' in answer.text
    assert re.search(r'name="weekdays" value="3"[^>]* checked', answer.text)
    assert made.do(f"host:{HOST}", "GET", "/api/v1/offers")["items"] == []


def test_single_days_are_written_and_stay_when_the_offer_is_changed(made: World) -> None:
    days = {
        "slot_day": ["2027-05-13", "2027-05-14"],
        "slot_begins": ["10:00", "13:30"],
        "slot_ends": ["12:00", "15:00"],
    }
    empty = dict.fromkeys(("begins", "ends", "first", "last"), "")
    form = {**FORM, **empty, **days, "weekdays": []}
    path = post(made, "/offers/new", **form).headers["Location"].removeprefix("/placement")
    edit = get(made, f"{path}/edit").text
    assert 'value="2027-05-14"' in edit
    assert 'value="13:30"' in edit
    post(made, f"{path}/edit", **{**form, "title": "드론 정비"})
    said = words(get(made, path))
    assert "드론 정비" in said
    assert "5월 14일(금) 오후 1시 30분" in said


def test_an_unvetted_host_is_told_why_it_may_not_publish(made: World) -> None:
    saved = post(made, "/offers/new", OTHER_HOST, **FORM)
    path = saved.headers["Location"].removeprefix("/placement")
    refused = post(made, f"{path}/publish", OTHER_HOST)
    assert refused.status_code == 409
    assert "센터가 승인한 체험처만" in refused.text
    assert get(made, path).status_code == 404


def test_withdrawing_an_offer_says_first_what_it_does(made: World) -> None:
    id = made.publish()
    assert "희망할 수 없습니다" in words(get(made, f"/offers/{id}/withdraw"))
    post(made, f"/offers/{id}/withdraw", reason_code="staff_absent")
    assert made.do(f"host:{HOST}", "GET", f"/api/v1/offers/{id}")["status"] == "withdrawn"


@pytest.fixture
def here(app: Flask) -> Story:
    found = story(app, one_of_each(), {SCHOOL: [visitor("a")]})
    found.to_hosts(found.solved())
    found.accept_all()
    return found


def test_a_host_sees_who_comes_in_its_offer_and_in_its_calendar(here: Story) -> None:
    booking = here.bookings()[0]
    host = booking["host"]
    own = words(get(here.world, f"/offers/{booking['offer']}", host))
    assert "20/30명" in own
    assert "수락" in own
    days = words(get(here.world, "/offers", host))
    assert "20명 수락" in days


def test_taking_a_visit_back_shows_who_is_affected_before_it_is_done(
    here: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 20.0)
    act = here.world.context.act
    monkeypatch.setattr(asking, "pause", lambda: answering.answer_next(act()))
    monkeypatch.setattr(answering, "QUICKLY", 20.0)
    booking = here.bookings()[0]
    path, host = f"/visits/{booking['id']}/cancel", booking["host"]
    said = words(get(here.world, path, host))
    assert "20명의 자리가 없어집니다" in said
    assert "20명은 희망한 다른 회차로 옮길 수 있습니다" in said
    assert here.bookings()[0]["status"] == "accepted"
    other = OTHER_HOST if host == HOST else HOST
    assert get(here.world, path, other).status_code == 404
    post(here.world, path, host, reason_code="place_unavailable")
    here.pump()
    assert here.bookings()[0]["status"] == "cancelled"
    assert [one["cause"] for one in here.repairs()] == ["cancelled"]
    assert here.told.last("booking.cancelled").data["centre"] == CENTRE
