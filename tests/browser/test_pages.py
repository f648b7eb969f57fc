"""The pages as a browser shows them: reachable, readable at both widths, and without violations."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chassis.clock import now
from tests.browser.conftest import Site
from tests.browser.seed import (
    ADMIN_LOGIN,
    BOOKING,
    CENTRE_LOGIN,
    FIRST_SCHOOL,
    OFFICE_LOGIN,
    OPEN,
    PLACED,
    READY,
    READY_RUN,
    RUN,
    SCHOOL_LOGIN,
)
from tests.browser.seed_results import LATE, LATE_GROUP
from tests.browser.seed_visits import (
    ACCEPTED,
    ASKED,
    BEGUN,
    CONDITIONED,
    CONFIRMED,
    DECLINED,
    DRAFT,
    HOST,
    HOST_LOGIN,
    LINE,
    OFFER,
    OFFERED,
    SHOWN,
    TWIN,
    WANTED,
    day_in,
)

pytestmark = pytest.mark.browser

Reader = Callable[..., Page]
AXE = Path(__file__).parent / "axe" / "axe.min.js"
PICTURES = Path(__file__).parents[2] / "docs" / "images"
PICTURED = {
    *(
        "sign-in",
        "invited",
        "overview",
        "placement",
        "placed",
        "messages",
        "task",
        "search",
        "words",
        "letter",
    ),
    *("organisations", "organisation", "organisation-new", "likely", "merge", "hosts", "host"),
    *("request", "request-condition", "leave-for", "remind", "wizard-summary", "inbox", "school"),
    *("visit-offered", "visit-condition", "visit-attendance", "visit-withdraw", "leave", "visits"),
    *("asked", "ask-if", "offer-list", "offer", "offer-new", "visit-cancel", "office", "system"),
    *("health", "lag", "rules"),
}
"""The main pages that no journey takes a picture of: those show the story of the demonstration."""

OF_ANYONE = {
    "sign-in": "/sign-in",
    "started": "/start/done",
    "account": "/start/ready",
    "invited": "/invitations/accept?token={invited}",
    "rules": f"/placement/rules/{SHOWN}",
    "recruiting": f"/placement/campaigns/{SHOWN}/recruiting",
}
OF_THE_CENTRE = {
    "overview": "/",
    "placement": "/placement/",
    "placed": f"/placement/campaigns/{PLACED}",
    "results": f"/placement/runs/{RUN}",
    "campaign": f"/campaigns/{OPEN}",
    "wizard": "/campaigns/new",
    "wizard-plan": f"/campaigns/{OPEN}/plan",
    "wizard-summary": f"/campaigns/{OPEN}/summary",
    "programme": "/programmes/new",
    "remind": f"/campaigns/{OPEN}/remind",
    "answer": f"/campaigns/{OPEN}/schools/{FIRST_SCHOOL}",
    "answer-withdraw": f"/campaigns/{LATE}/schools/{FIRST_SCHOOL}/withdraw",
    "leave-for": f"/placement/campaigns/{SHOWN}/schools/{FIRST_SCHOOL}/withdraw",
    "request-condition": f"/placement/requests/{WANTED}",
    "search": "/search?q=%E3%84%B4",
    "organisations": "/organisations",
    "organisation": f"/organisations/{FIRST_SCHOOL}",
    "organisation-edit": f"/organisations/{FIRST_SCHOOL}/edit",
    "likely": "/organisations/likely",
    "beside": f"/organisations/{TWIN}/beside/{HOST}",
    "merge": f"/organisations/{TWIN}/merge/{HOST}",
    "organisation-new": "/organisations/new?sort=school",
    "organisation-new-host": "/organisations/new?sort=host",
    "hosts": "/placement/hosts",
    "host": f"/placement/hosts/{HOST}",
    "teams": f"/placement/hosts/{HOST}/teams/{HOST}",
    "request": f"/placement/requests/{BOOKING}",
    "ready": f"/placement/campaigns/{READY}",
    "release-hosts": f"/placement/runs/{READY_RUN}/release/hosts",
    "release-schools": f"/placement/runs/{RUN}/release/schools",
    "letter": f"/placement/campaigns/{READY}/letter",
    "attachment": f"/placement/campaigns/{READY}/letter/attachment",
    "move": f"/placement/moves/{OFFERED}",
    "supply": f"/placement/campaigns/{SHOWN}/supply",
    "words": "/notifications/words?stage=hosts",
    "messages": "/notifications/",
    "messages-found": "/notifications/find?q=%E3%84%B4",
    "task": "/notifications/tasks/{task}",
    "centre-inbox": "/notifications/inbox",
}
OF_AN_OFFICE = {"office-start": "/", "office": "/placement/office"}
OF_AN_ADMINISTRATOR = {
    "system-start": "/",
    "system": "/system",
    "lag": "/system/lag",
    "health": "/system/health",
    "lag-placement": "/placement/system/lag",
    "lag-notifications": "/notifications/system/lag",
    "health-placement": "/placement/system/health",
    "health-notifications": "/notifications/system/health",
    "system-placement": "/placement/system",
    "system-notifications": "/notifications/system",
}
OF_A_SCHOOL = {
    "school": "/",
    "inbox": "/notifications/inbox",
    "surveys": "/surveys",
    "survey-empty": f"/surveys/{OPEN}",
    "survey-file": f"/surveys/{OPEN}/upload",
    "survey-summary": f"/surveys/{LATE}/summary",
    "survey-apart": f"/surveys/{LATE}/groups/{LATE_GROUP}",
    "survey-withdraw": f"/surveys/{LATE}/withdraw",
    "posts": "/school",
    "visits": "/placement/placements",
    "visit-offered": f"/placement/placements/{OFFERED}",
    "visit-confirmed": f"/placement/placements/{CONFIRMED}",
    "visit-line": f"/placement/placements/{LINE}",
    "visit-what-if": f"/placement/placements/{LINE}?also={day_in(now(), 44)}",
    "visit-if-others": f"/placement/placements/{LINE}?also={day_in(now(), 37)}",
    "visit-withdraw": f"/placement/placements/{CONFIRMED}/withdraw",
    "visit-condition": f"/placement/placements/{CONDITIONED}",
    "visit-attendance": f"/placement/placements/{BEGUN}",
    "leave": f"/placement/campaigns/{SHOWN}/withdraw",
    "levels": f"/placement/campaigns/{READY}/levels",
}
OF_A_HOST = {
    "asked": "/placement/asked",
    "ask": f"/placement/asked/{ASKED}",
    "ask-if": f"/placement/asked/{ASKED}?answer=if",
    "ask-no": f"/placement/asked/{ASKED}?answer=no",
    "ask-link": "/placement/asked/link",
    "ask-done": f"/placement/asked/{ACCEPTED}",
    "ask-declined": f"/placement/asked/{DECLINED}",
    "offer-list": "/placement/offers",
    "offer": f"/placement/offers/{OFFER}",
    "offer-draft": f"/placement/offers/{DRAFT}",
    "offer-new": "/placement/offers/new",
    "offer-edit": f"/placement/offers/{OFFER}/edit",
    "offer-withdraw": f"/placement/offers/{OFFER}/withdraw",
    "visit-cancel": f"/placement/visits/{ACCEPTED}/cancel",
    "host-inbox": "/notifications/inbox",
}
READERS = {
    HOST_LOGIN: OF_A_HOST,
    None: OF_ANYONE,
    CENTRE_LOGIN: OF_THE_CENTRE,
    SCHOOL_LOGIN: OF_A_SCHOOL,
    OFFICE_LOGIN: OF_AN_OFFICE,
    ADMIN_LOGIN: OF_AN_ADMINISTRATOR,
}
VIOLATIONS = """async () => (await axe.run()).violations.map(
    found => found.id + ": " + found.nodes.map(node => node.target.join(" ")).join(", "))"""


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page. It is evaluated, so the page's own policy stays."""
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(VIOLATIONS)
    return found


def test_a_centre_signs_in_and_sees_what_is_to_be_done(reader: Reader) -> None:
    page = reader()
    page.goto("/placement/")
    expect(page).to_have_url(re.compile("/sign-in[?]next="))
    page.fill("[name=login]", CENTRE_LOGIN)
    page.fill("[name=password]", "not the password")
    page.click("form[action='/sign-in'] button")
    expect(page.locator(".errors")).to_be_visible()
    page.fill("[name=password]", "correct horse battery")
    page.click("form[action='/sign-in'] button")
    expect(page.locator("h1")).to_have_text("배정")
    page.click(".tabs a >> nth=0")
    asked = re.compile(r"답하지 않은 학교 \d곳에 한 번 더 알려 주세요")
    expect(page.locator(".now h2")).to_have_text(asked)


def test_a_search_brings_the_messages_along_and_without_a_script_a_link_leads_to_them(
    reader: Reader,
) -> None:
    page = reader(login=CENTRE_LOGIN)
    page.goto("/search")
    page.fill("[name=q] >> nth=-1", "확인 요청")
    expect(page.locator("#found #told h2")).to_have_text("메시지 1건")
    page.click("#told .rowlink")
    expect(page.locator("h1")).to_have_text("메시지")
    bare = reader(login=CENTRE_LOGIN, script=False)
    bare.goto("/search?q=확인 요청")
    bare.click("#told a")
    expect(bare.locator("#told h2")).to_have_text("메시지 1건")


def test_without_a_script_a_reader_enters_changes_language_and_leaves(reader: Reader) -> None:
    page = reader(login=CENTRE_LOGIN, script=False)
    page.click(".foot button[name=lang]")
    expect(page.locator("h1")).to_have_text("To do")
    page.click(".foot button[name=contrast]")
    expect(page.locator("html[data-krds-mode=high-contrast]")).to_have_count(1)
    page.click(".me summary")
    page.click("form[action='/session/sign-out'] button")
    expect(page.locator("h1")).to_have_text("Enter Ieum")
    page.goto("/")
    expect(page.locator("h1")).to_have_text("Enter Ieum")


def test_a_page_of_another_role_says_so_in_a_sentence(reader: Reader) -> None:
    page = reader(login=SCHOOL_LOGIN)
    answer = page.goto("/placement/")
    assert answer is not None
    assert answer.status == 403
    expect(page.locator(".lead")).to_have_text("이 역할로는 할 수 없는 일입니다.")


@pytest.mark.parametrize("width", [360, pytest.param(1280, marks=pytest.mark.slow)])
@pytest.mark.parametrize("login", READERS, ids=str)
def test_every_page_fits_its_width_has_its_own_title_and_no_violation(
    reader: Reader, site: Site, login: str | None, width: int
) -> None:
    page = reader(width, login)
    foreign: list[str] = []
    page.on("request", lambda sent: foreign.append(sent.url))
    titles = {}
    for name, path in READERS[login].items():
        answer = page.goto(site.at(path))
        assert answer is not None
        assert answer.status == 200, f"{name}: {answer.status}"
        assert "unsafe" not in answer.headers["content-security-policy"]
        # What a page brings along from a sibling, in the place of a link to it, belongs to it.
        expect(page.locator("[hx-trigger=load][hx-swap^=outerHTML]")).to_have_count(0)
        titles[name] = page.title()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide at {width}"
        if os.environ.get("IEUM_PICTURES") == "1" and name in PICTURED:
            page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
        assert violations(page) == [], name
    assert len(set(titles.values())) == len(titles), titles
    assert all(url.startswith(site.address) for url in foreign), foreign


def test_the_end_of_a_session_is_said_ten_minutes_before_and_put_off_with_one_tap(
    reader: Reader,
) -> None:
    page = reader(360, SCHOOL_LOGIN)
    page.clock.install()
    page.goto("/")
    ending = page.locator("#ending")
    page.clock.fast_forward("01:49:00")
    expect(ending).to_be_empty()
    page.clock.fast_forward("02:00")
    expect(ending).to_contain_text("10분 뒤에 로그인이 끝납니다")
    page.click("#ending button")
    expect(ending).to_be_empty()
    page.clock.fast_forward("02:00:01")
    expect(ending).to_contain_text("로그인이 끝났습니다")


def test_who_is_missing_is_counted_by_tapping(reader: Reader) -> None:
    page = reader(360, SCHOOL_LOGIN)
    page.goto(f"/placement/placements/{BEGUN}")
    more = page.get_by_label("빠진 사람 한 명 더")
    box = more.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    more.click()
    more.click()
    page.get_by_label("빠진 사람 한 명 덜").press("Enter")
    expect(page.locator("output")).to_have_text("24명 가운데 23명 왔습니다")
    expect(page.get_by_label("빠진 인원")).to_have_value("1")
