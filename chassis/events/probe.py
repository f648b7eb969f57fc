"""Whether the broker answers, asked over a bare connection, before any client of it is made.

A client's constructor blocks for seconds, leaves a thread behind when it fails, and a role that
ends and begins again meets the broker's return only at its next attempt. This costs nothing, and
a broker that stood still answers in the moment in which it goes on.
"""

import socket
import ssl
import struct
import time

from chassis.context import Context
from chassis.logs import logger
from chassis.settings import Settings

API_VERSIONS, VERSION, NUMBER = 18, 0, 7
CONNECT_SECONDS = 2.0
SLICE_SECONDS = 1.0
HOLD_SLICES = 10
"""How many slices one connection waits. A frozen broker takes up only so many new ones."""
AGAIN_SECONDS = 0.2
TELL_SECONDS = 5.0


def awaited(context: Context) -> None:
    """Return as soon as a broker answers or the role is asked to stop. Says what it waits for."""
    waiting = _Waiting(context)
    while not context.stopping():
        for address in context.settings.kafka_bootstrap.split(","):
            if _answers(waiting, address):
                return
        waiting.look()
        context.wait(AGAIN_SECONDS)


class _Waiting:
    """A role that waits: alive to its parent, and now and then heard by whoever reads the log."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._tell_at = time.monotonic()

    def look(self) -> None:
        """One more turn without an answer."""
        self.context.beat()
        if time.monotonic() >= self._tell_at:
            self._tell_at = time.monotonic() + TELL_SECONDS
            # The words that a role leaves when it ends for want of the broker.
            logger().warning("role_waits", waits_for="broker", error="BrokerAway")


def _answers(waiting: _Waiting, address: str) -> bool:
    """Whether this broker answers its simplest question. False as soon as the connection ends."""
    host, _, port = address.strip().rpartition(":")
    settings = waiting.context.settings
    try:
        with (
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS) as raw,
            _secured(settings, raw, host) as connection,
        ):
            connection.sendall(_question())
            connection.settimeout(SLICE_SECONDS)
            for _ in range(HOLD_SLICES):
                try:
                    return len(connection.recv(8)) > 0
                except TimeoutError:
                    waiting.look()
                if waiting.context.stopping():
                    return False
    except OSError:
        return False
    return False


def _question() -> bytes:
    """Which versions the broker speaks: answered before anybody has signed in."""
    said = struct.pack(">hhih", API_VERSIONS, VERSION, NUMBER, -1)
    return struct.pack(">i", len(said)) + said


def _secured(settings: Settings, raw: socket.socket, host: str) -> socket.socket:
    if not settings.kafka_security.endswith("SSL"):
        return raw
    return ssl.create_default_context().wrap_socket(raw, server_hostname=host)
