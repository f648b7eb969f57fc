"""Finding a message by whom it went to, by its campaign, or by its kind."""

from dataclasses import replace

import pytest

from chassis.scope import Centre
from services.notifications.deliveries import finding
from tests.service.notifications.world import (
    CENTRE,
    CENTRE_STAFF,
    OTHER_CENTRE,
    PHONE_HOST,
    SCHOOL,
    World,
)
from tests.support.notices import TITLE

KINDS = [("survey_received", "수요조사 접수"), ("booking_asked", "체험처 확인 요청")]


@pytest.fixture
def told(world: World) -> World:
    """A school's survey was received, then a host was asked by telephone."""
    world.surveyed("survey.submitted")
    world.send()
    world.booked("booking.asked", host=PHONE_HOST)
    world.send()
    return world


def search(world: World, query: str, centre: str = CENTRE) -> list[tuple[str, str | None]]:
    """The kinds that were found, each with the state of its delivery."""
    act = replace(world.act(), scope=Centre(centre))
    found, _ = finding.find(act, query, KINDS)
    return [(one.message.intent, one.status) for one in found]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("너른뜰", [("survey_received", "sent")]),
        ("ㄸㅈㅎ", [("survey_received", "sent")]),
        ("ㅁㄱㅂ", [("booking_asked", "open")]),
        ("확인 요청", [("booking_asked", "open")]),
        ("ㅅㅇㅈㅅ", [("survey_received", "sent")]),
        (TITLE, [("booking_asked", "open"), ("survey_received", "sent")]),
        ("없는 이름", []),
        (".*", []),
        ("", []),
    ],
)
def test_a_message_is_found_by_recipient_campaign_or_kind_newest_first(
    told: World, query: str, found: list[tuple[str, str]]
) -> None:
    assert search(told, query) == found


def test_another_centre_finds_no_message(told: World) -> None:
    assert search(told, "너른뜰", OTHER_CENTRE) == []


def test_only_the_newest_are_shown_and_that_there_are_more_is_said(
    told: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST", 1)
    act = replace(told.act(), scope=Centre(CENTRE))
    found, more = finding.find(act, TITLE, KINDS)
    assert ([one.message.intent for one in found], more) == (["booking_asked"], True)


def test_a_found_message_leads_to_its_deliveries_and_to_no_others(told: World) -> None:
    headers = {"Authorization": f"Bearer {CENTRE_STAFF}", "Accept": "text/html"}
    page = told.client.get("/notifications/find?q=너른뜰", headers=headers).text
    address = (
        f"/notifications/?message={told.deliveries(organisation=SCHOOL)[0]['state']['message']}"
    )
    assert f'href="{address}"' in page
    shown = told.client.get(address, headers=headers).text
    assert "너른뜰중학교" in shown
    assert "한들목공방" not in shown
