"""Every page in every variant: languages, contrasts, widths, doubled text, fourfold zoom, weight.

Belongs to `make check`; one variant of the same walk is in `test_pages.py`.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response

from tests.browser.conftest import Site
from tests.browser.test_pages import READERS, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Reader = Callable[..., Page]
WIDTHS = (360, 1280)
HEIGHT = 900
ZOOMED = 320
"""CSS pixels that are left of 1280 at a zoom of 400 %."""

MOST_BYTES = 150_000
LEAST_TARGET = 44
TEXT = {"standard": 16, "fixed": 13}
"""The sizes, in px, that a browser comes with."""

TWICE = "document.documentElement.style.fontSize = '125%'"
"""The house's root is 62.5 %: twice of it doubles the text alone, while the breakpoints stay, as
some telephones do it. A browser's own setting moves the breakpoints too; both are looked at."""

WIDE = "document.documentElement.scrollWidth"
CUT = """() => [...document.querySelectorAll('body *')].filter(one => {
    const style = getComputedStyle(one);
    const words = [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    return words && one.checkVisibility() && !one.closest('.sr, .skip, .path, .scroll, select, svg')
        && ['hidden', 'clip'].includes(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
}).map(one => one.className + ': ' + one.textContent.trim().slice(0, 40))"""
TAPPED = "a[href], button, input, select, textarea, summary"
SMALL = """([tapped, least]) => [...document.querySelectorAll(tapped)].filter(one => {
        if (!one.checkVisibility() || one.type === 'hidden') return false;
        if (one.closest('.skip, .sr')) return false;
        if (getComputedStyle(one).display === 'inline') return false;
        const box = (one.closest('label') ?? one).getBoundingClientRect();
        return box.width + 0.5 < least || box.height + 0.5 < least;
    }).map(one => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("contrast", ["light", "high-contrast"])
@pytest.mark.parametrize("language", ["ko-KR", "en-GB"])
@pytest.mark.parametrize("login", READERS, ids=str)
def test_every_variant_of_every_page_has_no_violation(
    reader: Reader, site: Site, login: str | None, language: str, contrast: str
) -> None:
    page = reader(1280, login, language)
    if contrast == "high-contrast":
        page.goto("/sign-in" if login is None else "/")
        page.click(".foot button[name=contrast]")
        page.wait_for_selector("html[data-krds-mode=high-contrast]")
    wrong: list[str] = []
    for name, path in READERS[login].items():
        page.goto(site.at(path))
        shown = page.locator("html")
        assert shown.get_attribute("lang") == language[:2], name
        assert shown.get_attribute("data-krds-mode") == contrast, name
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            wrong += [f"{name} at {width}: {found}" for found in violations(page)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", ["ko-KR", "en-GB"])
@pytest.mark.parametrize("login", READERS, ids=str)
def test_zoom_and_doubled_text_lose_nothing_taps_are_large_and_pages_light(
    reader: Reader, site: Site, login: str | None, language: str
) -> None:
    page = reader(WIDTHS[0], login, language)
    devtools = page.context.new_cdp_session(page)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    wrong: list[str] = []
    shared = 0
    for name, path in READERS[login].items():
        # An answer that comes late belongs to the page before, and cannot be read any more.
        page.goto("about:blank")
        answers.clear()
        page.goto(site.at(path))
        weights = {one.url: _weight(one) for one in answers if one.status == 200}
        # Styles and scripts are kept by the browser after the first page, and weigh as before.
        shared = max(shared, sum(size for url, size in weights.items() if "/static/" in url))
        own = sum(size for url, size in weights.items() if "/static/" not in url)
        if own + shared > MOST_BYTES:
            wrong.append(f"{name} weighs {own + shared} bytes")
        wrong += [f"{name}: {found}" for found in page.evaluate(SMALL, [TAPPED, LEAST_TARGET])]
        for width in (ZOOMED, *WIDTHS):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            wrong += _lost(page, name, width)
        devtools.send(
            "Page.setFontSizes", {"fontSizes": {kind: 2 * px for kind, px in TEXT.items()}}
        )
        for width in (WIDTHS[1], WIDTHS[0]):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            wrong += _lost(page, f"{name} with doubled text", width)
        devtools.send("Page.setFontSizes", {"fontSizes": TEXT})
        page.evaluate(TWICE)
        wrong += _lost(page, f"{name} with doubled text and breakpoints that stay", WIDTHS[0])
    assert shared, "no style was weighed"
    assert not wrong, "\n".join(wrong)


def _weight(answer: Response) -> int:
    kind = answer.headers.get("content-type", "")
    counts = any(one in kind for one in ("html", "css", "javascript"))
    return len(gzip.compress(answer.body())) if counts else 0


def _lost(page: Page, name: str, width: int) -> list[str]:
    """What needs sideways scrolling, and text that is cut off."""
    wide = page.evaluate(WIDE)
    found = [f"{name} is {wide} px wide at {width}"] if wide > width else []
    return found + [f"{name} at {width} cuts {words}" for words in page.evaluate(CUT)]
