"""A school after the release: why not, and a seat that is kept; the sheet of the day; in public."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from demo.client import Json, wait_for
from demo.world import World
from tests.browser.journeys.walking import sound

Reader = Callable[..., Page]


def visits(reader: Reader, world: World, *states: str) -> tuple[Page, list[str], str]:
    """A school with groups in a state: its list of results, their addresses, and its name."""
    rows = world.centre.all("/placement/api/v1/placements", campaign=world.ids["campaign"])
    keys = {world.ids[f"school:{one['key']}"]: one for one in world.data["schools"]}
    # Other journeys bring schools of their own into the campaign.
    rows = [row for row in rows if row["school"] in keys and row["status"] in states]
    rows = [row for row in rows if _of_a_host_that_signs_in(world, row)]
    found = [row for row in rows if row["school"] == rows[0]["school"]]
    school = keys[rows[0]["school"]]
    page = reader(360, f"{school['key']}-teacher")
    page.click(".tabs a >> text=배정 결과")
    expect(page.locator("h1")).to_have_text("배정 결과")
    return page, [f"/placement/placements/{row['id']}" for row in found], school["name"]


def _of_a_host_that_signs_in(world: World, row: Json) -> bool:
    hosts = {world.ids[f"host:{key}"] for key in ("future", "sports", "brand")}
    return all(stop["host"] in hosts for part in row["parts"] for stop in part["stops"])


def test_a_school_reads_its_visit_and_sends_its_escort_a_link(
    reader: Reader, confirmed: World
) -> None:
    page, paths, _ = visits(reader, confirmed, "confirmed")
    sound(page, "results")
    page.goto(paths[0])
    expect(page.locator(".verdict")).to_contain_text("에서 모입니다")
    expect(page.locator("#print")).to_be_visible()
    sound(page, "result")
    entry = page.request.get(f"{paths[0]}/visit.ics")
    assert entry.text().startswith("BEGIN:VCALENDAR")
    page.click("summary >> text=인솔 교사")
    page.click("text=인솔용 링크 만들기")
    link = page.input_value("#f-link")
    escort = reader(360)
    escort.goto(link)
    assert "/placement/v/" not in escort.url
    expect(escort.locator(".verdict")).to_contain_text("에서 모입니다")
    expect(escort.locator(".now")).to_have_count(0)
    sound(escort, "day")


def test_fewer_students_come_and_the_host_reads_the_new_number(
    reader: Reader, confirmed: World
) -> None:
    page, paths, school = visits(reader, confirmed, "confirmed")
    page.goto(paths[-1])
    heading = page.locator("h1").inner_text()
    before = int(re.findall(r"(\d+)명", heading)[-1])
    page.click("summary >> text=인원을 줄여야 해요")
    page.fill("#f-people", str(before + 5))
    page.click("text=인원 바꾸기")
    expect(page.locator(".errors")).to_contain_text("보다 적게 적어 주세요")
    page.fill("#f-people", str(before - 1))
    page.click("text=인원 바꾸기")
    expect(page.locator("h1")).to_contain_text(f"{before - 1}명")
    hosts = [reader(1280, f"{key}-team") for key in ("future", "sports", "brand")]

    def told() -> bool:
        for host in hosts:
            host.goto("/placement/asked")
            if host.locator(f"li:has-text('{school}'):has-text('{before - 1}명')").count():
                return True
        return False

    assert wait_for(lambda: told() or None, "a host to see the smaller group")


def test_a_school_that_was_not_chosen_reads_why_and_anyone_reads_the_rules(
    reader: Reader, confirmed: World
) -> None:
    page, paths, _ = visits(reader, confirmed, "not_selected")
    page.goto(paths[0])
    expect(page.locator(".verdict")).not_to_be_empty()
    expect(page.locator(".notice--plain")).to_contain_text("예비")
    address = str(page.get_attribute("aside a[href*='/rules/']", "href"))
    anyone = reader(1280)
    anyone.goto(address)
    expect(anyone.locator("h1")).to_have_text("배정 기준과 결과")
    expect(anyone.locator(".verdict")).to_contain_text("가운데")
    sound(anyone, "public")


def test_a_school_withdraws_after_it_read_what_that_does(reader: Reader, settled: World) -> None:
    page, paths, _ = visits(reader, settled, "confirmed")
    page.goto(paths[0])
    page.click("summary >> text=못 가게 되었어요")
    page.click("text=신청 취소하기")
    expect(page.locator(".out")).to_contain_text("되돌릴 수 없습니다")
    page.click("text=그대로 두기")
    expect(page.locator(".title .tag").first).to_have_text("확정")
    page.click("summary >> text=못 가게 되었어요")
    page.click("text=신청 취소하기")
    page.select_option("#f-reason_code", "school_event")
    page.click("button.btn--danger")
    expect(page.locator(".title .tag").first).to_have_text("신청 취소")
