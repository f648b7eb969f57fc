"""A stack of broker and database: found again, mended, and stopped with nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.local.processes import Identity, marked
from deploy.local.stack import Stack

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A running stack of this module's own."""
    stack = Stack(f"selftest-{os.getpid()}", services=())
    try:
        with stack:
            yield stack
    finally:
        stack.stop()
        shutil.rmtree(stack.layout.directory, ignore_errors=True)


def _eventually(true: Callable[[], bool], seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    waiting = threading.Event()
    while not true():
        assert time.monotonic() < limit, "it did not become true"
        waiting.wait(0.05)


def _writable(stack: Stack) -> bool:
    client: MongoClient[dict[str, object]] = MongoClient(
        stack.addresses["mongo"], serverSelectionTimeoutMS=500, timeoutMS=1000
    )
    with client:
        try:
            return bool(client.admin.command("hello").get("isWritablePrimary"))
        except PyMongoError:
            return False


def test_a_second_start_finds_the_first(stack: Stack) -> None:
    before, owned = stack.processes, marked(stack.layout.directory)
    second = Stack(stack.layout.name, services=()).start(follow=True)
    assert second.addresses == stack.addresses
    assert second.processes == before
    assert marked(stack.layout.directory) == owned


def test_a_killed_database_is_started_again_with_its_data(stack: Stack) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(stack.addresses["mongo"])
    with client:
        client.proof.things.insert_one({"_id": "kept"})
        killed = stack.processes["mongo"]
        os.kill(killed.pid, signal.SIGKILL)
        _eventually(lambda: stack.processes.get("mongo") not in (None, killed))
        _eventually(lambda: _writable(stack))
        assert client.proof.things.find_one({"_id": "kept"}) is not None


def test_the_log_of_the_database_never_quotes_what_was_asked_of_it(stack: Stack) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(stack.addresses["mongo"])
    with client:
        client.proof.people.insert_one({"email": "one@school.example"})
        slow = "function () { sleep(150); return this.email === 'one@school.example'; }"
        assert client.proof.people.find_one({"$where": slow}) is not None
        told = client.admin.command("getLog", "global")["log"]
    assert told
    assert not any("one@school.example" in line for line in told)


def test_what_a_killed_supervisor_left_is_ended_before_a_new_start(stack: Stack) -> None:
    status = stack.status()
    assert status is not None
    orphans = list(stack.processes.values())
    os.kill(status.supervisor.pid, signal.SIGKILL)
    _eventually(lambda: not status.supervisor.alive())
    assert stack.status() is None
    again = Stack(stack.layout.name, services=()).start(follow=True)
    assert not any(orphan.alive() for orphan in orphans)
    assert set(again.processes) == {"kafka", "mongo"}


def test_stopping_ends_every_process_of_the_stack_and_no_other(stack: Stack) -> None:
    own = Identity.of(os.getpid())
    stack.stop()
    assert marked(stack.layout.directory) == []
    assert stack.status() is None
    assert own is not None
    assert own.alive()
