"""What opens nothing any more says why, and what to do: links, invitations, codes, the door."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.seed import OPEN, SCHOOL_LOGIN
from tests.browser.seed_visits import ASKED
from tests.browser.test_pages import violations
from tests.browser.test_variants import LEAST_TARGET, SMALL, TAPPED, WIDE

pytestmark = pytest.mark.browser

Reader = Callable[..., Page]
VARIANTS = [
    (360, "ko-KR"),
    pytest.param(1280, "ko-KR", marks=pytest.mark.slow),
    pytest.param(360, "en-GB", marks=pytest.mark.slow),
]
LINKS = {
    "host-over": (410, "기한이 지난 링크입니다"),
    "host-revoked": (410, "센터에서 새로 바꾼 링크입니다"),
    "host-unknown": (404, "열 수 없는 링크입니다"),
    "host-strange": (404, "이 링크로 볼 수 없는 방문입니다"),
    "escort-over": (410, "체험하는 날이 지난 링크입니다"),
    "escort-unknown": (404, "열 수 없는 링크입니다"),
    "escort-missing": (404, "열 수 없는 링크입니다"),
    "used": (409, "이미 쓴 초대입니다"),
    "expired": (409, "기한이 지난 초대입니다"),
    "withdrawn": (409, "센터가 거둔 초대입니다"),
    "unknown": (404, "열 수 없는 초대입니다"),
}
"""The status and the heading of each address that opens nothing."""
NOBODYS = {
    "/placement/day": "받으신 링크를 다시 열어 주세요",
    "/placement/asked": "받으신 메일의 링크를 다시 열어 주세요",
}
"""Pages of a link on a device that never opened one."""


IN_HIGH_CONTRAST = """async () => {
    document.documentElement.dataset.krdsMode = "high-contrast";
    const found = await axe.run({runOnly: ["color-contrast"]});
    document.documentElement.dataset.krdsMode = "light";
    return found.violations.flatMap(one => one.nodes.map(node => node.target.join(" ")));
}"""
"""What is hard to read where a reader wants more contrast; only colours differ there."""


def sound(page: Page, name: str, width: int) -> list[str]:
    """What is wrong with the page: violations, too wide, targets too small, no way on."""
    wrong = [f"{name}: {one}" for one in violations(page)]
    # Colours of buttons change slowly unless a reader wants no motion.
    page.emulate_media(reduced_motion="reduce")
    wrong += [f"{name} in high contrast: {one}" for one in page.evaluate(IN_HIGH_CONTRAST)]
    if page.evaluate(WIDE) > width:
        wrong.append(f"{name} is too wide")
    wrong += [f"{name}: {one}" for one in page.evaluate(SMALL, [TAPPED, LEAST_TARGET])]
    ways = page.locator("main a[href], main button:visible, main form")
    return wrong if ways.count() else [*wrong, f"{name} leads nowhere"]


@pytest.mark.parametrize(("width", "language"), VARIANTS)
def test_what_opens_nothing_says_why_and_leads_on(
    reader: Reader, site: Site, width: int, language: str
) -> None:
    wrong: list[str] = []
    for name, (status, heading) in LINKS.items():
        page = reader(width, language=language)
        token = site.invited.get(name, "not-a-token")
        answer = page.goto(site.closed.get(name, f"/invitations/accept?token={token}"))
        assert answer is not None
        assert answer.status == status, f"{name}: {answer.status}"
        if language == "ko-KR":
            expect(page.locator("h1")).to_have_text(heading)
        wrong += sound(page, name, width)
        page.context.close()
    for path, heading in NOBODYS.items():
        page = reader(width, language=language)
        page.goto(path)
        if language == "ko-KR":
            expect(page.locator("h1")).to_have_text(heading)
        wrong += sound(page, path, width)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("width", "language"), VARIANTS)
def test_who_guesses_is_told_to_wait(reader: Reader, site: Site, width: int, language: str) -> None:
    page = reader(width, language=language)
    page.goto("/sign-in")
    wrong: list[str] = []
    code = f"ABCD-EFGH-{width:04d}"
    page.fill("[name=code]", code)
    page.click("form[action='/start'] button")
    expect(page).to_have_title(re.compile("^(고칠 곳이 1개|Things to correct: 1)"))
    page.click(".errors a")
    expect(page.locator("#f-code")).to_be_focused()
    wrong += sound(page, "a code that nobody gave", width)
    page.goto("/sign-in")
    for _ in range(11):
        page.fill("[name=login]", f"nobody-{width}-{language}")
        page.fill("[name=password]", "a password")
        page.click("form[action='/sign-in'] button")
    expect(page.locator(".errors")).to_contain_text(re.compile("다시|again"))
    wrong += sound(page, "a door that waits", width)

    page.goto(site.closed["host-good"])
    page.click("button[value=no]")
    for _ in range(6):
        page.check("input[name=reason_code] >> nth=0", force=True)
        page.fill("#f-known", "0000")
        page.click("main form button.btn--primary")
    expect(page.locator(".errors")).to_be_visible()
    wrong += sound(page, f"answer of {ASKED} that is locked", width)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("width", "language"), VARIANTS)
def test_a_form_whose_session_ended_asks_for_the_password_and_goes_on(
    reader: Reader, width: int, language: str
) -> None:
    page = reader(width, SCHOOL_LOGIN, language)
    page.goto(f"/surveys/{OPEN}")
    page.context.clear_cookies()
    page.fill("#f-g0-class_name", "2반")
    page.click("[data-when=session] button")
    wrong = sound(page, "a form whose session ended", width)
    page.fill("#f-again-login", SCHOOL_LOGIN)
    page.fill("#f-again-password", "not the password")
    page.click("form.form button")
    expect(page.locator(".errors")).to_be_visible()
    wrong += sound(page, "a wrong password in between", width)
    assert not wrong, "\n".join(wrong)
