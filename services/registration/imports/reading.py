"""From the bytes of a file to rows of cells, whatever school computers make of a table."""

import csv
import json
import subprocess
import sys
import zipfile
from io import BytesIO, StringIO
from pathlib import Path

from chassis.errors import Refused
from services.registration.imports.cells import Table

MOST_BYTES = 1024 * 1024
MOST_UNPACKED = 24 * 1024 * 1024
MOST_FILES = 300
MOST_ROWS = 400
MOST_COLUMNS = 80
SECONDS = 10

_ZIP = b"PK\x03\x04"
_OLD = b"\xd0\xcf\x11\xe0"


def table(content: bytes) -> Table:
    """The rows of the first sheet or of the CSV file. Raises Refused with what to do instead."""
    if not content.strip():
        raise Refused("file_empty")
    if len(content) > MOST_BYTES:
        raise Refused("file_large", most=MOST_BYTES // 1024)
    if content.startswith(_ZIP):
        _refuse_bomb(content)
        return _workbook(content)
    if content.startswith(_OLD):
        return _workbook(content)
    return _text(content)


def _refuse_bomb(content: bytes) -> None:
    """A workbook is a zip file: look at what it claims to unpack to before unpacking."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as found:
            entries = found.infolist()
    except zipfile.BadZipFile:
        raise Refused("file_unreadable") from None
    if len(entries) > MOST_FILES or sum(one.file_size for one in entries) > MOST_UNPACKED:
        raise Refused("file_unpacked_large", most=MOST_UNPACKED // (1024 * 1024))


def _workbook(content: bytes) -> Table:
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(Path(__file__).with_name("child.py"))],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise Refused("file_unreadable") from None
    rows: Table = json.loads(done.stdout)
    return rows


def _text(content: bytes) -> Table:
    """CSV in UTF-8 or in CP949, as Korean Excel writes it; commas, semicolons or tabs."""
    if b"\x00" in content[:4096]:
        raise Refused("file_unreadable")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp949")
        except UnicodeDecodeError:
            raise Refused("file_unreadable") from None
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise Refused("file_unreadable") from None
    if len(rows) > MOST_ROWS:
        raise Refused("file_long", most=MOST_ROWS)
    return [[cell.strip()[:2000] or None for cell in row[:MOST_COLUMNS]] for row in rows]
