"""What is measured: one job is one process that prints a line of JSON for each of its rows.

Jobs run one after another, so that two never share the processor or its memory. Each has its own
limit in seconds of processor time, so that a busy machine does not decide who finishes, and all
share a budget of the wall clock: what does not fit any more says so in its row.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]

FLOW = ("engine", "engine+leximin", "stable", "first-come", "engine, all stages")
#: Persons: size, loads, seconds for the engine's methods, for OR-Tools and for HiGHS.
PERSONS = (
    ("city", (90, 100, 110), 60, 30, 30),
    ("district", (90, 100, 110), 60, 30, 60),
    ("x4", (90, 100, 110), 60, 60, 60),
    ("seoul", (90, 100, 110), 240, 90, 0),
    ("korea", (90, 100, 110), 300, 200, 0),
)
#: Groups: size, seconds for the engine, for the compact program by HiGHS.
GROUPS = (
    ("groups-13", 30, 15),
    ("groups-120", 30, 20),
    ("groups-1225", 30, 20),
    ("groups-4899", 60, 0),
    ("groups-seoul", 160, 0),
)


#: A job may take this many times its limit by the wall clock.
PATIENCE = 8


@dataclass(frozen=True)
class Job:
    """A process: its module and words, the kind of its rows, and what they have in common."""

    kind: str
    module: str
    words: tuple[str, ...]
    limit: float
    common: tuple[tuple[str, Any], ...]

    @property
    def row(self) -> Row:
        """What every row of the job says."""
        return {"kind": self.kind, **dict(self.common)}


def plan(folder: Path, sizes: list[str], seed: int) -> list[Job]:
    """All jobs, those that matter most and take least first; markets lie in `folder`."""
    out: list[Job] = []
    words: tuple[str, ...]
    for size, loads, own, or_tools, highs in PERSONS:
        for load in loads if size in sizes else ():
            common = (("size", size), ("load", load))
            path = str(folder / f"{size}-{seed}-{load}.npz")
            make = (path, size, str(seed), str(load))
            out.append(Job("market", "bench.engine.making", make, 120, common))
            # Repairs come before the stages that may take all of the time.
            methods = (*FLOW[:-1], "repair", FLOW[-1]) if _repaired(size, load) else FLOW
            out.append(Job("persons", "bench.engine.methods", (path, *methods), own, common))
            if load == 90 and or_tools:
                words = (path, "OR-Tools")
                out.append(Job("persons", "bench.engine.peers", words, or_tools, common))
            if load == 90 and highs:
                words = (path, "HiGHS LP")
                out.append(Job("persons", "bench.engine.peers", words, highs, common))
    whole = "bench.engine.whole"
    if "district" in sizes:
        common = (("size", "district-min"), ("load", 110))
        for what, limit in (("minimum", 60.0), ("minimum-highs", 90.0)):
            words = (what, "district-min", str(seed), str(limit))
            out.append(Job("minimum sizes", whole, words, limit + 60, common))
    for size, own, highs in GROUPS:
        if size not in sizes:
            continue
        common = (("size", size), ("load", 90))
        words = ("groups", size, str(seed), str(own))
        out.append(Job("groups", whole, words, own * 1.5 + 60, common))
        if highs:
            words = ("groups-highs", size, str(seed), str(highs))
            out.append(Job("groups", whole, words, highs * 1.5 + 30, common))
    for size, limit in (("city", 60), ("groups-13", 60), ("district", 90), ("seoul", 150),
                        ("korea", 240)):  # fmt: skip
        if size in sizes:
            words = ("files", size, str(seed), str(limit))
            out.append(Job("files", whole, words, limit, (("size", size), ("load", 90))))
    if "assignment" in sizes:
        for kind in "abcde":
            words = ("assignment", kind, str(seed), "20")
            common = (("size", f"type {kind}, 5 agents, 60 jobs"), ("load", 100))
            out.append(Job("assignment", whole, words, 75, common))
        common = (("size", "ties, 60 hospitals, 500 residents"), ("load", 100))
        out.append(Job("residents", whole, ("residents", "-", str(seed), "20"), 60, common))
    return sorted(out, key=lambda job: job.row["size"] in {"korea", "groups-seoul"})


def _repaired(size: str, load: int) -> bool:
    return load == 110 or (size, load) == ("korea", 90)


def run(job: Job, left: float) -> list[Row]:
    """The rows of a job. Whatever goes wrong is said in a row and never ends the benchmark."""
    if left < 5:
        return [{**job.row, "method": _next(job, 0), "failed": "not run: no time left"}]
    command = [sys.executable, "-m", job.module, *job.words]
    begin, limit = time.monotonic(), min(PATIENCE * job.limit, left)
    failed, text = "", ""
    most = int(job.limit)

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))

    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, check=False, preexec_fn=bounded
        )
        text = done.stdout
        if done.returncode == -signal.SIGXCPU:
            failed = f"over {most} s of processor time"
        elif done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            failed = last[0][:200]
    except subprocess.TimeoutExpired as late:
        text = late.stdout.decode() if isinstance(late.stdout, bytes) else ""
        failed = f"over {limit:.0f} s of the wall clock"
    rows: list[Row] = []
    for line in text.splitlines():
        try:
            rows.append({**job.row, **json.loads(line)})
        except ValueError:
            failed = failed or f"unreadable line: {line[:80]}"
    if failed:
        rows.append({**job.row, "method": _next(job, len(rows)), "failed": failed})
    busy = round(os.getloadavg()[0], 1)
    wall = round(time.monotonic() - begin, 1)
    return [{**row, "load_average": busy, "job_s": wall} for row in rows]


def _next(job: Job, done: int) -> str:
    """The method that a job was at when it ended."""
    names = job.words[1:] if job.module.endswith(("methods", "peers")) else job.words[:1]
    return names[min(done, len(names) - 1)]
