"""What a page shows as a workbook."""

from datetime import UTC, date, datetime
from io import BytesIO

from python_calamine import CalamineWorkbook

from chassis.http.sheets import attachment, workbook


def test_a_workbook_holds_the_rows_and_no_formula() -> None:
    at = datetime(2024, 11, 5, 1, 0, tzinfo=UTC)
    rows = [("=1+1", 24, date(2024, 11, 5), at), ("너른뜰중학교", None, None, None)]
    content = workbook("결과: 2024/가을", ["학교", "인원", "날", "시각"], rows)
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    assert book.sheet_names == ["결과  2024 가을"]
    found = book.get_sheet_by_index(0).to_python()
    assert found[0] == ["학교", "인원", "날", "시각"]
    assert found[1] == ["=1+1", 24.0, date(2024, 11, 5), datetime(2024, 11, 5, 10, 0)]
    assert found[2][0] == "너른뜰중학교"


def test_its_name_may_be_korean() -> None:
    headers = attachment("배정 결과", b"x").headers
    assert "filename*=UTF-8''%EB%B0%B0" in headers["Content-Disposition"]
