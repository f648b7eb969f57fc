"""Processes by identity: a process id alone may have been given to somebody else meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Every process of a stack carries the stack's directory in this variable, also the children of its
# children, so that what a killed supervisor left behind is found again and nothing else is.
MARK = "IEUM_STACK"


@dataclass(frozen=True)
class Identity:
    """A process: its id and its start time in clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Return the identity of a running process, None if there is none (or only a zombie)."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # The command's name stands in brackets and may itself hold blanks and brackets.
        fields = text.rpartition(")")[2].split()
        return None if fields[0] == "Z" else cls(pid, int(fields[19]))

    def alive(self) -> bool:
        """Tell whether this very process still runs."""
        return Identity.of(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Signal this very process, if it still runs."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def marked(directory: Path) -> list[Identity]:
    """Return all running processes that belong to the stack in `directory`."""
    wanted = f"{MARK}={directory}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in environment:
            identity = Identity.of(int(entry.name))
            if identity is not None:
                found.append(identity)
    return found


def end(processes: Iterable[Identity], grace: float) -> bool:
    """Ask the processes to stop, kill those that have not after `grace` seconds.

    A frozen process is woken first: it could not hear the request. True when none had to be killed.
    """
    asked = [process for process in processes if process.alive()]
    for process in asked:
        process.send(signal.SIGTERM)
        process.send(signal.SIGCONT)
    if wait_gone(asked, grace):
        return True
    for process in asked:
        process.send(signal.SIGKILL)
    wait_gone(asked, 10)
    return False


def wait_gone(processes: Iterable[Identity], seconds: float) -> bool:
    """Wait until none of the processes runs; False when time is up before."""
    limit = time.monotonic() + seconds
    remaining = [process for process in processes if process.alive()]
    while remaining and time.monotonic() < limit:
        time.sleep(0.03)
        remaining = [process for process in remaining if process.alive()]
    return not remaining
