"""What a stack's files say about who runs, and what they do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import processes, state
from deploy.local.processes import Identity
from deploy.local.state import Layout, State


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout("some", tmp_path)
    layout.directory.mkdir()
    layout.users.mkdir()
    return layout


def _own() -> Identity:
    found = Identity.of(os.getpid())
    assert found is not None
    return found


def _gone() -> Identity:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    found = Identity.of(process.pid)
    process.wait()
    return found or Identity(process.pid, 1)


def _write(layout: Layout, supervisor: Identity) -> None:
    State("ready", supervisor, "data", [], {"kafka": "127.0.0.1:1"}, {}).write(layout.file)


def test_a_stack_whose_supervisor_runs_is_found_with_its_addresses(layout: Layout) -> None:
    _write(layout, _own())
    found = state.running(layout)
    assert found is not None
    assert found.addresses == {"kafka": "127.0.0.1:1"}


def test_the_file_of_a_dead_supervisor_counts_for_nothing(layout: Layout) -> None:
    _write(layout, _gone())
    assert state.running(layout) is None


def test_a_process_that_got_the_dead_supervisors_id_is_not_taken_for_it(layout: Layout) -> None:
    own = _own()
    _write(layout, Identity(own.pid, own.started - 1))
    assert state.running(layout) is None


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"phase": "ready"}'])
def test_a_broken_file_counts_for_nothing(layout: Layout, text: str) -> None:
    layout.file.write_text(text, encoding="utf-8")
    assert state.running(layout) is None


def test_users_that_are_gone_are_forgotten(layout: Layout) -> None:
    own, gone = _own(), _gone()
    for user in (own, gone):
        (layout.users / f"{user.pid}-{user.started}").touch()
    assert state.live_users(layout) == [own]
    assert [file.name for file in layout.users.iterdir()] == [f"{own.pid}-{own.started}"]


def test_only_processes_that_carry_the_stacks_mark_are_found_and_ended(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    started = [
        subprocess.Popen(
            sleep, env={**os.environ, processes.MARK: str(mark)}, stdout=subprocess.PIPE
        )
        for mark in (tmp_path / "ours", tmp_path / "others")
    ]
    ours, others = started
    try:
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        assert [found.pid for found in processes.marked(tmp_path / "ours")] == [ours.pid]
        processes.end(processes.marked(tmp_path / "ours"), 5)
        assert ours.wait(5) != 0
        assert others.poll() is None
    finally:
        for process in started:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def test_a_frozen_process_is_woken_so_that_it_can_stop() -> None:
    import signal

    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    identity = Identity.of(process.pid)
    assert identity is not None
    identity.send(signal.SIGSTOP)
    try:
        assert processes.end([identity], 5)
    finally:
        process.kill()
        process.wait()
