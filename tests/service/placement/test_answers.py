"""A host answers by a letter's link: opening it does nothing, its four answers do."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chassis import links
from chassis.clock import now
from chassis.context import Context
from chassis.links import Asks, Link, Purpose
from tests.service.placement.story import STAFF, Story, one_of_each, story, visitor
from tests.service.placement.world import CENTRE, OTHER_CENTRE, OTHER_HOST, SCHOOL, an_id

NUMBER, ENDING = "+821000001004", "1004"
ORIGIN = "http://localhost"
CONTACT = an_id("contact")


@pytest.fixture
def here(app: Flask) -> Story:
    found = story(app, one_of_each(), {SCHOOL: [visitor("a", smallest=15)]})
    found.to_hosts(found.solved())
    return found


def the_booking(here: Story) -> dict[str, Any]:
    return here.bookings()[0]


def letter(here: Story, **changes: Any) -> str:
    """What the link of a letter to the host that was asked carries."""
    key = key_of(here.world.context)
    asks = changes.pop("asks", Asks.TELEPHONE)
    known = changes.pop("known", NUMBER)
    said: dict[str, Any] = {
        "purpose": Purpose.ANSWER,
        "holder": CONTACT,
        "subject": the_booking(here)["host"],
        "centre": CENTRE,
        "until": now() + timedelta(days=30),
        "asks": asks,
        "check": links.known_to(key, CONTACT, asks, known),
        **changes,
    }
    return links.written(key, Link(**said))


def key_of(context: Context) -> bytes:
    assert context.keys.links is not None
    return context.keys.links


@dataclass
class Browser:
    """A browser that keeps cookies, sends its origin with forms, and follows redirects."""

    here: Story
    device: Any
    numbers: Any = field(default_factory=count)

    def get(self, path: str, follow: bool = True) -> TestResponse:
        headers = {"Accept": "text/html", "Accept-Language": "ko"}
        found: TestResponse = self.device.get(
            f"/placement{path}", headers=headers, follow_redirects=follow
        )
        return found

    def post(self, path: str, origin: str = ORIGIN, **fields: str) -> TestResponse:
        form = {"idempotency_key": f"browser-{id(self)}-{next(self.numbers)}", **fields}
        headers = {"Accept": "text/html", "Accept-Language": "ko", "Origin": origin}
        found: TestResponse = self.device.post(
            f"/placement{path}", data=form, headers=headers, follow_redirects=True
        )
        return found


@pytest.fixture
def browser(app: Flask, here: Story) -> Browser:
    return Browser(here, app.test_client())


def other_browser(app: Flask, here: Story) -> Browser:
    return Browser(here, app.test_client())


def heading(answer: TestResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL)
    assert found is not None, answer.text
    return " ".join(re.sub("<[^>]+>|\u2060", "", found.group(1)).replace("\xa0", " ").split())


def status_of(here: Story) -> str:
    return str(the_booking(here)["status"])


def test_opening_the_link_shows_the_question_and_changes_nothing(
    here: Story, browser: Browser
) -> None:
    before = here.world.context.database["bookings"].find_one()
    path = f"/a/{letter(here)}/{the_booking(here)['id']}"
    for method in ("HEAD", "GET", "GET"):
        found = browser.device.open(
            f"/placement{path}", method=method, headers={"Purpose": "prefetch"}
        )
        assert found.status_code == 303
        assert letter(here) not in found.headers["Location"]
        assert found.headers["Referrer-Policy"] == "no-referrer"
        assert found.headers["Cache-Control"] == "no-store"
        for one in (found.headers["Location"], "/placement/asked"):
            assert browser.device.open(one, method=method).status_code == 200
    shown = browser.get(path)
    assert heading(shown) == "5월 12일(수) 오전 10시, 중학생 20명이 갑니다. 받으시겠어요?"
    assert here.world.context.database["bookings"].find_one() == before
    assert here.world.context.database["link_tries"].count_documents({}) == 0


def test_the_first_answer_on_a_device_asks_for_the_last_digits_and_the_next_does_not(
    here: Story, browser: Browser, app: Flask
) -> None:
    id = the_booking(here)["id"]
    browser.get(f"/a/{letter(here)}/{id}")
    asked = browser.post(f"/asked/{id}/answer", answer="yes")
    assert 'name="known"' in asked.text
    assert status_of(here) == "asked"
    refused = browser.post(f"/asked/{id}/answer", answer="yes", written="1", known="9999")
    assert (refused.status_code, status_of(here)) == (422, "asked")
    assert "4번 더" in refused.text
    done = browser.post(f"/asked/{id}/answer", answer="yes", written="1", known=ENDING)
    assert heading(done) == "받기로 하셨습니다. 고맙습니다."
    here.pump()
    assert here.told.last("booking.accepted").actor == CONTACT
    assert here.placement_of("a")["parts"][0]["stops"][0]["accepted"]
    browser.post(f"/asked/{id}/think-again")
    again = browser.post(f"/asked/{id}/answer", answer="yes")
    assert heading(again) == "받기로 하셨습니다. 고맙습니다."
    stranger = other_browser(app, here)
    stranger.get(f"/a/{letter(here)}/{id}")
    assert stranger.post(f"/asked/{id}/think-again").status_code == 403


def test_five_wrong_answers_lock_the_link_for_the_day_on_every_device(
    here: Story, app: Flask
) -> None:
    id = the_booking(here)["id"]
    for _ in range(5):
        device = other_browser(app, here)
        device.get(f"/a/{letter(here)}/{id}")
        device.post(f"/asked/{id}/answer", answer="yes", written="1", known="0000")
    device = other_browser(app, here)
    device.get(f"/a/{letter(here)}/{id}")
    locked = device.post(f"/asked/{id}/answer", answer="yes", written="1", known=ENDING)
    assert (locked.status_code, status_of(here)) == (429, "asked")


def test_a_contact_without_a_telephone_is_asked_for_its_address(
    here: Story, browser: Browser
) -> None:
    id = the_booking(here)["id"]
    browser.get(f"/a/{letter(here, asks=Asks.EMAIL, known='team@city.example')}/{id}")
    assert "메일을 받으신 주소" in browser.post(f"/asked/{id}/answer", answer="yes").text
    browser.post(f"/asked/{id}/answer", answer="yes", written="1", known="Team@City.example")
    assert status_of(here) == "accepted"


def test_no_asks_why_in_a_choice_and_half_an_hour_undoes_what_it_did(
    here: Story, browser: Browser
) -> None:
    found = the_booking(here)
    id = found["id"]
    browser.get(f"/a/{letter(here)}/{id}")
    browser.post(f"/asked/{id}/answer", answer="no")
    empty = browser.post(f"/asked/{id}/answer", answer="no", written="1", known=ENDING)
    assert (empty.status_code, status_of(here)) == (422, "asked")
    said = {"answer": "no", "written": "1", "known": ENDING, "reason_code": "staff_absent"}
    done = browser.post(f"/asked/{id}/answer", **said)
    assert heading(done) == "받지 않기로 하셨습니다. 다른 자리를 찾겠습니다."
    here.pump()
    here.preview()
    assert [one["status"] for one in here.repairs()] == ["previewed"]
    assert heading(browser.post(f"/asked/{id}/think-again")).endswith("받으시겠어요?")
    here.pump()
    assert status_of(here) == "asked"
    assert [one["status"] for one in here.repairs()] == ["dismissed"]
    stop = here.placement_of("a")["parts"][0]["stops"][0]
    assert (stop["lost"], stop["accepted"]) == (False, False)
    seats = here.world.context.database["seats"].find_one({"_id": found["session"]})
    assert seats is not None
    assert seats["holds"] == {id: 20}
    browser.post(f"/asked/{id}/answer", **said)
    here.pump()
    assert [one["status"] for one in here.repairs()].count("queued") == 1


def test_an_answer_that_was_followed_by_another_seat_stays(here: Story, browser: Browser) -> None:
    id = the_booking(here)["id"]
    browser.get(f"/a/{letter(here)}/{id}")
    said = {"answer": "no", "written": "1", "known": ENDING, "reason_code": "staff_absent"}
    browser.post(f"/asked/{id}/answer", **said)
    here.pump()
    here.preview()
    here.world.do(STAFF, "POST", f"/api/v1/repairs/{here.repairs()[0]['id']}/apply", {})
    here.pump()
    refused = browser.post(f"/asked/{id}/think-again")
    assert refused.status_code == 409
    assert "그 사이 다른 자리를 찾아" in refused.text


def test_a_condition_names_people_or_hours_of_the_same_day(here: Story, browser: Browser) -> None:
    id = the_booking(here)["id"]
    browser.get(f"/a/{letter(here)}/{id}")
    said = {"answer": "if", "written": "1", "known": ENDING}
    wrong = browser.post(f"/asked/{id}/answer", **said, people="스물", start="25:00")
    assert (wrong.status_code, status_of(here)) == (422, "asked")
    assert 'value="스물"' in wrong.text
    browser.post(f"/asked/{id}/answer", **said, people="16", start="10:30", end="11:30")
    found = the_booking(here)
    assert (found["status"], found["condition"]["people"]) == ("conditioned", 16)


def test_please_call_me_is_told_once_and_leaves_the_question_open(
    here: Story, browser: Browser
) -> None:
    id = the_booking(here)["id"]
    browser.get(f"/a/{letter(here)}/{id}")
    said = {"answer": "call", "written": "1", "known": ENDING}
    assert "전화를 부탁하셨습니다" in browser.post(f"/asked/{id}/answer", **said).text
    browser.post(f"/asked/{id}/answer", **said)
    here.pump()
    assert here.told.types(id).count("booking.call_requested") == 1
    browser.post(f"/asked/{id}/answer", answer="yes")
    assert status_of(here) == "accepted"


def test_a_link_opens_its_own_host_and_centre_and_nothing_else(
    here: Story, browser: Browser
) -> None:
    id = the_booking(here)["id"]
    for changes in ({"subject": an_id("nobody")}, {"centre": OTHER_CENTRE}):
        browser.get(f"/a/{letter(here, **changes)}/{id}")
        assert browser.get(f"/asked/{id}").status_code == 404
        posted = browser.post(f"/asked/{id}/answer", answer="yes", written="1", known=ENDING)
        assert (posted.status_code, status_of(here)) == (404, "asked")
    assert browser.get(f"/a/{letter(here)[:-3]}AAA/{id}").status_code == 404
    assert (
        other_browser(browser.here.world.client.application, here).get(f"/asked/{id}").status_code
        == 404
    )


def test_an_old_link_says_so_and_whom_to_call(here: Story, browser: Browser) -> None:
    id = the_booking(here)["id"]
    old = browser.get(f"/a/{letter(here, until=now() - timedelta(days=1))}/{id}")
    assert old.status_code == 410
    assert "센터에 전화" in old.text


def test_a_form_of_another_site_does_nothing(here: Story, browser: Browser) -> None:
    id = the_booking(here)["id"]
    browser.get(f"/a/{letter(here)}/{id}")
    said = {"answer": "yes", "written": "1", "known": ENDING}
    foreign = browser.post(f"/asked/{id}/answer", origin="https://other.example", **said)
    assert (foreign.status_code, status_of(here)) == (403, "asked")


def test_a_used_or_late_link_shows_the_state(here: Story, browser: Browser) -> None:
    id = the_booking(here)["id"]
    browser.get(f"/a/{letter(here)}/{id}")
    here.world.context.database["bookings"].update_one(
        {"_id": id}, {"$set": {"state.reply_by": now() - timedelta(seconds=1)}}
    )
    assert heading(browser.get(f"/asked/{id}")).startswith("답할 시각이 지났습니다.")
    browser.post(f"/asked/{id}/answer", answer="yes", written="1", known=ENDING)
    assert status_of(here) == "asked"


def test_the_list_names_what_is_open_and_the_visit_goes_into_a_calendar(
    here: Story, browser: Browser
) -> None:
    id = the_booking(here)["id"]
    found = browser.get(f"/a/{letter(here)}")
    assert heading(found) == "답하실 방문이 1건 있습니다"
    browser.post(f"/asked/{id}/answer", answer="yes", written="1", known=ENDING)
    entry = browser.get(f"/asked/{id}/visit.ics")
    assert entry.mimetype == "text/calendar"
    assert "DTSTART:20270512T010000Z\r\n" in entry.text
    assert all(len(line.encode()) <= 75 for line in entry.text.split("\r\n"))


def test_a_signed_in_host_answers_on_the_same_page_without_digits(here: Story) -> None:
    found = the_booking(here)
    path = f"/placement/asked/{found['id']}"
    headers = {"Authorization": f"Bearer host:{found['host']}", "Accept": "text/html"}
    assert here.world.client.get(path, headers=headers).status_code == 200
    stranger = {"Authorization": f"Bearer host:{OTHER_HOST}", "Accept": "text/html"}
    if found["host"] != OTHER_HOST:
        assert here.world.client.get(path, headers=stranger).status_code == 404
    form = {"answer": "yes", "idempotency_key": "signed-in-host"}
    here.world.client.post(f"{path}/answer", data=form, headers=headers)
    assert status_of(here) == "accepted"
