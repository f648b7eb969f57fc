"""The faults themselves do what they say."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.chaos.load import Told
from tests.chaos.network import Slow
from tests.chaos.pause import Pause
from tests.chaos.standing import hold
from tests.support.house import eventually

LATE_SECONDS = 0.2
TWO_THREADS = """
import itertools, pathlib, sys, threading
folder = pathlib.Path(sys.argv[1])
def count(name):
    for number in itertools.count():
        (folder / f"{name}.new").write_text(str(number))
        (folder / f"{name}.new").replace(folder / name)
        threading.Event().wait(0.01)
threading.Thread(target=count, args=("beside",), daemon=True).start()
count("main")
"""


def test_what_is_sent_through_a_slow_port_arrives_late_and_whole() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    with Slow(server.getsockname()[1], LATE_SECONDS) as slow:
        client = socket.create_connection(("127.0.0.1", slow.port))
        there, _ = server.accept()
        begin = time.monotonic()
        client.sendall(b"question")
        assert there.recv(100) == b"question"
        assert time.monotonic() - begin >= LATE_SECONDS
        there.sendall(b"answer")
        assert client.recv(100) == b"answer"
    assert client.recv(100) == b""
    for one in (client, there, server):
        one.close()


def test_a_held_thread_stands_still_while_the_others_of_its_process_go_on(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", TWO_THREADS, str(tmp_path)])

    def reached(name: str) -> int:
        file = tmp_path / name
        return int(file.read_text() or 0) if file.exists() else 0

    def only_the_other_goes_on() -> bool:
        main, beside = reached("main"), reached("beside")
        eventually(lambda: reached("beside") > beside + 5)
        return reached("main") == main

    try:
        eventually(lambda: reached("main") > 3 and reached("beside") > 3)
        done: list[bool] = []
        holder = threading.Thread(target=lambda: done.append(hold(process.pid, 3.0)))
        holder.start()
        eventually(only_the_other_goes_on)
        main = reached("main")
        holder.join()
        assert done == [True]
        eventually(lambda: reached("main") > main)
    finally:
        process.kill()
        process.wait()


def test_a_restore_takes_back_what_its_service_told_since_the_backup(tmp_path: Path) -> None:
    told = Told(tmp_path / "told")

    def note(topic: str, id: str, sequence: int) -> None:
        told.note(topic, {"id": id, "sequence": sequence})

    note("registration.surveys", "a", 1)
    told.mark("backup", "registration")
    note("registration.surveys", "a", 2)
    note("registration.surveys", "b", 1)
    note("placement.offers", "c", 1)
    told.mark("restored", "registration")
    note("registration.surveys", "d", 1)
    assert told.last() == {
        ("registration.surveys", "a"): 1,
        ("placement.offers", "c"): 1,
        ("registration.surveys", "d"): 1,
    }
    assert len([json.loads(line) for line in told.path.read_text().splitlines()]) == 7


def test_silence_is_when_every_client_rests_and_each_begins_anew_afterwards() -> None:
    pause, anew = Pause(), list[bool]()

    def client() -> None:
        pause.begin()
        while not pause.pass_by():
            threading.Event().wait(0.01)
        anew.append(True)
        pause.end()

    people = [threading.Thread(target=client) for _ in range(3)]
    for one in people:
        one.start()
    with pause.silence(5):
        assert not anew
    for one in people:
        one.join(5)
    assert anew == [True, True, True]
