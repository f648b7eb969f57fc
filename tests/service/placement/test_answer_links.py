"""A host's link for answers: closed by the centre, sent anew, asked for by who holds an old one."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from chassis.clock import now
from tests.service.placement.test_answers import Browser, heading, letter, the_booking
from tests.service.placement.test_answers import here as here
from tests.service.placement.world import CENTRE

CLOSED = "센터에서 새로 바꾼 링크입니다"
ASKED = "새 링크를 부탁하셨습니다"


@pytest.fixture
def browser(app: Flask, here: Any) -> Browser:
    return Browser(here, app.test_client())


def told(here: Any, type: str) -> list[dict[str, Any]]:
    """The events of a type that wait in the vetting of the host that was asked."""
    host = the_booking(here)["host"]
    row = here.world.context.database["vettings"].find_one({"state.host": host})
    assert row is not None
    return [entry for entry in row["outbox"] if entry["type"] == type]


def vetting(here: Any, act: str) -> Any:
    host = the_booking(here)["host"]
    return here.world.ask(f"centre:{CENTRE}", "POST", f"/api/v1/hosts/{host}/links/{act}", {})


def test_a_link_that_the_centre_closed_opens_nothing_and_a_later_one_does(
    here: Any, browser: Browser
) -> None:
    id = the_booking(here)["id"]
    early = letter(here, issued=now() - timedelta(minutes=1))
    assert "받으시겠어요" in heading(browser.get(f"/a/{early}/{id}"))
    assert vetting(here, "revoke").status_code == 200
    for text in (early, letter(here)):
        closed = browser.get(f"/a/{text}/{id}")
        assert (closed.status_code, heading(closed)) == (410, CLOSED)
    later = letter(here, issued=now() + timedelta(seconds=2))
    assert "받으시겠어요" in heading(browser.get(f"/a/{later}/{id}"))


def test_the_centre_sends_a_new_link_and_not_twice_at_once(here: Any) -> None:
    before = len(told(here, "host.link_wanted"))
    assert vetting(here, "send").status_code == 200
    assert vetting(here, "send").get_json()["code"] == "link_sent"
    assert len(told(here, "host.link_wanted")) == before + 1


def test_whoever_holds_an_old_link_asks_for_a_new_one_that_goes_to_the_known_contact(
    here: Any, browser: Browser
) -> None:
    over = letter(here, until=now() - timedelta(days=1))
    closed = browser.get(f"/a/{over}")
    assert closed.status_code == 410
    assert "새 링크 받기" in closed.text
    before = len(told(here, "host.link_wanted"))
    # The second time nothing is sent, and nobody can see that.
    for _ in range(2):
        assert heading(browser.post("/asked/link")) == ASKED
    (sent,) = told(here, "host.link_wanted")[before:]
    assert sent["actor"] != CENTRE


def test_a_stranger_without_a_link_gets_none_and_learns_nothing(
    here: Any, browser: Browser
) -> None:
    before = len(told(here, "host.link_wanted"))
    assert browser.post("/asked/link").status_code == 404
    browser.get(f"/a/{letter(here)[:-2]}aa")
    assert browser.post("/asked/link").status_code == 404
    other = browser.post("/asked/link", origin="https://elsewhere.example")
    assert other.status_code in (403, 404)
    assert len(told(here, "host.link_wanted")) == before
