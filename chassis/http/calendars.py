"""Visits for a calendar: RFC 5545 text, so that one tap puts them beside everything else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

LINE = 75
"""Longest line in bytes; longer ones go on in the next line after a space."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a calendar. `id` stays the same when the thing changes."""

    id: str
    start: datetime
    end: datetime
    title: str
    place: str = ""
    words: str = ""
    sequence: int = 0


def calendar(entries: Sequence[Entry], at: datetime) -> str:
    """The entries as one file. `at` is when it was written."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Ieum//visits//KO", "CALSCALE:GREGORIAN"]
    for one in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{one.id}@ieum",
            f"SEQUENCE:{one.sequence}",
            f"DTSTAMP:{_moment(at)}",
            f"DTSTART:{_moment(one.start)}",
            f"DTEND:{_moment(one.end)}",
            f"SUMMARY:{_text(one.title)}",
        ]
        lines += [f"LOCATION:{_text(one.place)}"] if one.place else []
        lines += [f"DESCRIPTION:{_text(one.words)}"] if one.words else []
        lines.append("END:VEVENT")
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(words: str) -> str:
    plain = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(line: str) -> list[str]:
    """The line in pieces of at most 75 bytes, none of which cuts a sign."""
    pieces, piece, room = [], "", LINE
    for sign in line:
        if len((piece + sign).encode()) > room:
            pieces.append(piece)
            piece = " "
        piece += sign
    return [*pieces, piece]
