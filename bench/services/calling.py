"""Web servers and callers of the benchmarks: gunicorn as it is deployed, kept connections."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local import ports
from deploy.local.machine import ROOT


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    method: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rate:
    """What a server did: requests a second, and its latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float
    processor_ms: float
    """Of the server's workers, for each request."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A web server that answers, with the process that keeps its workers."""

    port: int
    pid: int

    def processor_seconds(self) -> float:
        """Processor time of its workers so far; what nobody else on the machine can change much."""
        spent = 0
        for worker in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
            spent += int(fields[11]) + int(fields[12])
        return spent / os.sysconf("SC_CLK_TCK")


CALLS_OF_A_CONNECTION = 10
WORKERS, THREADS = 2, 8
"""As deploy/gunicorn.conf.py and Compose have them."""


@contextmanager
def gunicorn(
    app: str, environment: dict[str, str], workers: int = WORKERS, threads: int = THREADS
) -> Iterator[Serving]:
    """Serve an app under the deployed configuration; all its workers are there."""
    port = ports.choose(["bench"], {})["bench"]
    with tempfile.TemporaryDirectory(prefix="ieum-bench-") as ready:
        own = {
            "IEUM_PORT": str(port),
            "IEUM_WEB_WORKERS": str(workers),
            "IEUM_WEB_THREADS": str(threads),
            "BENCH_READY": ready,
        }
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "bench/services/gunicorn.conf.py", app],
            env={**os.environ, **own, **environment},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _until_ready(Path(ready), workers)
            yield Serving(port, server.pid)
        finally:
            server.terminate()
            server.wait(40)


def _until_ready(ready: Path, workers: int) -> None:
    """Wait for every worker: who begins with the first one alone measures only that one."""
    end = time.monotonic() + 60
    while len(list(ready.iterdir())) < workers:
        if time.monotonic() > end:
            raise TimeoutError("gunicorn's workers did not start")
        threading.Event().wait(0.1)


def rate(serving: Serving, plans: Sequence[Sequence[Call]], warm: int = 0) -> Rate:
    """Send each plan over connections of its own, all at once. Every answer has to be a success.

    The first `warm` calls of each are not counted, so that no worker meets its very first request
    in the measurement. A kept connection stays with the worker that took it, by chance many with
    one; so each is used for some calls only. Raises RuntimeError with the first answer that is no
    success.
    """
    took: list[list[float]] = [[] for _ in plans]
    wrong: list[str] = []
    ready = threading.Barrier(len(plans) + 1, timeout=60)

    def caller(place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=30)
        for number, call in enumerate(plans[place]):
            if number % CALLS_OF_A_CONNECTION == 0:
                # It connects again with the next request.
                connection.close()
            if number == warm:
                took[place].clear()
                ready.wait()
            began = time.perf_counter()
            connection.request(call.method, call.path, json.dumps(call.body), call.headers)
            answer = connection.getresponse()
            said = answer.read()
            took[place].append(time.perf_counter() - began)
            if answer.status >= 300:
                wrong.append(f"{call.method} {call.path}: {answer.status} {said[:300]!r}")
                ready.abort()
                return
        connection.close()

    threads = [threading.Thread(target=caller, args=(place,)) for place in range(len(plans))]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):
        ready.wait()
    began, before = time.perf_counter(), serving.processor_seconds()
    for thread in threads:
        thread.join()
    spent, busy = time.perf_counter() - began, serving.processor_seconds() - before
    if wrong:
        raise RuntimeError(wrong[0])
    every = sorted(one for part in took for one in part)
    return Rate(
        per_second=len(every) / spent,
        p50=1000 * every[len(every) // 2],
        p99=1000 * every[int(len(every) * 0.99)],
        processor_ms=1000 * busy / len(every),
    )
