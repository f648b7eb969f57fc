"""Second processes of a role whose clock is wrong (F8), kept running beside the stack's own.

Where libfaketime is installed, the whole process lives at another time, libraries included.
Elsewhere `IEUM_CLOCK_SHIFT` moves the house's own clock only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from deploy.local.machine import ROOT

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
"""Debian's package libfaketime; IEUM_FAKETIME names another place."""
SLEEP = Path(__file__).with_name("faked")
PAUSE_SECONDS = 0.5


def library() -> Path | None:
    """The library that fakes the time, None if the machine has none."""
    found = Path(os.environ.get("IEUM_FAKETIME") or LIBRARY)
    return found if found.exists() else None


def at_another_time(seconds: int) -> dict[str, str]:
    """The environment of a process whose clock is so far ahead, or behind.

    The monotonic clock, which measures how long something takes, stays right, as it does on a
    machine whose time is wrong.
    """
    found = library()
    if found is None:
        return {"IEUM_CLOCK_SHIFT": str(seconds)}
    return {
        "LD_PRELOAD": str(found),
        "FAKETIME": f"{seconds:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(SLEEP),
        "DONT_FAKE_MONOTONIC": "1",
    }


class Twin:
    """A role of a service in a process of its own, started again whenever it ends."""

    def __init__(self, service: str, role: str, settings: dict[str, str], log: Path) -> None:
        self.service = service
        self._command = [sys.executable, "-m", f"services.{service}", role]
        self._environment = {**os.environ, **settings}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to keep it running."""
        self._wanted.set()
        threading.Thread(target=self._keep, daemon=True, name="twin").start()

    def _keep(self) -> None:
        with self._log.open("ab") as log:
            while not self._ended.is_set():
                with self._lock:
                    idle = self._process is None or self._process.poll() is not None
                    if idle and self._wanted.is_set():
                        self._process = subprocess.Popen(
                            self._command,
                            env=self._environment,
                            cwd=ROOT,
                            stdout=log,
                            stderr=subprocess.STDOUT,
                        )
                self._ended.wait(PAUSE_SECONDS)

    def send(self, number: signal.Signals) -> None:
        """Signal it, if it runs."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(number)

    def rest(self) -> None:
        """Kill it, and keep it away until `go_on`."""
        self._wanted.clear()
        self.send(signal.SIGKILL)

    def go_on(self) -> None:
        """Start it again."""
        self._wanted.set()

    def stop(self) -> None:
        """End it for good."""
        self._wanted.clear()
        self._ended.set()
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
            self._process.kill()
            self._process.wait(20)
