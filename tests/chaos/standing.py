"""A consumer that is too slow (F11): its own thread stands still, its heartbeats go on.

SIGSTOP would stop both, and the broker would find out by the silence. A tracer (`ptrace`) can hold
a single thread: the client's thread of its own then goes on until the time between two polls is
over, and leaves the group itself.
"""

from __future__ import annotations

import ctypes
import os
import threading
from functools import cache

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WAIT_ALL = 0x40000000
"""`__WALL`: threads are waited for like processes."""


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    return libc


def possible() -> bool:
    """Whether this process may hold threads of others."""
    return os.geteuid() == 0


def hold(pid: int, seconds: float) -> bool:
    """Hold the main thread of a process. False if the process ended meanwhile.

    A tracer is a thread, so all of it happens in the caller's.
    """
    _ptrace(SEIZE, pid)
    try:
        _ptrace(INTERRUPT, pid)
        found, status = os.waitpid(pid, WAIT_ALL)
        if not found or not os.WIFSTOPPED(status):
            return False
        threading.Event().wait(seconds)
    finally:
        gone = _libc().ptrace(DETACH, pid, None, None) != 0
    return not gone


def _ptrace(request: int, pid: int) -> None:
    if _libc().ptrace(request, pid, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {pid}")
