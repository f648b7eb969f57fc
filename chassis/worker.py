"""The role `worker`: a parent that runs each background role as a child process of its own.

A role is crash-only: on what it cannot handle it logs and ends, and the parent starts it again
with back-off. A role whose heartbeat is stale is ended. SIGTERM is passed on.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chassis.context import Context
from chassis.logs import logger

STALE_SECONDS = 45.0
GRACE_SECONDS = 20.0
FIRST_BACK_OFF = 0.2
LONGEST_BACK_OFF = 10.0
SOUND_SECONDS = 20.0


@dataclass(slots=True)
class Child:
    """One role's process and the patience left with it."""

    role: str
    beat_file: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    again_at: float = 0.0
    back_off: float = field(default=FIRST_BACK_OFF)


def run(context: Context, service: str, roles: Sequence[str]) -> None:
    """Keep all roles running until asked to stop."""
    with tempfile.TemporaryDirectory(prefix="ieum-") as folder:
        children = [Child(role, Path(folder) / role) for role in roles]
        while not context.stopping():
            context.beat()
            for child in children:
                _look_after(child, service)
            context.wait(0.1)
        _stop(children)


def _look_after(child: Child, service: str) -> None:
    process = child.process
    present = time.monotonic()
    if process is None:
        if present >= child.again_at:
            _start(child, service)
        return
    code = process.poll()
    if code is None:
        if present - child.started > SOUND_SECONDS:
            child.back_off = FIRST_BACK_OFF
        if time.time() - child.beat_file.stat().st_mtime > STALE_SECONDS:
            logger().error("role_stale", child=child.role, pid=process.pid)
            process.kill()
        return
    logger().warning("role_ended", child=child.role, code=code, again_in=child.back_off)
    child.process = None
    child.again_at = present + child.back_off
    child.back_off = min(child.back_off * 2, LONGEST_BACK_OFF)


def _start(child: Child, service: str) -> None:
    child.beat_file.touch()
    child.process = subprocess.Popen(
        [sys.executable, "-m", f"services.{service}", child.role],
        env={**os.environ, "IEUM_BEAT_FILE": str(child.beat_file)},
    )
    child.started = time.monotonic()


def _stop(children: Sequence[Child]) -> None:
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.send_signal(signal.SIGTERM)
    end = time.monotonic() + GRACE_SECONDS
    for process in running:
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger().warning("role_killed", pid=process.pid)
            process.kill()
            process.wait()
