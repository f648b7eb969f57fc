"""Loaded by a process under libfaketime: its `time.sleep` would fail there.

libfaketime 0.9.10 hands clock_nanosleep an absolute time of the wrong clock, and Python's sleep
ends with EINVAL. Waiting on nothing is the same and goes through.
"""

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], max(0.0, seconds))


time.sleep = _sleep
