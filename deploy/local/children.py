"""One child process of the supervisor: started, watched, started again with a growing pause."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import forking
from deploy.local.machine import ROOT
from deploy.local.processes import Identity

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
HEALTHY_AFTER = 20.0


@dataclass
class Child:
    """A process to be kept running. Its output is appended to `log` untouched.

    A `forked` one is `python -m …` from the supervisor's own imports (`forking.prepare`).
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    forked: bool = False
    process: subprocess.Popen[bytes] | forking.Forked | None = None
    identity: Identity | None = None
    starts: int = 0
    pause: float = FIRST_PAUSE
    due: float = 0.0
    since: float = field(default=0.0)

    def start(self) -> None:
        """Start it in a session of its own, so that a Ctrl-C at the terminal does not reach it."""
        environment = {**os.environ, **self.environment}
        with self.log.open("ab") as log:
            if self.forked:
                arguments = self.command[2:]
                self.process = forking.run(self.name, arguments, environment, log.fileno())
            else:
                self.process = subprocess.Popen(
                    self.command,
                    env=environment,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        self.starts += 1
        self.since = time.monotonic()
        self.identity = Identity.of(self.process.pid)

    def watch(self) -> bool:
        """Start it again if it has ended and its pause is over; True when something changed."""
        now = time.monotonic()
        if self.process is None:
            if now < self.due:
                return False
            self.start()
            return True
        if self._ended():
            lived = now - self.since
            self.pause = (
                FIRST_PAUSE if lived > HEALTHY_AFTER else min(self.pause * 2, LONGEST_PAUSE)
            )
            self.due = now + self.pause
            self.process = None
            self.identity = None
            return True
        return False

    def _ended(self) -> bool:
        """Tell whether it ended; if so, end what it left in its session and reap it."""
        process = self.process
        if process is None:
            return False
        waited = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if waited is None:
            return False
        # Until the zombie is reaped its id cannot be anybody else's: the group is still ours.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True

    def end(self, grace: float) -> bool:
        """Ask it to stop, kill its whole session after `grace` seconds; True when it stopped."""
        process = self.process
        if process is None or self._ended():
            self.process = None
            return True
        for number in (signal.SIGTERM, signal.SIGCONT):
            with suppress(ProcessLookupError):
                # Not by Popen, which would reap the child by the way.
                os.kill(process.pid, number)
        limit = time.monotonic() + grace
        while time.monotonic() < limit:
            if self._ended():
                self.process = None
                return True
            time.sleep(0.03)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.process = None
        return False

    def last_words(self) -> str:
        """Return the last line of its log, shortened, for a message to a person."""
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 4000))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
            if lines:
                return lines[-1][:200]
        return "it wrote nothing"
