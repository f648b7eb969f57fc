"""A school's teacher: from the letter or the mail to a survey that the centre sees."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import FilePayload, Page, expect

from demo.client import wait_for
from demo.world import PASSWORD, World
from tests.browser.journeys.walking import (
    entered,
    invited,
    link,
    reach,
    said,
    saved,
    school,
    sign_in,
    sound,
    swapped,
    teacher,
)

Reader = Callable[..., Page]
CENTRE = "handeul-center"
SHEET = "학년,반,인원,최소 인원,1순위 분야,1순위 날짜\n"


def form(world: World) -> str:
    """The address of the survey's form."""
    return f"/surveys/{world.ids['campaign']}"


def sheet_of(rows: str) -> FilePayload:
    """A file as the browser would choose it."""
    return FilePayload(name="groups.csv", mimeType="text/csv", buffer=rows.encode())


def first_group(page: Page, name: str, people: str) -> None:
    """Who travels together."""
    page.select_option("#f-g0-who", "middle:2")
    page.fill("#f-g0-class_name", name)
    page.fill("#f-g0-people", people)


def answered_by(reader: Reader, world: World, name: str) -> None:
    """The centre sees among those that have answered this school."""
    page = reader(1280, CENTRE)
    page.goto(f"/campaigns/{world.ids['campaign']}")
    expect(page.locator("main")).to_contain_text(name)
    missing = page.locator("table", has_text=name)
    expect(missing).to_have_count(0)


def test_from_the_mail_to_a_survey_that_the_centre_sees(reader: Reader, opened: World) -> None:
    id = school(opened, "샘터중학교", "saemteo")
    invited(opened, id, "saemteo@school.example")
    page = reader(360)
    page.goto(f"/invitations/accept?token={link(opened, 'saemteo@school.example')}")
    sound(page, "entry")
    page.select_option("[name=duty]", "grade_head")
    entered(page, "saemteo-teacher", person="정다운", email="saemteo@school.example")
    expect(page.locator("h1")).to_have_text("계정을 만들었습니다")
    sign_in(page, "saemteo-teacher")
    expect(page.locator(".now h2")).to_have_text("수요조사를 작성해 제출해 주세요")
    page.click(".now .btn--primary")

    saved(page, lambda: first_group(page, "2반", "24"))
    swapped(page, lambda: page.click("#add-group"))
    expect(page.locator("#f-g1-who")).to_have_value("middle:2")
    page.fill("#f-g1-class_name", "4반")
    page.fill("#f-g1-people", "25")
    saved(page, lambda: page.fill("#f-g1-smallest", "28"))
    for field in ("broadcasting", "drones", "sports"):
        swapped(page, partial(page.select_option, "#f-fields", field))
    swapped(page, lambda: page.click("#field-up-drones"))
    names = page.locator("#part-fields .ranked__name")
    expect(names).to_have_text([re.compile("드론"), re.compile("방송"), re.compile("체육")])
    for day in ("2024-11-12", "2024-11-07"):
        swapped(page, partial(page.check, f"#day-{day}", force=True))
    expect(page.locator("#part-dates .ranked__name").first).to_have_text(said("11월 12일(화)"))
    page.click("summary:has-text('갈 수 없는 날과 요일 정하기')")
    page.fill("#f-own_first", "2024-10-10")
    page.fill("#f-own_last", "2024-10-11")
    swapped(page, lambda: page.click("#own-add"))
    expect(page.locator(".own b")).to_have_text([said("10월 10일(목)부터 11일(금)까지")])
    page.click("summary:has-text('글로 적기') >> nth=-1")
    page.fill("#f-blackout", "10/10-11, 10/30, 11/1")
    swapped(page, lambda: page.click("button[value=own_set]"))
    expect(page.locator(".day--own")).to_have_count(4)
    swapped(page, lambda: page.click(".own li:has-text('10월 30일') button"))
    expect(page.locator(".day--own")).to_have_count(3)
    expect(page.locator(".day--holiday", has_text="수능")).to_have_count(1)
    expect(page.locator("#order .ranked__name").first).to_contain_text("드론산업팀")

    page.click(".dock .btn--primary")
    expect(page).to_have_title(re.compile("^고칠 곳이 1개"))
    page.click(".errors a")
    expect(page.locator("#f-g1-smallest")).to_be_focused()
    sound(page, "survey-to-mend")
    saved(page, lambda: page.fill("#f-g1-smallest", "20"))
    page.goto(form(opened))
    expect(page.locator("#order .ranked__name").first).to_be_visible()
    sound(page, "survey")
    first = page.locator("#order .ranked__name").nth(1).inner_text()
    page.locator("#order .ranked__move button").nth(2).click()
    expect(page.locator("#order")).to_contain_text("직접 바꾼 순서입니다.")
    assert page.locator("#order .ranked__name").first.inner_text() == first

    page.click(".dock .btn--primary")
    sound(page, "survey-summary")
    page.click("form button:has-text('제출')")
    expect(page.locator(".notice--good")).to_contain_text("제출했습니다")
    answered_by(reader, opened, "샘터중학교")
    page.goto("/")
    expect(page.locator(".rows")).to_contain_text("수요조사를 냈습니다")
    sound(page, "todo-sent")

    page.goto(f"{form(opened)}/withdraw")
    sound(page, "survey-withdraw")
    page.click("form button:has-text('신청 취소')")
    expect(page.locator("h1 + .tag, .title .tag")).to_have_text("신청 취소")


def test_a_letter_a_phone_and_no_script(reader: Reader, opened: World) -> None:
    sent = invited(opened, school(opened, "솔밭중학교", "solbat"))
    page = reader(360, script=False)
    page.goto("/sign-in")
    page.fill("[name=code]", sent["extra"]["code"])
    page.click("form[action='/start'] button")
    entered(page, "solbat-teacher", person="한바다", email="solbat@school.example")
    expect(page.locator("h1")).to_have_text("신청을 받았습니다")
    opened.centre.post(f"/api/v1/invitations/{sent['id']}/approve")
    sign_in(page, "solbat-teacher")
    page.click(".now .btn--primary")
    first_group(page, "1반", "22")
    page.select_option("#f-fields", "sports")
    page.click("button[value=field_add]")
    page.select_option("#f-fields", "design")
    page.click("button[value=field_add]")
    page.click("#field-up-design")
    expect(page.locator("#part-fields .ranked__name").first).to_contain_text("디자인")
    page.check("#day-2024-10-25", force=True)
    page.click("noscript + *, #part-dates button[value=date_tick]")
    expect(page.locator("#part-dates .ranked__name")).to_have_count(1)
    page.click("summary:has-text('날짜를 글로 적기')")
    page.fill("#f-dates_text", "10/30, 10/25 13:00-16:00")
    page.click("button[value=date_set]")
    expect(page.locator("#part-dates .ranked__name").last).to_contain_text(
        "오후 1시부터 오후 4시까지"
    )
    page.click("#order button")
    expect(page.locator("h1")).to_have_text("이 순서로 배정합니다")
    expect(page.locator(".ranked__name").first).to_contain_text("도시브랜드팀")
    page.locator(".ranked__move button[value='down:0']").click()
    expect(page.locator("#f-g0-people")).to_have_value("22")
    page.click(".dock .btn--primary")
    page.click("form button:has-text('제출')")
    expect(page.locator(".notice--good")).to_contain_text("제출했습니다")
    page.go_back()
    expect(page.locator(".errors")).to_have_count(0)
    page.goto(f"{form(opened)}/summary")
    expect(page.locator(".notice--good")).to_contain_text("제출했습니다")
    answered_by(reader, opened, "솔밭중학교")


@pytest.mark.slow
def test_the_keyboard_alone(reader: Reader, opened: World) -> None:
    page = reader(1280, teacher(opened, "들꽃중학교", "deulkkot"))
    reach(page, ".now .btn--primary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#draft")
    reach(page, "#f-g0-who")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    reach(page, "#f-g0-class_name")
    page.keyboard.type("3반")
    reach(page, "#f-g0-people")
    page.keyboard.type("21")
    expect(page.locator("#saved")).to_contain_text("저장됨")
    reach(page, "#f-fields")
    swapped(page, lambda: page.keyboard.press("ArrowDown"))
    expect(page.locator("#part-fields .ranked > li")).to_have_count(1)
    reach(page, "#day-2024-10-24")
    swapped(page, lambda: page.keyboard.press("Space"))
    expect(page.locator("#day-2024-10-24")).to_be_focused()
    reach(page, ".dock .btn--primary")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("수요조사 요약")
    reach(page, "form button:not(.linkish)[type=submit]")
    page.keyboard.press("Enter")
    expect(page.locator(".notice--good")).to_contain_text("제출했습니다")


@pytest.mark.slow
def test_two_windows_of_one_draft_are_told_and_nothing_is_overwritten(
    reader: Reader, opened: World
) -> None:
    login = teacher(opened, "물결중학교", "mulgyeol")
    page = reader(1280, login)
    page.goto(form(opened))
    saved(page, lambda: first_group(page, "1반", "20"))
    other = page.context.new_page()
    other.goto(form(opened))
    saved(other, lambda: other.fill("#f-g0-people", "23"))
    page.fill("#f-g0-class_name", "5반")
    expect(page.locator("#saved")).to_contain_text("다른 창에서 먼저 고쳤습니다")
    page.click("#saved button")
    expect(page.locator("h1")).to_have_text("달라진 곳 2개")
    expect(page.locator("table")).to_contain_text("23명")
    sound(page, "survey-compare")
    page.click("form button:has-text('이 창의 내용으로 저장')")
    expect(page.locator("#f-g0-people")).to_have_value("20")
    expect(page.locator("#f-g0-class_name")).to_have_value("5반")


@pytest.mark.slow
def test_a_lost_connection_is_said_once_and_what_was_typed_is_saved_when_it_is_back(
    reader: Reader, opened: World
) -> None:
    page = reader(360, teacher(opened, "파도중학교", "pado"))
    page.goto(form(opened))
    page.context.set_offline(True)
    first_group(page, "6반", "23")
    expect(page.locator("[data-when=offline]")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("[data-when=back]")).to_be_visible(timeout=15_000)
    page.reload()
    expect(page.locator("#f-g0-people")).to_have_value("23")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_session_that_ends_while_the_form_is_open_loses_nothing(
    reader: Reader, opened: World, script: bool
) -> None:
    key = "haneul" if script else "byeolbit"
    login = teacher(opened, "하늘중학교" if script else "별빛중학교", key)
    page = reader(360, login, script=script)
    page.goto(form(opened))
    page.context.clear_cookies()
    first_group(page, "7반", "26")
    if script:
        page.click("[data-when=session] button")
    else:
        page.click(".dock button[value=save]")
    expect(page.locator("h1")).to_have_text("다시 로그인")
    page.fill("[name=again-login]", login)
    page.fill("[name=again-password]", PASSWORD)
    page.click("form.form button")
    if not script:
        page.click("main form button")
    expect(page.locator("#f-g0-people")).to_have_value("26")
    expect(page.locator("#saved")).to_contain_text("저장됨")


def test_a_sheet_comes_back_with_what_to_mend_and_is_taken_when_mended(
    reader: Reader, opened: World
) -> None:
    page = reader(360, teacher(opened, "노을중학교", "noeul"))
    page.goto(f"{form(opened)}/upload")
    sound(page, "survey-upload")
    sheet = SHEET + "2,2반,스물,,방송,11/5\n2,3반,24,28,드론,11/7\n"
    page.set_input_files("#f-file", [sheet_of(sheet)])
    page.click("form button:has-text('올리기')")
    expect(page.locator("table tbody tr")).to_have_count(2)
    sound(page, "survey-upload-mend")
    with page.expect_download() as waiting:
        page.click("button:has-text('고칠 곳을 적은 엑셀 받기')")
    assert waiting.value.suggested_filename == "groups-marked.xlsx"
    right = SHEET + "2,2반,20,,방송,11/5\n2,3반,24,20,드론,11/7\n"
    page.set_input_files("#f-file", [sheet_of(right)])
    page.check("[value=replace]")
    page.click("form button:has-text('올리기')")
    expect(page.locator("fieldset.group")).to_have_count(2)
    expect(page.locator("#f-g1-apart")).to_be_visible()
    page.click("#f-g1-apart button[value='apart:1']")
    expect(page.locator("#part-fields .ranked__name")).to_contain_text("드론")
    sound(page, "survey-apart")


@pytest.mark.slow
def test_a_colleague_is_invited_and_every_session_can_be_ended(
    reader: Reader, opened: World
) -> None:
    login = teacher(opened, "이슬중학교", "iseul")
    page = reader(360, login)
    page.goto("/school")
    sound(page, "school-posts")
    page.select_option("[name=duty]", "approver")
    page.fill("#f-email", "approver@iseul.example")
    page.click("form.narrow button")
    expect(page.locator(".notice--good")).to_contain_text("초대를 보냈습니다")
    token = link(opened, "approver@iseul.example")
    colleague = reader(360)
    colleague.goto(f"/invitations/accept?token={token}")
    entered(colleague, "iseul-approver", person="오결재", email="approver@iseul.example")
    sign_in(colleague, "iseul-approver")
    page.reload()
    expect(page.locator("table")).to_contain_text("결재자")
    other = reader(1280, login)
    page.goto("/school")
    page.click("form[action='/session/sign-out-everywhere'] button")
    expect(page.locator("h1")).to_have_text("이음에 들어가기")
    # The other browser's token is void as soon as the event has come round.
    wait_for(lambda: other.goto("/school") and "/sign-in" in other.url, "the other sign-out")


def test_after_the_deadline_the_form_says_whom_to_call(reader: Reader, answered: World) -> None:
    page = reader(360, f"{answered.data['schools'][0]['key']}-teacher")
    page.goto(form(answered))
    expect(page.locator(".notice--warn").first).to_contain_text("031-000-1004")
    page.goto(f"{form(answered)}/summary")
    expect(page.locator("a[href^='tel:']").first).to_be_visible()
    expect(page.locator("form button:has-text('제출')")).to_have_count(0)


def test_after_the_confirmation_the_start_page_shows_the_next_visits(
    reader: Reader, confirmed: World
) -> None:
    page = reader(360, f"{confirmed.data['schools'][0]['key']}-teacher")
    visits = page.locator(".dates > li")
    expect(visits.first).to_contain_text("확정")
    sound(page, "todo")
    visits.first.locator("a").click()
    expect(page.locator("h1")).to_be_visible()
    expect(page).to_have_url(re.compile("/placement/placements/"))
