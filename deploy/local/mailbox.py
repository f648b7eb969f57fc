"""Caught mails: kept as files, so that a restart loses none, and read back as plain data."""

from __future__ import annotations

import email
import email.policy
import email.utils
import itertools
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Mail:
    """One mail as it came over SMTP: the envelope and the exact bytes.

    It is read once: reading takes a standard library's parser 20 ms, and lists are asked for often.
    """

    id: str
    received: datetime
    sender: str
    recipients: list[str]
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        """The parsed mail; headers and bodies come out decoded, whatever their encoding was."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    def body(self, kind: str) -> str:
        """Return the body of the kind ("plain" or "html") with plain line ends, "" if none."""
        part = self.message.get_body(preferencelist=(kind,))
        text = part.get_content() if isinstance(part, EmailMessage) else ""
        return str(text).replace("\r\n", "\n")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Return what a list shows of it, in the words of Mailpit's API."""
        message = self.message
        return {
            "ID": self.id,
            "MessageID": str(message.get("Message-ID", "")).strip("<> \r\n"),
            "From": (_people(message, "From") or [{"Name": "", "Address": self.sender}])[0],
            "To": _people(message, "To") or [{"Name": "", "Address": r} for r in self.recipients],
            "Subject": str(message.get("Subject", "")),
            "Created": self.received.isoformat(),
            "Size": len(self.raw),
        }

    @cached_property
    def whole(self) -> dict[str, Any]:
        """Return everything: the summary, both bodies, all headers."""
        headers = [[name, str(value)] for name, value in self.message.items()]
        return {
            **self.summary,
            "Text": self.body("plain"),
            "HTML": self.body("html"),
            "Headers": headers,
        }


def _people(message: EmailMessage, header: str) -> list[dict[str, str]]:
    values = [str(value) for value in message.get_all(header, [])]
    return [
        {"Name": name, "Address": address}
        for name, address in email.utils.getaddresses(values)
        if address
    ]


class Mailbox:
    """All mails of one directory; safe to use from several threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        self._mails = [_load(path) for path in sorted(directory.glob("*.eml"))]
        last = int(self._mails[-1].id) if self._mails else 0
        self._numbers = itertools.count(last + 1)

    def add(self, sender: str, recipients: list[str], raw: bytes) -> Mail:
        """Keep a mail; it is on disk when this returns."""
        with self._lock:
            mail = Mail(
                f"{next(self._numbers):08d}", datetime.now(UTC), sender, list(recipients), raw
            )
            envelope = " ".join([mail.received.isoformat(), sender, *recipients])
            path = self._directory / f"{mail.id}.eml"
            new = path.with_suffix(".new")
            new.write_bytes(envelope.encode() + b"\n" + raw)
            new.replace(path)
            self._mails.append(mail)
        return mail

    def all(self) -> list[Mail]:
        """Return every mail, newest first."""
        with self._lock:
            return self._mails[::-1]

    def get(self, name: str) -> Mail | None:
        """Return one mail, None if there is none of that id."""
        return next((mail for mail in self.all() if mail.id == name), None)

    def clear(self) -> None:
        """Forget all mails."""
        with self._lock:
            for mail in self._mails:
                (self._directory / f"{mail.id}.eml").unlink(missing_ok=True)
            self._mails.clear()


def _load(path: Path) -> Mail:
    envelope, _, raw = path.read_bytes().partition(b"\n")
    received, sender, *recipients = envelope.decode().split(" ")
    return Mail(path.stem, datetime.fromisoformat(received), sender, recipients, raw)
