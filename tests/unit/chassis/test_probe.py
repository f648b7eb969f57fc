"""Waiting for a broker: heard in the log, alive to the parent, over with its first answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import cast

import pytest

from chassis.context import Context
from chassis.events import probe
from chassis.settings import Settings


class Waiting:
    """As much of a context as a waiting role asks for."""

    def __init__(self, port: int) -> None:
        self.settings = Settings(service="placement", kafka_bootstrap=f"127.0.0.1:{port}")
        self.beats = 0
        self.beaten = threading.Event()
        self.over = threading.Event()

    def beat(self) -> None:
        self.beats += 1
        self.beaten.set()

    def stopping(self) -> bool:
        return self.over.is_set()

    def wait(self, seconds: float) -> bool:
        return self.over.wait(min(seconds, 0.01))


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """A port at which somebody listens, and a frozen process takes nobody in."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def waiting(door: socket.socket) -> Iterator[tuple[Waiting, threading.Thread]]:
    context = Waiting(door.getsockname()[1])
    thread = threading.Thread(target=probe.awaited, args=(cast(Context, context),), daemon=True)
    yield context, thread
    context.over.set()
    thread.join(5)


def test_a_broker_that_stood_still_is_seen_in_the_moment_in_which_it_answers(
    door: socket.socket,
    waiting: tuple[Waiting, threading.Thread],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe, "SLICE_SECONDS", 0.02)
    context, thread = waiting
    thread.start()
    assert context.beaten.wait(5), "it has to beat while it waits"
    assert thread.is_alive()
    taken, _ = door.accept()
    with taken:
        asked = taken.recv(64)
        assert len(asked) == 4 + int.from_bytes(asked[:4], "big")
        taken.sendall(b"\x00\x00\x00\x06\x00\x00\x00\x07\x00\x00")
        thread.join(5)
    assert not thread.is_alive()


def test_a_port_that_nobody_has_is_asked_again_until_the_role_is_to_stop(
    door: socket.socket, waiting: tuple[Waiting, threading.Thread]
) -> None:
    door.close()
    context, thread = waiting
    thread.start()
    assert context.beaten.wait(5)
    assert thread.is_alive()
    context.over.set()
    thread.join(5)
    assert not thread.is_alive()
