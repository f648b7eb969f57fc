"""A host: from an offer to the answer in a letter, and what others see of both."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from demo.client import Json, wait_for
from demo.world import World
from tests.browser.journeys.walking import sound

Reader = Callable[..., Page]
API = "/placement/api/v1"
LETTER = re.compile(r"http://\S+(/placement/a/[\w-]+/[\w-]+)")
FIELD = "디자인·브랜드"


def seats(reader: Reader, world: World) -> str:
    """What the centre reads about the seats of a field."""
    page = reader(1280, world.data["centre"]["login"])
    page.goto(f"/placement/campaigns/{world.ids['campaign']}/supply")
    return page.locator("tr", has_text=FIELD).first.inner_text()


def test_a_host_publishes_an_offer_without_a_script_and_the_centre_counts_its_seats(
    reader: Reader, opened: World
) -> None:
    before = seats(reader, opened)
    page = reader(360, "brand-team", script=False)
    expect(page.locator("h1")).to_have_text("답하실 방문이 없습니다")
    page.click(".tabs a >> text=체험 개설")
    page.click("text=새 체험 열기")
    page.fill("#f-title", "글자와 색으로 도시 알리기")
    page.select_option("#f-field", "design")
    page.fill("#f-place", "시청 본관 7층 디자인실")
    page.fill("#f-place_code", "41281")
    page.fill("#f-minimum", "40")
    page.fill("#f-maximum", "24")
    page.check("[name=weekdays][value='3']")
    page.check("[name=levels][value=high]")
    for name, value in (
        ("begins", "13:00"),
        ("ends", "15:00"),
        ("first", "2024-10-02"),
        ("last", "2024-10-30"),
    ):
        page.fill(f"#f-{name}", value)
    page.click("main form .btn--primary")
    expect(page.locator(".errors")).to_contain_text("최소 인원은 최대 인원(24명)보다")
    expect(page.locator("#f-place")).to_have_value("시청 본관 7층 디자인실")
    page.fill("#f-minimum", "10")
    page.click("main form .btn--primary")
    expect(page.locator(".now h2")).to_have_text("아직 공개되지 않았습니다")
    page.click("summary >> text=쉬는 날")
    expect(page.locator("details.more")).to_contain_text("공휴일")
    page.click("text=공개하기")
    expect(page.locator(".title .tag")).to_have_text("공개")
    assert seats(reader, opened) != before


def another_day(reader: Reader, world: World) -> tuple[Page, str]:
    """A school that has its seats finds other ones, of a host that reads letters."""
    rows = world.centre.all(f"{API}/placements", campaign=world.ids["campaign"])
    keys = {world.ids[f"school:{one['key']}"]: one["key"] for one in world.data["schools"]}
    for row in rows:
        if row["status"] != "confirmed" or len(row["parts"][0]["stops"]) != 1:
            continue
        page = reader(1280, f"{keys[row['school']]}-teacher")
        path = f"/placement/placements/{row['id']}"
        page.goto(path)
        days = [one.get_attribute("value") for one in page.locator("#also option").all()]
        for day in days:
            page.goto(f"{path}?also={day}")
            if asked(page).count():
                return page, path
    raise AssertionError("no school could go on another day")


def asked(page: Page) -> Locator:
    """Free seats of a team that is asked by mail."""
    found = page.locator(".notice--good", has_text="체험처에 새로 여쭙니다")
    return found.filter(has_text=re.compile("드론산업팀|방송영상팀"))


def letters(world: World, to: str) -> list[str]:
    """The links of all letters to an address that ask for an answer, newest first.

    The host may hear in the same minute that another visit is cancelled.
    """
    found: list[Json] = world.notes["mails"](to)
    asking = [mail["Text"] for mail in found if "받으시겠어요?" in mail["Text"]]
    return [link for text in asking for link in LETTER.findall(text)]


def test_a_school_changes_its_day_and_a_host_answers_by_the_link_of_its_letter(
    reader: Reader, confirmed: World
) -> None:
    known = set(letters(confirmed, "future@handeul.example"))
    teacher, path = another_day(reader, confirmed)
    sound(teacher, "what-if")
    asked(teacher).first.locator("button").click()
    expect(teacher.locator(".title .tag")).to_have_text("학교 확정 전")
    teacher.fill("#f-document_number", "진로부-1127")
    teacher.click("text=이 자리로 확정")
    expect(teacher.locator(".notice--info")).to_contain_text("확정하셨습니다")

    link = wait_for(
        lambda: next(
            (one for one in letters(confirmed, "future@handeul.example") if one not in known), None
        ),
        "the letter to the host",
    )
    host = reader(360)
    for _ in range(2):
        answer = host.request.head(link)
        assert answer.ok
        assert host.request.get(link).ok
    host.goto(link)
    assert "/placement/a/" not in host.url
    expect(host.locator("h1")).to_contain_text("받으시겠어요?")
    size = host.locator(".facts dd").first.evaluate("one => getComputedStyle(one).fontSize")
    assert size == "18px"
    sound(host, "answer")
    host.click("button[value=no]")
    expect(host.locator("h1")).to_have_text("어려운 이유를 골라 주세요")
    sound(host, "answer-no")
    host.click("text=다른 답 고르기")
    host.click("button[value=yes]")
    host.fill("#f-known", "somebody@else.example")
    host.click("text=예, 받습니다")
    expect(host.locator(".errors")).to_contain_text("등록된 내용과 다릅니다")
    host.fill("#f-known", "future@handeul.example")
    host.click("text=예, 받습니다")
    expect(host.locator("h1")).to_contain_text(re.compile("받기로 하셨습니다|확정되었습니다"))
    sound(host, "answer-done")

    def settled() -> bool:
        teacher.goto(path)
        return teacher.locator(".title .tag").inner_text() == "확정"

    assert wait_for(lambda: settled() or None, "the school to see its visit confirmed")
    host.reload()
    expect(host.locator("h1")).to_contain_text("방문이 확정되었습니다.")


def test_a_host_takes_a_visit_back_after_it_read_whom_it_concerns(
    reader: Reader, settled: World
) -> None:
    page = reader(1280, "future-team")
    page.click(".tabs a >> text=체험 개설")
    sound(page, "offers")
    page.click("table a.btn >> nth=0")
    page.click("text=방문 취소하기 >> nth=0")
    expect(page.locator("h1")).to_have_text("이 방문을 취소하시겠어요?")
    expect(page.locator(".out")).to_contain_text("되돌릴 수 없습니다")
    school = re.search(r"오기로 한 (\S+) ", page.locator(".verdict").inner_text())
    assert school is not None
    page.select_option("#f-reason_code", "place_unavailable")
    page.click("button.btn--danger")
    expect(page.locator("h1")).to_contain_text("이 방문은 취소되었습니다.")
    centre = reader(1280, settled.data["centre"]["login"])

    def repaired() -> bool:
        centre.goto(f"/placement/campaigns/{settled.ids['campaign']}")
        return centre.locator("#s-repairs").count() > 0

    assert wait_for(lambda: repaired() or None, "the centre to see the repair")
