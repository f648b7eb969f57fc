"""What several journeys do: a school is asked, a mail is waited for, a page is looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from demo.client import Json, Person, wait_for
from demo.opening import invitation_link, register
from demo.world import PASSWORD, World
from tests.browser import readers

AXE = Path(__file__).parents[1] / "axe" / "axe.min.js"
PICTURES = Path(__file__).parents[3] / "docs" / "images"
WIDTHS = (360, 1280)
MOST_STOPS = 200
VIOLATIONS = """async () => (await axe.run()).violations.map(
    found => found.id + ": " + found.nodes.map(node => node.target.join(" ")).join(", "))"""


def school(world: World, name: str, key: str) -> str:
    """A school that the centre serves and that is not one of the story's. Returns its id."""
    number = 9_000_000 + sum(ord(letter) for letter in key)
    row: Json = {
        "key": key,
        "name": name,
        "district": "deogyang",
        "code": f"J10-{number}",
        "level": "middle",
    }
    return register(world, row, "school", "centre_school")


def invited(world: World, organisation: str, email: str | None = None) -> Json:
    """The centre invites somebody to the school, by mail or by the code of a letter."""
    body = {"organisation": organisation, "role": "school", "duty": "career_teacher"}
    sent: Json = world.centre.post(
        "/api/v1/invitations", {**body, "email": email} if email else body
    )
    return sent


def link(world: World, email: str) -> str:
    """The secret in the newest invitation in a mailbox."""
    found: str = wait_for(lambda: invitation_link(world, email), "the mail with the invitation")
    return found


def entered(page: Page, login: str, **words: str) -> None:
    """Fill in the form of a new account and send it."""
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    for name, value in words.items():
        page.fill(f"[name={name}]", value)
    page.click("form.form button[type=submit]")


def teacher(world: World, name: str, key: str) -> str:
    """A school with a teacher who may sign in. Returns the login."""
    sent = invited(world, school(world, name, key))
    login = f"{key}-teacher"
    body = {"code": sent["extra"]["code"], "login": login, "password": PASSWORD}
    reach = {"person": "정다운", "email": f"{key}@school.example"}
    Person(world.origin).post("/api/v1/invitations/accept", {**body, **reach})
    world.centre.post(f"/api/v1/invitations/{sent['id']}/approve")
    return login


def sign_in(page: Page, login: str) -> None:
    """Sign in with the password that everybody in the story has."""
    readers.sign_in(page, login, PASSWORD)


def saved(page: Page, act: Callable[[], object]) -> None:
    """Do something in the form, and wait until the form has saved itself."""
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and "/surveys/" in answer.url
    ):
        act()
    expect(page.locator("#saved")).to_contain_text("저장됨")


def swapped(page: Page, act: Callable[[], object]) -> None:
    """Press something in the form, and wait until its parts have been replaced."""
    page.evaluate("document.getElementById('sheet').dataset.old = '1'")
    act()
    page.wait_for_selector("#sheet:not([data-old])")


def reach(page: Page, selector: str, backwards: bool = False) -> None:
    """Move the focus with the keyboard alone until it is where it is wanted."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if page.evaluate("wanted => !!document.activeElement?.matches(wanted)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def sound(page: Page, name: str) -> None:
    """The page fits both widths and has no violation; its pictures are taken if asked for."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide at {width}"
        if os.environ.get("IEUM_PICTURES") == "1":
            # At its end, a page shows its sticky foot where it belongs.
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
    page.evaluate(AXE.read_text())
    assert page.evaluate(VIOLATIONS) == [], name


def said(words: str) -> re.Pattern[str]:
    """Words as a page says them, which joins the parts of a day so that no line breaks them."""
    return re.compile(re.escape(words).replace(r"\ ", r"\s").replace(r"\(", "\N{WORD JOINER}?\\("))
