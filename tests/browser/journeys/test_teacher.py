"""A school's teacher: from the letter or the mail to a survey that the centre sees."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from demo.world import World

Reader = Callable[..., Page]


def test_a_teacher_signs_in_while_the_survey_is_open(reader: Reader, opened: World) -> None:
    page = reader(360, f"{opened.data['schools'][0]['key']}-teacher")
    expect(page.locator("h1")).to_have_text("할 일")
