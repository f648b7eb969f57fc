"""What a page shows as a workbook: one sheet, the page's own rows, texts as texts.

A cell that begins like a formula stays a text: names and reasons come from people.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import BytesIO
from urllib.parse import quote

from flask import Response

from chassis.facts import KST

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NARROWEST, WIDEST = 8, 60
BAD_IN_A_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
NAME_MOST = 31

Cell = str | int | float | date | datetime | None


def workbook(title: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """One sheet with a head that stays in sight; times in Asia/Seoul."""
    # Imported when it is needed: most processes never write a workbook.
    import xlsxwriter

    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "remove_timezone": True}) as book:
        sheet = book.add_worksheet(title.translate(BAD_IN_A_NAME)[:NAME_MOST])
        head = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        widths = [len(one) * 2 for one in heads]
        for place, one in enumerate(heads):
            sheet.write_string(0, place, one, head)
        number = 0
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(row):
                match value:
                    case None:
                        continue
                    case datetime():
                        local = value.astimezone(KST).replace(tzinfo=None)
                        sheet.write_datetime(number, place, local, moment)
                    case date():
                        sheet.write_datetime(number, place, value, day)
                    case int() | float():
                        sheet.write_number(number, place, value)
                    case _:
                        sheet.write_string(number, place, value)
                widths[place] = max(widths[place], _width(value))
        for place, width in enumerate(widths):
            sheet.set_column(place, place, max(NARROWEST, min(WIDEST, width + 2)))
        sheet.freeze_panes(1, 1)
        if heads:
            sheet.autofilter(0, 0, number, len(heads) - 1)
    return content.getvalue()


def attachment(name: str, content: bytes) -> Response:
    """A workbook to be kept under a name."""
    response = Response(content, content_type=XLSX)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"ieum.xlsx\"; filename*=UTF-8''{quote(name)}.xlsx"
    )
    return response


def _width(value: Cell) -> int:
    """In digits; a syllable is twice as wide."""
    text = f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
    return sum(2 if ord(one) > 0x1100 else 1 for one in text)
