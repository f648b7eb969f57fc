"""Readers of the pages: each has a browser of its own, and no script may fail before one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser, BrowserContext, Page

HEIGHT = 900

Reader = Callable[..., Page]


@contextmanager
def readers(
    browser: Browser,
    address: str,
    password: str,
    begun: Callable[[BrowserContext], None] = lambda context: None,
    ended: Callable[[BrowserContext], None] = lambda context: context.close(),
) -> Iterator[Reader]:
    """Gives `reader(width, login, language, script)`, which opens a page of a new reader.

    A fault of a page's script fails the test, whatever the page still shows.
    """
    faults: list[str] = []
    with ExitStack() as stack:

        def opened(
            width: int = 1280,
            login: str | None = None,
            language: str = "ko-KR",
            script: bool = True,
        ) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": HEIGHT},
                locale=language,
                timezone_id="Asia/Seoul",
                base_url=address,
                java_script_enabled=script,
            )
            begun(context)
            stack.callback(ended, context)
            page = context.new_page()
            page.on("pageerror", lambda fault: faults.append(f"{page.url}: {fault}"))
            if login is not None:
                sign_in(page, login, password)
            return page

        yield opened
    assert not faults, faults


def sign_in(page: Page, login: str, password: str) -> None:
    """Sign in by the door's form."""
    page.goto("/sign-in")
    page.fill("[name=login]", login)
    page.fill("[name=password]", password)
    page.click("form[action='/sign-in'] button")
    page.wait_for_selector(".me")
