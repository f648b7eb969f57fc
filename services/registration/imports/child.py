"""Reads one workbook from standard input and writes its first sheet as JSON.

It runs as a process of its own under limits on memory and time: a file of a few kilobytes can
claim a sheet of a billion cells, and then only this process ends. It knows nothing of Ieum.
"""

import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from io import BytesIO

from python_calamine import CalamineWorkbook

MEMORY = 768 * 1024 * 1024
SECONDS = 5
MOST_ROWS = 400
MOST_COLUMNS = 80


def plain(cell: object) -> str | int | float | None:
    """The cell as JSON knows it; whole numbers as such, since sheets keep all as fractions."""
    match cell:
        case None | "":
            return None
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return int(cell)
        case int() | float():
            return cell
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(sep=" ", timespec="minutes")
        case date():
            return cell.isoformat()
        case time():
            return cell.isoformat("minutes")
        case timedelta():
            return int(cell.total_seconds())
        case _:
            return str(cell)[:2000]


def main() -> None:
    """Standard input to standard output. Exit code 1: not a workbook."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    book = CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read()))
    shown = [sheet.name for sheet in book.sheets_metadata if not sheet.name.startswith("_")]
    rows = book.get_sheet_by_name(shown[0]).to_python(skip_empty_area=False, nrows=MOST_ROWS)
    found = [[plain(cell) for cell in row[:MOST_COLUMNS]] for row in rows]
    sys.stdout.write(json.dumps(found, ensure_ascii=True))


if __name__ == "__main__":
    main()
