"""Groups from files: every spelling that schools use, and every fault at its cell."""

import csv
import zipfile
from datetime import date
from io import BytesIO, StringIO
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import Refused
from services.registration.codes import codes
from services.registration.imports import reading, workbook
from services.registration.imports.cells import Reader
from services.registration.imports.columns import columns
from services.registration.imports.model import Import, understood
from services.registration.imports.workbook import Look
from tests.unit.registration import survey_texts as texts

TITLES = [
    "학년",
    "반",
    "인원",
    "최소 인원",
    "1순위 분야",
    "2순위 분야",
    "1순위 날짜",
    "가능한 요일",
]
ROW = [2, "2학년 4반", 25, 20, "방송·영상", "드론", "11/5 10:00-12:30", "월, 화"]


def sheet(*rows: list[Any], titles: list[str] | None = None) -> bytes:
    """A workbook with these rows under a header."""
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    page = book.add_worksheet("모둠")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for number, row in enumerate([titles or TITLES, *rows]):
        for place, cell in enumerate(row):
            if isinstance(cell, date):
                page.write_datetime(number, place, cell, day)
            else:
                page.write(number, place, cell)
    book.close()
    return content.getvalue()


def text(*rows: list[Any], delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    """The same as a CSV file."""
    out = StringIO()
    csv.writer(out, delimiter=delimiter).writerows([TITLES, *rows])
    return out.getvalue().encode(encoding)


def read(content: bytes, language: str = "ko") -> Import:
    """What a file says for the city's campaign."""
    rules = texts.rules()
    reader = Reader(columns(), codes(), rules.first, rules.last, language)
    return understood(reading.table(content), reader, rules)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(sheet(ROW), id="xlsx"),
        pytest.param(text(ROW), id="csv in UTF-8"),
        pytest.param(text(ROW, encoding="cp949"), id="csv in CP949"),
        pytest.param(text(ROW, delimiter="\t"), id="tabs"),
        pytest.param(text(ROW, delimiter=";"), id="semicolons"),
    ],
)
def test_the_same_group_comes_out_of_every_kind_of_file(content: bytes) -> None:
    found = read(content)
    assert found.faults == ()
    group = found.groups[0]
    assert (group.level, group.grade, group.people, group.smallest) == ("middle", 2, 25, 20)
    assert group.fields == ("broadcasting", "drones")
    assert group.weekdays == (1, 2)
    assert group.dates[0].model_dump() == {"date": "2024-11-05", "from": "10:00", "to": "12:30"}


def test_a_date_typed_as_a_date_is_read_as_that_day() -> None:
    row = [*ROW]
    row[6] = date(2024, 11, 5)
    assert read(sheet(row)).groups[0].dates[0].date == "2024-11-05"


def test_words_with_counters_and_other_spellings_are_understood() -> None:
    titles = [
        "학년",
        "학급",
        "학생 수",
        "1지망",
        "차량 지원",
        "장소",
        "배려 사항",
        "나눌 때 최소 인원",
    ]
    row = ["2학년", "4반", "26명", "브랜드", "네", "교내", "휠체어, 자막", 12]
    found = read(sheet(row, titles=titles))
    assert found.faults == ()
    group = found.groups[0]
    assert (group.people, group.bus, group.place) == (26, True, "in_school")
    assert group.needs == ("step_free", "captions")
    assert group.split is not None
    assert group.split.model_dump() == {"smallest": 12, "parts": 2}


def test_a_title_line_above_and_empty_rows_between_do_not_disturb() -> None:
    found = read(sheet(TITLES, [None], ROW, [None], ROW, titles=["수요조사 모둠 명단"]))
    assert found.faults == ()
    assert found.rows == (4, 6)


def test_every_fault_is_named_at_its_row_and_column_once() -> None:
    bad = ["두", "4반", "스물다섯", 26, "마법", "드론", "14월 40일", "언제나"]
    rule = [2, "5반", 25, 26, "방송", "방송", "2024-11-14", "월화수목금"]
    found = read(sheet(ROW, bad, rule))
    assert [(fault.row, fault.column, fault.code) for fault in found.faults] == [
        (3, "grade", "cell_number"),
        (3, "people", "cell_number"),
        (3, "field1", "cell_code"),
        (3, "date1", "cell_day"),
        (3, "weekdays", "cell_weekdays"),
        (4, "smallest", "smallest_above_people"),
        (4, "field2", "ranked_twice"),
        (4, "date1", "date_unusable"),
    ]


def test_columns_that_mean_nothing_are_named_and_passed_over() -> None:
    found = read(sheet([*ROW, "홍길동"], titles=[*TITLES, "담임"]))
    assert found.ignored == ("담임",)
    assert found.faults == ()


def test_a_file_without_the_needed_columns_says_which() -> None:
    with pytest.raises(Refused) as refused:
        read(sheet(["김", "이"], titles=["이름", "학년"]))
    assert refused.value.code == "file_columns_missing"
    assert refused.value.facts["columns"] == ["people", "field1"]


def look() -> Look:
    rules = texts.rules()
    fields = tuple(rules.fields)
    return Look(columns(), codes(), "ko", fields, rules.first, rules.last, texts.CAMPAIGN)


def test_the_template_read_back_has_its_columns_and_no_group() -> None:
    with pytest.raises(Refused) as refused:
        read(workbook.template(look(), {"people": "함께 움직이는 학생 수"}))
    assert refused.value.code == "file_without_groups"


def test_the_template_offers_only_the_fields_of_the_campaign() -> None:
    with zipfile.ZipFile(BytesIO(workbook.template(look(), {}))) as found:
        words = found.read("xl/sharedStrings.xml").decode()
        page = found.read("xl/worksheets/sheet1.xml").decode()
    assert "드론·항공" in words
    assert "법·행정" not in words
    assert "dataValidation" in page
    assert "sheetProtection" in page


def test_a_marked_file_says_what_to_mend_first_and_can_be_sent_again() -> None:
    content = sheet(ROW, [2, "=HYPERLINK(1)", 25, 26, "방송", None, None, None])
    table = reading.table(content)
    found = read(content)
    said = {fault.row: "최소 인원: 25 이하로 적어 주세요." for fault in found.faults}
    back = workbook.marked(look(), table, found.header, found.places, said)
    again = reading.table(back)
    assert again[0][0] == "오류"
    assert again[1][0] is None
    assert again[2][0] == "최소 인원: 25 이하로 적어 주세요."
    repeated = read(back)
    assert [(fault.row, fault.column) for fault in repeated.faults] == [(3, "smallest")]
    assert repeated.ignored == ()
    with zipfile.ZipFile(BytesIO(back)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"  \n ", "file_empty"),
        (b"a" * (reading.MOST_BYTES + 1), "file_large"),
        (b"PK\x03\x04 but no more", "file_unreadable"),
        (b"\xd0\xcf\x11\xe0 a document of another program", "file_unreadable"),
        (b"\xff\xfe\x00\x01", "file_unreadable"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "file_unreadable"),
        ("인원,1순위 분야\n".encode() + b"1,2\n" * reading.MOST_ROWS, "file_long"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        reading.table(content)
    assert refused.value.code == code


def test_a_workbook_that_unpacks_to_much_more_is_not_unpacked() -> None:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * (reading.MOST_UNPACKED + 1))
    with pytest.raises(Refused) as refused:
        reading.table(content.getvalue())
    assert refused.value.code == "file_unpacked_large"


def test_a_small_file_that_claims_a_huge_sheet_ends_only_its_own_process() -> None:
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    page = book.add_worksheet()
    page.write(0, 0, "인원")
    page.write(1_048_575, 16_383, "far away")
    book.close()
    try:
        assert len(reading.table(content.getvalue())) <= reading.MOST_ROWS
    except Refused as refused:
        assert refused.code == "file_unreadable"


@settings(max_examples=60)
@given(st.lists(st.lists(st.text(max_size=12), max_size=9), max_size=6))
def test_no_table_makes_more_than_a_refusal_or_faults(rows: list[list[str]]) -> None:
    out = StringIO()
    csv.writer(out).writerows([TITLES, *rows])
    try:
        found = read(out.getvalue().encode())
    except Refused as refused:
        assert refused.code.startswith("file_")
    else:
        assert len(found.rows) == len(found.groups) > 0
