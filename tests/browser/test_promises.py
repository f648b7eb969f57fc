"""Small promises to every reader: skip link, motion, countdown, print, and what is to be mended."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.seed import CENTRE_LOGIN, OPEN, SCHOOL_LOGIN
from tests.browser.seed_visits import CONFIRMED

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Reader = Callable[..., Page]
MOVES = """() => [...document.querySelectorAll('*, ::before')].filter(one => {
    const style = getComputedStyle(one);
    return style.transitionDuration.split(', ').some(time => parseFloat(time) > 0)
        || style.animationName !== 'none';
}).length"""
SPOKEN = """() => [...document.querySelectorAll('[data-left]')]
    .filter(one => one.closest('[aria-live], [role=status], [role=alert], [role=timer]')).length"""
CHANGES = """() => {
    window.changes = 0;
    const left = document.querySelector('[data-left]');
    new MutationObserver(() => window.changes += 1)
        .observe(left, {childList: true, characterData: true, subtree: true});
}"""


def test_the_first_tab_leads_past_the_menu(reader: Reader) -> None:
    page = reader(1280, CENTRE_LOGIN)
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    inside = page.evaluate("!!document.activeElement.closest('main')")
    assert inside, "the skip link leaves the focus before the page's own part"


def test_who_wants_no_motion_sees_none(reader: Reader) -> None:
    page = reader(1280, SCHOOL_LOGIN)
    page.goto(f"/placement/placements/{CONFIRMED}")
    assert page.evaluate(MOVES) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVES) == 0


def test_the_time_that_is_left_changes_once_a_minute_and_is_never_read_out(reader: Reader) -> None:
    page = reader(360, SCHOOL_LOGIN)
    page.clock.install()
    page.goto("/")
    assert page.locator("[data-left]").count() > 0
    assert page.evaluate(SPOKEN) == 0
    page.evaluate(CHANGES)
    page.clock.run_for("05:00")
    assert 4 <= page.evaluate("window.changes") <= 6


def test_a_visit_is_printed_without_what_one_can_only_press(reader: Reader) -> None:
    page = reader(1280, SCHOOL_LOGIN)
    page.goto(f"/placement/placements/{CONFIRMED}")
    page.emulate_media(media="print")
    for hidden in (".site", ".foot", ".btn", ".tabs"):
        for one in page.locator(hidden).all():
            expect(one).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".stops")).to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_each_fault_in_the_summary_leads_to_its_field(reader: Reader, site: Site) -> None:
    page = reader(360, CENTRE_LOGIN)
    page.goto(f"/campaigns/{OPEN}/plan")
    page.fill("[name=name]", "")
    page.fill("[name=deadline]", "2020-01-01T10:00")
    page.click("form.form button[type=submit] >> nth=-1")
    summary = page.locator(".errors")
    expect(summary).to_be_focused()
    links = summary.locator("a")
    assert [link.get_attribute("href") for link in links.all()] == ["#f-name", "#f-deadline"]
    for link in links.all():
        target = link.get_attribute("href") or ""
        field = page.locator(target)
        expect(field).to_have_count(1)
        said = field.get_attribute("aria-describedby") or ""
        assert any(page.locator(f"#{one}").is_visible() for one in said.split()), target
    links.first.click()
    expect(page.locator(links.first.get_attribute("href") or "")).to_be_focused()


@pytest.mark.parametrize(
    ("language", "said"), [("ko-KR", "11월 5일(화) 오전 10시"), ("en-GB", "Tue 5 November 10 am")]
)
def test_a_day_in_a_field_is_said_in_the_words_of_the_page(
    reader: Reader, language: str, said: str
) -> None:
    page = reader(360, CENTRE_LOGIN, language)
    page.goto("/campaigns/new")
    words = page.locator("#f-deadline-d")
    proposed = words.text_content()
    page.fill("[name=deadline]", "2024-11-05T10:00")
    expect(words).to_have_text(said)
    assert proposed not in ("", said), "the server says what it proposes"
    page.fill("[name=deadline]", "")
    expect(words).to_be_hidden()
