"""What is started in front of the broker: it waits until the broker's disk has room."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.broker import WITH_ROOM

DISK = """\
#!/bin/sh
echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
echo "/dev/disk 1000000 0 $(cat "{free}") 0% $2"
"""


@contextmanager
def waiting(directory: Path, kilobytes: int) -> Iterator[subprocess.Popen[str]]:
    """The script in front of a broker that only says that it runs; its disk is said by a file."""
    free, tools = directory / "free", directory / "tools"
    free.write_text(str(kilobytes), encoding="utf-8")
    tools.mkdir()
    (tools / "df").write_text(DISK.format(free=free), encoding="utf-8")
    (tools / "df").chmod(0o755)
    with subprocess.Popen(
        [WITH_ROOM, directory, "echo", "the broker runs"],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def test_a_broker_whose_disk_has_room_starts_without_a_word(tmp_path: Path) -> None:
    with waiting(tmp_path, 65536) as process:
        assert process.communicate(timeout=10) == ("the broker runs\n", "")


def test_a_broker_whose_disk_is_full_says_so_and_starts_when_there_is_room(tmp_path: Path) -> None:
    with waiting(tmp_path, 65535) as process:
        assert "make room, the broker starts by itself then" in _line(process)
        assert process.poll() is None
        (tmp_path / "free").write_text("65536", encoding="utf-8")
        said, _ = process.communicate(timeout=10)
    assert said == "the broker runs\n"


def test_a_broker_that_waits_for_room_ends_when_it_is_told_to(tmp_path: Path) -> None:
    with waiting(tmp_path, 0) as process:
        _line(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 143
