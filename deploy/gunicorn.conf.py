"""How gunicorn runs a service's web role; `python -m services.<name> web` execs it with this file.

Two workers of eight threads by default; the local stack sets one worker (IEUM_WEB_WORKERS).
"""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

bind = f"{os.environ.get('IEUM_BIND', '127.0.0.1')}:{os.environ.get('IEUM_PORT', '8000')}"

# gthread: the best rate at a low tail; sync workers reset connections when they are told to stop.
worker_class = "gthread"
workers = int(os.environ.get("IEUM_WEB_WORKERS", "2"))
threads = int(os.environ.get("IEUM_WEB_THREADS", "8"))
keepalive = 15
timeout = 60

# Shorter than the 35 s that Compose waits before it kills, so that requests in flight end first.
graceful_timeout = 25

# A worker's heartbeat is a file; on a disk that is busy it would look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else tempfile.gettempdir()  # noqa: S108

# Workers are replaced now and then, not all at once, so that a slow leak never becomes a fault.
max_requests = 20_000
max_requests_jitter = 4_000

# Nothing may steer a running server from outside.
control_socket_disable = True

# The services write one JSON line a request themselves.
accesslog = None
errorlog = "-"
loglevel = "warning"


def on_starting(_server: Arbiter) -> None:
    """Clear the directory in which metrics meet of what dead processes left there.

    The background roles may share it, so what a living process writes stays.
    """
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if directory:
        path = Path(directory)
        path.mkdir(parents=True, exist_ok=True)
        for file in path.glob("*_*.db"):
            if not Path("/proc", file.stem.rpartition("_")[2]).exists():
                file.unlink()


def post_worker_init(_worker: Worker) -> None:
    """Leave what was imported out of every collection: a whole one would hold all threads up."""
    gc.collect()
    gc.freeze()


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Take a dead worker's gauges out of the sum."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
