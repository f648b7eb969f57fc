"""The role `worker`: a parent that runs each background role as a child process of its own.

A role is crash-only: on what it cannot handle it logs and ends, and the parent starts it again
with back-off. A role whose heartbeat is stale is ended. SIGTERM is passed on.

Children are forked. A service's modules take seconds to import, and six roles that import them anew
at each start would keep a small machine busy with nothing else; a restart that costs nothing cannot
become a storm either. So the parent holds no client and no thread: clients are made in the child.
"""

import ctypes
import gc
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chassis.logs import logger

STALE_SECONDS = 45.0
GRACE_SECONDS = 20.0
FIRST_BACK_OFF = 0.2
LONGEST_BACK_OFF = 5.0
SOUND_SECONDS = 20.0

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15

Enter = Callable[[str], None]
"""Runs the named role in this process until it is asked to stop."""


@dataclass(slots=True)
class Child:
    """One role's process and the patience left with it."""

    role: str
    beat_file: Path
    pid: int | None = None
    started: float = 0.0
    again_at: float = 0.0
    back_off: float = field(default=FIRST_BACK_OFF)

    def ended(self) -> int | None:
        """The exit code if the process has ended, negative for a signal; None while it runs."""
        if self.pid is None:
            return None
        done, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if done else None


def run(roles: Sequence[str], enter: Enter) -> None:
    """Keep all roles running until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # What was imported stays shared with the children if nobody counts through it.
    gc.freeze()
    with tempfile.TemporaryDirectory(prefix="ieum-") as folder:
        children = [Child(role, Path(folder) / role) for role in roles]
        while not stop.is_set():
            for child in children:
                _look_after(child, enter)
            stop.wait(0.1)
        _stop(children)


def _look_after(child: Child, enter: Enter) -> None:
    present = time.monotonic()
    if child.pid is None:
        if present >= child.again_at:
            _start(child, enter)
        return
    code = child.ended()
    if code is None:
        if present - child.started > SOUND_SECONDS:
            child.back_off = FIRST_BACK_OFF
        if time.time() - child.beat_file.stat().st_mtime > STALE_SECONDS:
            logger().error("role_stale", child=child.role, pid=child.pid)
            # Once: the next look is for its end, and until then the beat counts as new.
            child.beat_file.touch()
            os.kill(child.pid, signal.SIGKILL)
        return
    logger().warning("role_ended", child=child.role, code=code, again_in=child.back_off)
    child.pid = None
    child.again_at = present + child.back_off
    child.back_off = min(child.back_off * 2, LONGEST_BACK_OFF)


def _start(child: Child, enter: Enter) -> None:
    child.beat_file.touch()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(child, parent, enter)
    child.pid = pid
    child.started = time.monotonic()


def _become(child: Child, parent: int, enter: Enter) -> None:
    """The child's whole life; never returns to the parent's code."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _tie_to(parent, child.role)
        os.environ["IEUM_BEAT_FILE"] = str(child.beat_file)
        enter(child.role)
        code = 0
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else 1
    finally:
        os._exit(code)


def _tie_to(parent: int, role: str) -> None:
    """End with the parent, however that ends, and show the role's name in lists of processes."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    libc.prctl(_PR_SET_NAME, role.encode()[:15], 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _stop(children: Sequence[Child]) -> None:
    running = [child for child in children if child.pid is not None]
    for child in running:
        if child.pid is not None and child.ended() is None:
            os.kill(child.pid, signal.SIGTERM)
        else:
            child.pid = None
    end = time.monotonic() + GRACE_SECONDS
    while any(child.pid is not None for child in running):
        late = time.monotonic() > end
        for child in running:
            if child.pid is None:
                continue
            if child.ended() is not None:
                child.pid = None
            elif late:
                logger().warning("role_killed", child=child.role, pid=child.pid)
                os.kill(child.pid, signal.SIGKILL)
        time.sleep(0.02)
