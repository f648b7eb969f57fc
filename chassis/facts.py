"""Facts that operations state: an event before it has an envelope, and the house's clock words."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import uuid_utils

KST = ZoneInfo("Asia/Seoul")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an aggregate.

    `type` is `noun.past_tense` without its version; `data` is checked against the closed schema
    when it is appended. `topic` is given only where it is not the aggregate's own topic.
    """

    type: str
    data: dict[str, Any]
    topic: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Due:
    """A time at which a named operation of the aggregate has to be called."""

    at: datetime
    name: str


def derived_id(*parts: str) -> str:
    """A UUIDv8 that is the same whenever the parts are the same.

    The parts are joined with a separator that no id or route contains, so that two different
    lists can never meet in one id.
    """
    digest = bytearray(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x80
    digest[8] = (digest[8] & 0x3F) | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def fresh_id() -> str:
    """A new UUIDv7: ordered by time, so that an index on it grows at one end."""
    return str(uuid_utils.uuid7())


def in_ms(moment: datetime) -> datetime:
    """The moment in UTC cut to milliseconds, as MongoDB stores it."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z, as every event writes a time."""
    return in_ms(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The aware UTC datetime of a time written by `stamp` (or any ISO 8601 with an offset)."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"a time without an offset: {text}")
    return found.astimezone(UTC)
