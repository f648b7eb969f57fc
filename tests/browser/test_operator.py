"""The centre's pages that need no other service: the wizard, reminders, answers by telephone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.seed import CENTRE_LOGIN, FIRST_SCHOOL, OPEN, READY, READY_RUN

pytestmark = pytest.mark.browser


Reader = Callable[..., Page]


@pytest.mark.parametrize("script", [True, False])
def test_a_campaign_is_made_step_by_step_and_announced(reader: Reader, script: bool) -> None:
    page = reader(360, CENTRE_LOGIN, script=script)
    name = f"2025 여름 시청 속 직업 탐험 {'가' if script else '나'}"
    page.goto("/programmes/new")
    page.click("form.form button")
    expect(page.locator(".errors a")).to_have_attribute("href", "#f-name")
    page.fill("[name=name]", f"여름 탐험 {'가' if script else '나'}")
    page.select_option("[name=level]", "high")
    page.click("form.form button")
    expect(page.locator("h1")).to_have_text("새 사업 만들기")
    page.fill("[name=name]", name)
    page.fill("[name=schools]", "많이")
    page.click("form.form button")
    expect(page.locator(".errors li")).to_have_count(2)
    expect(page).to_have_title(f"고칠 곳이 2개 있습니다, 새 사업 만들기, {name} - 이음")
    expect(page.locator("[name=name]")).to_have_value(name)
    page.fill("[name=schools]", "6")
    page.check("[name=fields][value=drones]")
    page.click("form.form button")
    expect(page.locator("h1")).to_have_text(name)
    expect(page.locator(".facts").nth(1)).to_contain_text("6곳")
    page.click(".now .btn--quiet")
    page.fill("[name=students]", "120")
    page.click("form.form button")
    expect(page.locator(".facts").nth(1)).to_contain_text("120명")
    page.click(".now .btn--primary")
    expect(page.locator("h1")).to_have_text(name)
    expect(page.locator(".path__now")).to_contain_text("수요조사")


def test_dates_out_of_order_are_said_beside_their_field(reader: Reader) -> None:
    page = reader(1280, CENTRE_LOGIN)
    page.goto("/campaigns/new")
    page.fill("[name=name]", "거꾸로 된 사업")
    page.check("[name=fields][value=drones]")
    page.fill("[name=deadline]", page.input_value("[name=opens_at]"))
    page.click("form.form button")
    expect(page.locator("#f-deadline-e")).to_contain_text("마감은 시작보다 늦어야 합니다")


def test_who_has_not_answered_is_reminded_once_an_hour(reader: Reader) -> None:
    page = reader(1280, CENTRE_LOGIN)
    page.goto(f"/campaigns/{OPEN}")
    page.click(".now .btn--primary")
    send = page.locator(".now .btn--primary")
    expect(send).to_contain_text("곳에 보내기")
    page.click(".now .btn--quiet")
    expect(page.locator("h1")).to_have_text("다시 알리는 글")
    page.go_back()
    send.click()
    expect(page.locator(".path__now")).to_contain_text("수요조사")
    page.goto(f"/campaigns/{OPEN}/remind")
    page.click(".now .btn--primary")
    expect(page.locator(".errors")).to_contain_text("조금 전에 알렸습니다")


def test_an_answer_heard_on_the_telephone_is_written_down(reader: Reader) -> None:
    page = reader(360, CENTRE_LOGIN)
    page.goto(f"/campaigns/{OPEN}/schools/{FIRST_SCHOOL}")
    page.fill("[name=people0]", "24")
    page.click("form.form .btn--primary")
    expect(page.locator(".errors")).to_be_visible()
    expect(page.locator("[name=people0]")).to_have_value("24")
    page.fill("[name=spoken_with]", "진로부장 선생님")
    page.fill("[name=grade0]", "2")
    page.select_option("[name=field0-0]", index=1)
    page.click("form.form .btn--primary")
    expect(page.locator("h1")).to_contain_text("속 직업 탐험")
    page.goto(f"/campaigns/{OPEN}/schools/{FIRST_SCHOOL}")
    expect(page.locator(".tag").first).to_have_text("제출")


def test_a_release_is_planned_and_called_off_on_the_campaigns_page(
    reader: Reader, site: Site
) -> None:
    page = reader(360, CENTRE_LOGIN, script=False)
    page.goto(f"/placement/campaigns/{READY}")
    page.click(".now .btn--primary")
    expect(page.locator("h1")).to_have_text("체험처에 보낼 것")
    page.fill("[name=answer_by]", "2020-01-01T10:00")
    page.click("form.now .btn--primary")
    expect(page.locator("#f-answer_by-e")).to_contain_text("지났습니다")
    page.goto(f"/placement/runs/{READY_RUN}/release/hosts")
    page.click("form.now .btn--primary")
    expect(page.locator(".notice--good")).to_contain_text("그때까지 취소하실 수 있습니다")
    page.click(".notice--good button")
    expect(page.locator(".notice--good")).to_have_count(0)
    expect(page.locator(".now .btn--primary")).to_have_text("보낼 것 보기")
