"""The parent of the background roles: starts, restarts, ends, and leaves no orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.house import eventually

PROGRAM = """
    import os, signal, sys
    from pathlib import Path
    from chassis import worker

    folder = Path(sys.argv[1])
    worker.STALE_SECONDS = 1.0

    def enter(role):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        with (folder / role).open("a") as starts:
            starts.write(f"{os.getpid()}\\n")
        if role == "crashing" and len((folder / role).read_text().split()) < 3:
            raise SystemExit(3)
        beat = Path(os.environ["IEUM_BEAT_FILE"])
        while not signal.sigtimedwait({signal.SIGTERM}, 0.02):
            if role != "silent":
                beat.touch()
        (folder / f"{role}.stopped").touch()

    worker.run(sys.argv[2:], enter)
"""

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a worker with the given roles."""
    running: list[subprocess.Popen[bytes]] = []

    def go(*roles: str) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path), *roles]
        process = subprocess.Popen(program, stderr=subprocess.DEVNULL)
        running.append(process)
        return process

    yield go
    for process in running:
        process.kill()
        process.wait()


def _starts(folder: Path, role: str) -> list[int]:
    file = folder / role
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_each_role_runs_in_a_process_of_its_own(start: Start, tmp_path: Path) -> None:
    parent = start("relay", "project")
    eventually(lambda: _starts(tmp_path, "relay") and _starts(tmp_path, "project"))
    pids = {parent.pid, *_starts(tmp_path, "relay"), *_starts(tmp_path, "project")}
    assert len(pids) == 3


def test_a_role_that_ends_is_started_again(start: Start, tmp_path: Path) -> None:
    start("crashing")
    eventually(lambda: len(_starts(tmp_path, "crashing")) == 3)


def test_a_killed_role_is_started_again_and_the_others_go_on(start: Start, tmp_path: Path) -> None:
    start("relay", "project")
    eventually(lambda: _starts(tmp_path, "relay") and _starts(tmp_path, "project"))
    os.kill(_starts(tmp_path, "relay")[0], signal.SIGKILL)
    eventually(lambda: len(_starts(tmp_path, "relay")) == 2)
    assert len(_starts(tmp_path, "project")) == 1


def test_a_role_whose_heartbeat_is_stale_is_replaced(start: Start, tmp_path: Path) -> None:
    start("silent")
    eventually(lambda: len(_starts(tmp_path, "silent")) >= 2)
    assert not _runs(_starts(tmp_path, "silent")[0])


def test_asked_to_stop_it_lets_every_role_end_by_itself(start: Start, tmp_path: Path) -> None:
    parent = start("relay", "project")
    eventually(lambda: _starts(tmp_path, "relay") and _starts(tmp_path, "project"))
    parent.terminate()
    assert parent.wait(30) == 0
    assert (tmp_path / "relay.stopped").exists()
    assert (tmp_path / "project.stopped").exists()


def test_a_killed_parent_leaves_no_role_behind(start: Start, tmp_path: Path) -> None:
    parent = start("relay", "project")
    eventually(lambda: _starts(tmp_path, "relay") and _starts(tmp_path, "project"))
    parent.kill()
    parent.wait()
    pids = _starts(tmp_path, "relay") + _starts(tmp_path, "project")
    eventually(lambda: not any(_runs(pid) for pid in pids))
