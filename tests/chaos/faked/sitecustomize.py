"""Loaded by a process under libfaketime: its `time.sleep` would fail there.

libfaketime 0.9.10 hands clock_nanosleep an absolute time of the wrong clock, and Python's sleep
ends with EINVAL. Waiting on nothing is the same and goes through.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: SupportsIndex | float, /) -> None:
    select.select([], [], [], max(0.0, float(seconds)))


time.sleep = _sleep
