"""A real SMTP server that keeps what it is given, and can refuse, or be away."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class PostOffice:
    """The server; `refusals` maps an address to the reply that it gets at RCPT."""

    received: list[tuple[str, bytes]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    refuse_data: str | None = None
    hang_up: bool = False
    """Break the connection instead of answering."""
    on_taken: Callable[[], None] | None = None
    """Called when an e-mail was taken and its sender does not know it yet."""
    port: int = 0
    _controller: Any = None

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take or refuse an address."""
        if self.hang_up:
            server.transport.abort()
            return "421 bye"
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep an e-mail."""
        if self.refuse_data is not None:
            return self.refuse_data
        self.received.extend((to, envelope.content) for to in envelope.rcpt_tos)
        if self.on_taken is not None:
            self.on_taken()
        return "250 OK"

    def open(self) -> PostOffice:
        """Listen, on the same port as before if there was one."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        return self

    def close(self) -> None:
        """Listen no more."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def mails(self, to: str | None = None) -> list[EmailMessage]:
        """What was received, read as e-mails."""
        return [
            message_from_bytes(content, policy=policy.default)
            for address, content in self.received
            if to in (None, address)
        ]

    def subjects(self, to: str | None = None) -> list[str]:
        """The subjects of what was received."""
        return [str(mail["Subject"]) for mail in self.mails(to)]


def text_of(mail: EmailMessage) -> str:
    """The plain text of an e-mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
