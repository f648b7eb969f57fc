"""What a screen reader is told on the pages of each journey, kept as text beside this file.

`trees/<reader>.txt` holds the accessibility tree of every page that this reader walks, in order.
A change of a page shows there as a change of words: read it, and if it reads well, keep it with
`IEUM_TREES=1 pytest tests/browser/test_trees.py`. Numbers, days and hours are left out, since the
seeded world moves with the calendar.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.test_pages import READERS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Reader = Callable[..., Page]
TREES = Path(__file__).parent / "trees"
MEASURED = ("system", "lag", "health")
"""What these pages say depends on how the machine fares at the moment."""

MOVING = (
    # Said from the second sign-in on, and another test may have been the first.
    (re.compile(r"\n *- paragraph: 지난 로그인 [^\n]*"), ""),
    (re.compile(r"오전|오후"), "~"),
    (re.compile(r"[0-9]{4} (봄|여름|가을|겨울)"), "#"),
    (re.compile(r"\((월|화|수|목|금|토|일)\)"), "(#)"),
    (re.compile(r'cell "(월|화|수|목|금|토|일)"'), 'cell "#"'),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}"), "#"),
    (re.compile(r"(/url: https?://[^/\s]+)\S*"), r"\1"),
    (re.compile(r"(?<!level=)[0-9]+"), "#"),
    (re.compile(r"(#일 )?(#시간 )?#분 남음"), "# 남음"),
    (re.compile(r"#시\s#분"), "#시"),
)
CALENDARS = "document.querySelectorAll('.months').forEach(one => one.remove())"
"""How many days a month shows is the calendar's affair; the calendar has its own test."""

LATER = "[hx-trigger=load][hx-swap^=outerHTML]"
"""A part that comes by itself after its page, and tells as much as the rest."""

HEADINGS = """() => [...document.querySelectorAll('h1, h2, h3, h4')]
    .filter(one => one.checkVisibility()).map(one => [+one.tagName[1], one.textContent.trim()])"""


def still(text: str) -> str:
    """The tree without what moves with the day."""
    for found, put in MOVING:
        text = found.sub(put, text)
    return text


@pytest.mark.parametrize("login", READERS, ids=str)
def test_each_page_reads_as_it_was_kept_and_no_heading_leaves_out_a_level(
    reader: Reader, site: Site, login: str | None
) -> None:
    page = reader(1280, login)
    pages, wrong = [], []
    for name, path in READERS[login].items():
        if name.startswith(MEASURED) and name != "system-start":
            continue
        answer = page.goto(site.at(path))
        assert answer is not None
        assert answer.status == 200, f"{name}: {answer.status}"
        expect(page.locator(LATER), name).to_have_count(0)
        page.evaluate(CALENDARS)
        pages.append(f"== {name}\n{still(page.locator('main').aria_snapshot())}\n")
        deepest = 0
        for level, words in page.evaluate(HEADINGS):
            if level > deepest + 1:
                wrong.append(f"{name}: a heading of level {level} after {deepest}: {words}")
            deepest = level
    assert not wrong, "\n".join(wrong)
    kept = TREES / f"{login or 'anyone'}.txt"
    tree = "\n".join(pages)
    if os.environ.get("IEUM_TREES") == "1":
        TREES.mkdir(exist_ok=True)
        kept.write_text(tree)
    assert tree == kept.read_text(), f"{kept.name} says something else; read the difference"
