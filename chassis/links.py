"""Signed links: what one service writes into a letter and another reads, without a word between.

A link says by whom and for what it may be used, and until when; a code over all of it, made with a
key that only the two services hold, makes it unguessable. Nothing of it is stored anywhere. What
its holder has to know besides (the last digits of a telephone) stands in it as a code as well, so
that whoever reads it can compare an answer and learns nothing else.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from math import ceil
from uuid import UUID

FORM = struct.Struct(">B16s16s16sIBI")
EARLIER = struct.Struct(">B16s16s16sIB")
"""Links that went out before they said when they were made; they are read as long as they last."""

CHECK, CODE = 12, 16
"""Bytes of the two codes: 96 bits for what is asked besides, 128 for the link itself."""

LONGEST = 200
"""No link is longer, so nothing longer is looked at."""


class Purpose(IntEnum):
    """What a link is for; one for another purpose is no link."""

    ANSWER = 1
    """A contact answers for its organisation towards one centre."""
    VISIT = 2
    """One placement is shown."""
    ESCORT = 3
    """The day's sheet of one placement, and who came."""


class Asks(IntEnum):
    """What the holder has to know besides, the first time on a device."""

    NOTHING = 0
    TELEPHONE = 1
    EMAIL = 2


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says. `holder` is whom it was made for, `subject` what it opens."""

    purpose: Purpose
    holder: str
    subject: str
    centre: str
    until: datetime
    asks: Asks = Asks.NOTHING
    check: bytes = b""
    issued: datetime | None = None
    """When it was made, up to the second after; None where nobody wrote that down."""


def known_to(key: bytes, holder: str, asks: Asks, answer: str) -> bytes:
    """The code of what a holder knows, made of its answer as people may type it."""
    said = answer.strip().lower()
    if asks is Asks.TELEPHONE:
        said = "".join(sign for sign in said if sign.isdigit())[-4:]
    return _code(key, "knows", f"{holder}|{asks.value}|{said}".encode())[:CHECK]


def knows(key: bytes, link: Link, answer: str) -> bool:
    """Whether the answer is what the holder of this link was expected to know."""
    found = known_to(key, link.holder, link.asks, answer)
    return link.asks is Asks.NOTHING or hmac.compare_digest(found, link.check)


def written(key: bytes, link: Link) -> str:
    """The link as it stands in an address: letters, digits, `-` and `_`."""
    ids = (UUID(link.holder).bytes, UUID(link.subject).bytes, UUID(link.centre).bytes)
    until = int(link.until.timestamp())
    issued = 0 if link.issued is None else ceil(link.issued.timestamp())
    said = FORM.pack(link.purpose.value, *ids, until, link.asks.value, issued)
    said += link.check.ljust(CHECK, b"\0")
    sealed = said + _code(key, "link", said)[:CODE]
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read(key: bytes, text: str, purpose: Purpose) -> Link | None:
    """The link, or None for anything that was not written with this key for this purpose.

    Whether its time is over is for the caller to see (`until`): an old link is still known.
    """
    if len(text) > LONGEST:
        return None
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    form = EARLIER if len(sealed) == EARLIER.size + CHECK + CODE else FORM
    if len(sealed) != form.size + CHECK + CODE:
        return None
    said, code = sealed[:-CODE], sealed[-CODE:]
    if not hmac.compare_digest(code, _code(key, "link", said)[:CODE]):
        return None
    kind, holder, subject, centre, until, asks, *more = form.unpack(said[:-CHECK])
    issued = more[0] if more else 0
    if kind != purpose.value:
        return None
    return Link(
        purpose=purpose,
        holder=str(UUID(bytes=holder)),
        subject=str(UUID(bytes=subject)),
        centre=str(UUID(bytes=centre)),
        until=datetime.fromtimestamp(until, UTC),
        asks=Asks(asks),
        check=said[-CHECK:],
        issued=datetime.fromtimestamp(issued, UTC) if issued else None,
    )


def device(key: bytes, link: Link, until: datetime) -> str:
    """What a device keeps after its holder has shown what it knows; another number ends it."""
    expires = str(int(until.timestamp()))
    return f"{expires}.{_device(key, link, expires)}"


def is_known(key: bytes, link: Link, kept: str, now: datetime) -> bool:
    """Whether the device has shown what this link asks for, and not too long ago."""
    expires, _, code = kept.partition(".")
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
        return False
    same = hmac.compare_digest(code.encode(), _device(key, link, expires).encode())
    return same and now.timestamp() < int(expires)


def _device(key: bytes, link: Link, expires: str) -> str:
    said = f"{link.holder}|{link.asks.value}|{expires}|".encode() + link.check
    return base64.urlsafe_b64encode(_code(key, "device", said)).rstrip(b"=").decode()


def _code(key: bytes, label: str, said: bytes) -> bytes:
    return hmac.new(key, label.encode() + b"\x1f" + said, hashlib.sha256).digest()
