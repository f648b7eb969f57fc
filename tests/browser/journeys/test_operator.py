"""The operator's main line: a campaign is made, asked, placed and released, and others see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from demo.client import wait_for
from demo.opening import publish_offer
from demo.world import World
from tests.browser.journeys.walking import sound

Reader = Callable[..., Page]
CENTRE = "handeul-center"
NAME = "2024 겨울 시청 속 직업 탐험"
DAY = "2024-11-06"
SCHOOL = "neoreun"


def _made(page: Page) -> str:
    """The wizard, to the announcement. Returns the campaign's id."""
    page.goto("/")
    page.click("text=새 사업 만들기")
    page.fill("[name=name]", NAME)
    page.check("[name=fields][value=design]")
    page.check("[name=fields][value=drones]")
    page.fill("[name=hosts_release_at]", "")
    page.fill("[name=schools_release_at]", "")
    sound(page, "wizard")
    page.click("form.form .btn--primary")
    expect(page.locator("h1")).to_have_text(NAME)
    page.click(".now .btn--primary")
    expect(page.locator(".path__now")).to_contain_text("수요조사")
    return page.url.rstrip("/").rpartition("/")[2]


def _opened(world: World, campaign: str) -> None:
    """The survey opens now, and a department offers one session in it."""
    path = f"/api/v1/campaigns/{campaign}"
    soon = world.now() + timedelta(seconds=1)
    world.centre.patch(path, {"opens_at": soon.isoformat()})
    wait_for(lambda: world.centre.get(path)["status"] == "open", "the survey to open")
    offer = {
        "key": "winter",
        "host": "brand",
        "team": "공공디자인팀",
        "title": "겨울 거리의 얼굴을 디자인하기",
        "field": "design",
        "kind": "practice",
        "place": "시청 본관 3층",
        "district": "deogyang",
        "meeting_point": "시청 본관 1층 안내대",
        "minimum": 8,
        "maximum": 30,
        "sessions": [f"{DAY} 10:00"],
    }
    usual, world.ids["campaign"] = world.ids["campaign"], campaign
    try:
        publish_offer(world, offer)
    finally:
        world.ids["campaign"] = usual


def _closed(world: World, campaign: str) -> None:
    path = f"/api/v1/campaigns/{campaign}"
    soon = world.now() + timedelta(seconds=2)
    world.centre.patch(path, {"deadline": soon.isoformat()})
    wait_for(lambda: world.centre.get(path)["status"] == "closed", "the survey to close")


def _telephoned(page: Page, campaign: str, school: str) -> None:
    page.goto(f"/campaigns/{campaign}/schools/{school}")
    page.fill("[name=spoken_with]", "진로부장 선생님")
    page.fill("[name=grade0]", "2")
    page.fill("[name=people0]", "24")
    page.select_option("[name=field0-0]", "design")
    page.fill("[name=date0-0]", DAY)
    page.click("form.form .btn--primary")
    expect(page.locator("h1")).to_have_text(NAME)


def _released(page: Page, stage: str, run: str) -> None:
    """Looked at, planned, called off, and then sent at once."""
    page.goto(f"/placement/runs/{run}/release/{stage}")
    page.click("form.now .btns .btn--primary")
    expect(page.locator(".notice--good")).to_contain_text("그때까지 취소하실 수 있습니다")
    page.click(".notice--good button")
    expect(page.locator(".notice--good")).to_have_count(0)
    page.click(".now .btn--primary")
    page.click("form.now summary")
    page.click("form.now .btn--danger")
    expect(page.locator("h1")).to_have_text(NAME)


def test_from_an_empty_form_to_what_schools_and_hosts_see(reader: Reader, opened: World) -> None:
    page = reader(1280, CENTRE)
    campaign = _made(page)
    _opened(opened, campaign)
    page.goto(f"/campaigns/{campaign}")
    expect(page.locator("#s-schools")).to_contain_text("0곳이 답했습니다")
    sound(page, "campaign")
    page.click(".now .btn--primary")
    page.click(".now .btn--primary")
    expect(page.locator("h1")).to_have_text(NAME)
    _telephoned(page, campaign, opened.ids[f"school:{SCHOOL}"])
    expect(page.locator("#s-schools")).to_contain_text("1곳이 답했습니다")

    wait_for(
        lambda: any(
            row["demand"]
            for row in opened.centre.get(f"/placement/api/v1/campaigns/{campaign}/supply")["fields"]
        ),
        "the answer to reach the figures",
    )
    page.goto(f"/placement/campaigns/{campaign}/supply")
    expect(page.locator("#s-gap")).to_contain_text("좌석이 있습니다")
    stranger = reader(360)
    stranger.goto(f"/placement/campaigns/{campaign}/recruiting")
    expect(stranger.locator("table")).to_contain_text("3곳 미만")

    _closed(opened, campaign)
    wait_for(
        lambda: (
            page.goto(f"/placement/campaigns/{campaign}")
            and page.locator(".now .btn--primary").count()
        ),
        "the campaign to be ready for its run",
    )
    page.click(".now .btn--primary")
    expect(page.locator(".verdict")).to_contain_text("1개 24명을 배정했습니다", timeout=90_000)
    page.click("text=결과와 이유 보기")
    expect(page.locator(".verdict")).to_contain_text("이보다 많이 배정하는 방법은 없습니다")
    run = re.split(r"[/?]", page.url.partition("/runs/")[2])[0]

    _released(page, "hosts", run)
    asked = wait_for(
        lambda: opened.centre.all("/placement/api/v1/bookings", campaign=campaign),
        "the request to the host",
    )
    host = reader(360, "brand-team")
    host.goto("/placement/asked")
    expect(host.locator("main")).to_contain_text("11월 6일")
    page.goto(f"/placement/requests/{asked[0]['id']}")
    page.fill("[name=spoken_with]", "서고은 주무관")
    page.check("[name=do][value=accept]")
    page.click("form.form .btn--primary")
    expect(page.locator("#s-requests")).to_contain_text("기다리는 체험처 요청이 없습니다")

    _released(page, "schools", run)
    teacher = reader(360, f"{SCHOOL}-teacher")
    wait_for(
        lambda: (
            teacher.goto("/placement/placements") and teacher.locator("main", has_text=NAME).count()
        ),
        "the school to see its placement",
    )
    expect(teacher.locator("section", has_text=NAME)).to_contain_text("11월 6일")
    page.goto("/search?q=ㄴㄹㄸ")
    expect(page.locator("#found")).to_contain_text("너른뜰중학교")


def test_the_citys_result_is_read_moved_and_shown_before_the_schools_hear_of_it(
    reader: Reader, placed: World
) -> None:
    page = reader(1280, CENTRE)
    campaign, run = placed.ids["campaign"], placed.ids["run"]
    page.goto(f"/placement/campaigns/{campaign}/supply")
    sound(page, "supply")
    page.goto(f"/placement/runs/{run}")
    page.click("summary:has-text('고급')")
    expect(page.locator("main")).to_contain_text("증명됨")
    sound(page, "run")
    page.click("summary:has-text('배정된 모둠')")
    page.click("text=옮기기 >> nth=0")
    expect(page.locator("main")).to_contain_text("지금 자리")
    page.goto(f"/placement/runs/{run}/release/schools")
    sound(page, "release")
    page.click("text=보낼 글 보기")
    expect(page.locator("h1")).to_have_text("학교에 보내는 글")
    page.goto(f"/placement/campaigns/{campaign}/letter")
    expect(page.locator("textarea")).to_have_value(re.compile("붙임  1[.] 배정 결과 1부[.]"))
