"""Forked processes: their words, their end, and what they do not take from their parent."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

from deploy.local import forking


def started(folder: Path, *arguments: str) -> forking.Forked:
    with (folder / "log").open("ab") as log:
        return forking.run("forked", [*arguments], {"GIVEN": "a word"}, log.fileno())


def test_a_forked_module_writes_into_its_log_and_ends_with_0(tmp_path: Path) -> None:
    assert started(tmp_path, "calendar", "2024", "11").wait() == 0
    assert "November 2024" in (tmp_path / "log").read_text()


def test_what_ends_a_forked_module_is_in_its_log_and_in_its_exit_code(tmp_path: Path) -> None:
    assert started(tmp_path, "no_such_module_here").wait() == 1
    assert "no_such_module_here" in (tmp_path / "log").read_text()
    assert started(tmp_path, "calendar", "not-a-year").wait() == 2


def test_a_forked_process_has_a_session_and_a_name_of_its_own_and_ends_when_asked(
    tmp_path: Path,
) -> None:
    child = started(tmp_path, "http.server", "0")
    try:
        assert child.poll() is None
        while Path(f"/proc/{child.pid}/comm").read_text().strip() != "forked":
            assert child.poll() is None
        assert os.getsid(child.pid) == child.pid
    finally:
        os.kill(child.pid, signal.SIGTERM)
    assert child.wait() == -signal.SIGTERM


def test_a_lock_of_the_parent_is_not_held_by_its_forked_children(tmp_path: Path) -> None:
    held = (tmp_path / "lock").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)
    child = started(tmp_path, "http.server", "0")
    try:
        while Path(f"/proc/{child.pid}/comm").read_text().strip() != "forked":
            assert child.poll() is None
        held.close()
        with (tmp_path / "lock").open("w") as again:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.kill(child.pid, signal.SIGTERM)
        child.wait()
