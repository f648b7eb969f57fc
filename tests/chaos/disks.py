"""Full disks (F7): broker and database of a stack on small disks of their own, filled to the brim.

Each disk is a file with a file system, mounted over a loop device below the stack's directory.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from deploy.local.stack import Stack

MEGABYTES = {"mongo": 3000, "kafka": 1000}
"""Sizes of the files, of which only what is written takes room. A mongod's oplog alone is 1 GB."""
BALLAST = "ballast"
LOOK_SECONDS = 0.2


@cache
def possible() -> bool:
    """Whether this process may mount a file."""
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        return False
    tools = ("/usr/sbin/mkfs.ext4", "/usr/bin/mount", "/usr/bin/umount")
    return all(Path(tool).exists() for tool in tools)


class SmallDisks(Stack):
    """A stack whose broker and database write to small disks, where these can be had."""

    def _data_directory(self, *, fresh: bool) -> Path:
        _unmount_below(self.layout.directory)
        found = super()._data_directory(fresh=fresh)
        for name, megabytes in MEGABYTES.items() if possible() else ():
            _mount(found / f"{name}.disk", found / name, megabytes)
        return found

    def release(self) -> None:
        """Stop, and take the disks away."""
        super().release()
        if self.status() is None:
            _unmount_below(self.layout.directory)

    def disk(self, name: str) -> Path | None:
        """The directory on which the broker or the database writes, None if it is no small disk."""
        place = self.data / name
        return place if place.is_mount() else None


def _mount(file: Path, place: Path, megabytes: int) -> None:
    place.mkdir(parents=True)
    with file.open("wb") as empty:
        empty.truncate(megabytes * 1024**2)
    for command in (
        # Nothing is set aside for the superuser, as whom everything here runs.
        ["/usr/sbin/mkfs.ext4", "-q", "-m", "0", str(file)],
        ["/usr/bin/mount", "-o", "loop,noatime", str(file), str(place)],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    (place / "lost+found").rmdir()


def _unmount_below(directory: Path) -> None:
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    for place in [line.split()[1] for line in mounts]:
        if place.startswith(f"{directory}/"):
            command = ["/usr/bin/umount", "-l", place]
            subprocess.run(command, check=False, capture_output=True, timeout=60)
            with suppress(OSError):
                Path(f"{place}.disk").unlink()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """No byte more fits on the disk while the block runs, whatever is freed meanwhile."""
    ballast, ended = disk / BALLAST, threading.Event()

    def fill() -> None:
        with ballast.open("ab") as file:
            while True:
                _fill(disk, file.fileno())
                if ended.wait(LOOK_SECONDS):
                    return

    filler = threading.Thread(target=fill, daemon=True, name="filler")
    filler.start()
    try:
        yield
    finally:
        ended.set()
        filler.join()
        ballast.unlink()


def _fill(disk: Path, file: int) -> None:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        room = os.statvfs(disk)
        free = room.f_bavail * room.f_frsize
        if free < room.f_frsize:
            return
        with suppress(OSError):
            os.posix_fallocate(file, os.fstat(file).st_size, max(free // 2, room.f_frsize))
