"""The way out: one SMTP connection, reused, and an e-mail as bytes.

The bytes are put together by hand, because the standard library's message objects cost more time
than the sending.
"""

import base64
import binascii
import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parseaddr
from functools import lru_cache

from services.notifications.deliveries.model import Outcome

SECONDS = 10.0
"""How long the server may take for one step."""


OK, FORWARDED, GO_ON, CLOSING = 250, 251, 354, 421
"""Replies of a mail server, by RFC 5321."""


class Away(Exception):
    """Nobody listens, or the connection broke: nothing is known to be wrong with the message."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail before it is bytes. `sender` may carry a display name."""

    message_id: str
    sender: str
    sender_name: str
    to: str
    subject: str
    text: str
    html: str
    language: str
    list_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server made of one e-mail; `code` is its reply as a code of ours."""

    outcome: Outcome
    code: str | None = None


LINE_SIGNS = 76
"""The longest line of a header with encoded words, by RFC 2047, and of base64, by RFC 2045."""


@lru_cache(maxsize=2048)
def _header(name: str, text: str) -> str:
    """The header's value as RFC 2047 encoded words, folded; plain text stays as it is.

    A word holds whole characters only. Line breaks become spaces, so that no value can begin
    another header.
    """
    text = " ".join(text.split())
    most = (LINE_SIGNS - len(f"{name}: =?utf-8?b??=")) // 4 * 3
    if text.isascii() and len(text) <= most and "=?" not in text:
        return text
    words, word = [], b""
    for sign in text:
        byte = sign.encode()
        if len(word) + len(byte) > most:
            words.append(word)
            word = b""
        word += byte
    words.append(word)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


@lru_cache(maxsize=64)
def _address(sender: str) -> str:
    return parseaddr(sender)[1]


_PLAIN = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)
_DOT = re.compile(rb"(?m)^\.")


def _quoted(address: str) -> str:
    """The address in the brackets of a command."""
    return f"<{address}>" if _PLAIN.fullmatch(address) else smtplib.quoteaddr(address)


def _stuffed(content: bytes) -> bytes:
    """The content as DATA wants it: no line begins with a single dot, and a dot ends it all."""
    if content.startswith(b".") or b"\n." in content:
        content = _DOT.sub(b"..", content)
    return content + (b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n")


def _part(text: str, kind: str) -> bytes:
    whole = binascii.b2a_base64(text.encode(), newline=False)
    lines = [whole[at : at + LINE_SIGNS] for at in range(0, len(whole), LINE_SIGNS)]
    body = b"\r\n".join([*lines, b""])
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + body


def compose(letter: Letter) -> bytes:
    """The e-mail as bytes: plain text first, HTML beside it."""
    address = _address(letter.sender)
    boundary = f"=_{letter.message_id[1:37]}"
    rows = [
        f"From: {_header('From', letter.sender_name)} <{address}>",
        f"To: {letter.to}",
        f"Subject: {_header('Subject', letter.subject)}",
        f"Date: {format_datetime(letter.at)}",
        f"Message-ID: {letter.message_id}",
        f"List-ID: {letter.list_id}",
        "Auto-Submitted: auto-generated",
        f"Content-Language: {letter.language}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    ]
    line = f"--{boundary}".encode()
    return b"\r\n".join(
        [
            "\r\n".join(rows).encode(),
            b"",
            line,
            _part(letter.text, "plain"),
            line,
            _part(letter.html, "html"),
            line + b"--",
            b"",
        ]
    )


class Post:
    """A connection to the mail server that is opened when needed and kept."""

    def __init__(self, host: str, port: int, sender: str) -> None:
        self.host = host
        self.port = port
        self.sender = parseaddr(sender)[1]
        self._server: smtplib.SMTP | None = None

    @property
    def domain(self) -> str:
        """The domain that Message-IDs and the List-ID end with."""
        return self.sender.rpartition("@")[2] or "localhost"

    def ready(self) -> None:
        """Be connected. Raises Away if nobody listens."""
        try:
            if self._server is not None:
                if self._server.noop()[0] == 250:
                    return
                self.close()
            self._server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
            self._server.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Away(type(error).__name__) from error

    def begin(self, to: str, content: bytes) -> Answer | None:
        """Give one e-mail to the server without waiting for its word; None if it did not refuse.

        `smtplib.sendmail` says the same, but takes every address apart and looks at every line.
        Raises Away if the connection broke, with the outcome unknown.
        """
        if not to.isascii():
            return Answer("refused", "not_supported")
        if self._server is None:
            self.ready()
        server = self._server
        if server is None:
            raise Away("closed")
        with self._away():
            size = f" size={len(content)}" if server.has_extn("size") else ""
            code, _ = server.docmd("MAIL", f"FROM:{_quoted(self.sender)}{size}")
            if code != OK:
                return self._refused(server, code)
            code, _ = server.docmd("RCPT", f"TO:{_quoted(to)}")
            if code not in (OK, FORWARDED):
                return self._refused(server, code, address=True)
            code, _ = server.docmd("DATA")
            if code != GO_ON:
                return self._refused(server, code)
            server.send(_stuffed(content))
        return None

    def end(self) -> Answer:
        """What the server made of the e-mail that was begun. Raises Away as `begin`."""
        server = self._server
        if server is None:
            raise Away("closed")
        with self._away():
            code, _ = server.getreply()
            return Answer("accepted") if code == OK else self._refused(server, code)

    @contextmanager
    def _away(self) -> Iterator[None]:
        """Let go of a connection that broke."""
        try:
            yield
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Away(type(error).__name__) from error

    def _refused(self, server: smtplib.SMTP, code: int, address: bool = False) -> Answer:
        """The refusal, with the server ready for another e-mail. Raises Away if it takes none."""
        if code == CLOSING and not address:
            raise smtplib.SMTPServerDisconnected(code)
        try:
            server.rset()
        except smtplib.SMTPServerDisconnected:
            # Some hang up after a refusal, which stays one.
            self.close()
        return _refusal(code, address)

    def close(self) -> None:
        """Let go of the connection without waiting for a farewell."""
        if self._server is not None:
            self._server.close()
            self._server = None


def _refusal(code: int, address: bool) -> Answer:
    """A 4xx may pass; a 5xx is for good, and at the address it means that nobody is there."""
    said = f"smtp_{code}"
    if code < 500:
        return Answer("deferred", said)
    return Answer("unknown_address" if address and code in (550, 551, 553) else "refused", said)
