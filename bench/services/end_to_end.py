"""Rows: from the HTTP acknowledgement to the effect in another service, and a broker that is away.

The whole stack runs. A clerk's programmes are created at a fixed rate over kept connections, and
each tells two events; the database tells another thread of their effect in placement's guards.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from demo.client import Person
from deploy.local.stack import Stack

LOGIN, PASSWORD = "bench-centre", "correct horse battery"
CALLERS = 8
LOOK_MS = 20
TOPICS = ("registration.programmes", "registration.labels")
"""Where a programme is told: one event each, of one key."""
GUARD = "placement-project|"
DRAIN_SECONDS = 90.0
USUAL = 1.0
"""Seconds within which an event has its effect in normal life: the bar of the row before."""
LATE = 1.5
"""A machine that cannot hold the rate gets half the time again; then the row tells what it held.

Where the broker was away it gets no more: its return is to be seen under ten seconds of load.
"""


@dataclass
class Seen:
    """When each event was acknowledged, and when its effect was seen, by topic and key."""

    acknowledged: dict[str, float] = field(default_factory=dict)
    effective: dict[str, float] = field(default_factory=dict)
    failures: int = 0
    seconds: float = 0.0
    waiting: int = 0
    """How many had no effect yet when the broker came back."""
    spent: dict[str, float] = field(default_factory=dict)
    """Seconds of processor time by process, until the last effect; from the broker's return on."""

    def left(self) -> list[str]:
        """What was acknowledged and has no effect yet."""
        return [id for id in list(self.acknowledged) if id not in self.effective]

    def delays(self) -> list[float]:
        """Seconds from acknowledgement to effect, sorted."""
        spent = (self.effective[id] - at for id, at in self.acknowledged.items())
        # An effect may be there before its caller has read the acknowledgement.
        return sorted(max(0.0, one) for one in spent)

    def drained(self, back: float) -> float:
        """How long after `back` everything older than `USUAL` seconds had its effect.

        What is acknowledged after the return is part of the load: it only has to be as quick again
        as it is in normal life, or the row would measure for how long the callers go on.
        """
        reached = back
        while True:
            old = [id for id, at in self.acknowledged.items() if at <= reached - USUAL]
            last = max((self.effective.get(id, float("inf")) for id in old), default=back)
            if last <= reached:
                return reached - back
            reached = last


def measure(rate: float, seconds: float, away: float) -> list[dict[str, Any]]:
    """Latency at so many events a second, then with a broker that is away for `away` seconds."""
    stack = Stack("bench")
    try:
        stack.start(fresh=True, follow=True)
        token = sign_in(stack).token
        client: MongoClient[dict[str, Any]] = MongoClient(stack.addresses["mongo"])
        guards = client["placement"]["guards"]
        usual, _ = _under_load(stack, guards, token, rate, seconds, 0.0)
        broken, drained = _under_load(stack, guards, token, rate, away + 10.0, away)
    finally:
        stack.release()
    delays = usual.delays()
    return [
        {
            "row": "HTTP acknowledgement to effect in another service",
            "events": len(delays),
            "requests": len(delays) // len(TOPICS),
            "events_per_second": round(len(usual.acknowledged) / usual.seconds, 1),
            "wanted_per_second": rate,
            "p50_ms": round(1000 * delays[len(delays) // 2]),
            "p99_ms": round(1000 * delays[int(len(delays) * 0.99)]),
            "p99_bar_ms": 1000,
            "processor_seconds": usual.spent,
        },
        {
            "row": f"broker away for {away:.0f} s under load",
            "events": len(broken.acknowledged),
            "answers_of_500_and_more": broken.failures,
            "lost": len(broken.left()),
            "waiting_at_its_return": broken.waiting,
            "drained_after_seconds": round(drained, 1),
            "drained_bar_seconds": 20,
            "processor_seconds_until_drained": broken.spent,
        },
    ]


def sign_in(stack: Stack) -> Person:
    """A centre's clerk on a fresh stack, signed in."""
    done = stack.command(
        "registration",
        *("user", "create", "--login", LOGIN, "--password-file", "/dev/stdin"),
        *("--organisation-name", "Bench", "--phone", "031-900-0000"),
        *("--email", "bench@example.kr"),
        stdin=PASSWORD + "\n",
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])
    return Person(stack.addresses["public"], LOGIN, PASSWORD).sign_in()


def _under_load(
    stack: Stack, guards: Any, token: str, rate: float, seconds: float, away: float
) -> tuple[Seen, float]:
    """What was seen, and how long after the broker's return all of it had its effect."""
    seen, stop, requests = Seen(), threading.Event(), rate / len(TOPICS)
    host, _, port = stack.addresses["registration"].removeprefix("http://").partition(":")
    callers = [
        threading.Thread(
            target=_call,
            args=(seen, host, int(port), token, requests, seconds, 1.0 if away else LATE, place),
        )
        for place in range(CALLERS)
    ]
    watching = threading.Event()
    watcher = threading.Thread(target=_watch, args=(seen, guards, watching, stop))
    watcher.start()
    watching.wait()
    begin = time.perf_counter()
    for thread in callers:
        thread.start()
    back, before = begin, processor_seconds(stack)
    if away:
        kafka = stack.processes["kafka"]
        kafka.send(signal.SIGSTOP)
        threading.Event().wait(away)
        before = processor_seconds(stack)
        kafka.send(signal.SIGCONT)
        back = time.perf_counter()
        seen.waiting = len(seen.left())
    for thread in callers:
        thread.join()
    seen.seconds = time.perf_counter() - begin
    end = time.perf_counter() + DRAIN_SECONDS
    while seen.left() and time.perf_counter() < end:
        threading.Event().wait(0.05)
    after = processor_seconds(stack)
    stop.set()
    watcher.join()
    seen.spent = {
        name: round(spent - before.get(name, 0.0), 1)
        for name, spent in sorted(after.items(), key=lambda pair: -pair[1])
        if spent - before.get(name, 0.0) >= 0.2
    }
    return seen, seen.drained(back)


def processor_seconds(stack: Stack) -> dict[str, float]:
    """Seconds of processor time of the stack's processes so far, the worker's roles by name.

    A role that ended meanwhile is counted with its worker.
    """
    tick, found = os.sysconf("SC_CLK_TCK"), dict[str, float]()
    rows = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdecimal():
                head, _, rest = (entry / "stat").read_text().rpartition(")")
                rows[int(entry.name)] = (head.partition("(")[2], rest.split())
    named = {one.pid: name for name, one in stack.processes.items()}
    named[os.getpid()] = "callers"
    for pid, (role, fields) in rows.items():
        parent = int(fields[1])
        own = (int(fields[11]) + int(fields[12])) / tick
        if pid in named:
            ended = (int(fields[13]) + int(fields[14])) / tick
            found[named[pid]] = found.get(named[pid], 0.0) + own + ended
        elif parent in named:
            name = f"{named[parent]}: {role}"
            found[name] = found.get(name, 0.0) + own
    return found


def _call(
    seen: Seen,
    host: str,
    port: int,
    token: str,
    rate: float,
    seconds: float,
    late: float,
    place: int,
) -> None:
    """Every eighth request of the schedule; one that is late is sent at once, none is left out."""
    begin = time.perf_counter()
    connection = http.client.HTTPConnection(host, port, timeout=30)
    body = json.dumps({"name": "bench", "brand": "gogong", "level": "middle", "rounds": 1})
    for number in range(place, int(rate * seconds), CALLERS):
        wait = begin + number / rate - time.perf_counter()
        if wait > 0:
            threading.Event().wait(wait)
        elif time.perf_counter() > begin + late * seconds:
            break
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        connection.request("POST", "/api/v1/programmes", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status == 201:
            id, at = json.loads(said)["id"], time.perf_counter()
            seen.acknowledged.update((f"{topic}|{id}", at) for topic in TOPICS)
        else:
            seen.failures += 1


def _watch(seen: Seen, guards: Any, watching: threading.Event, stop: threading.Event) -> None:
    """Note each effect when it can be read. The database tells of it: to ask for thousands of
    waiting events again and again would take the time of those who bring them to effect.
    """
    names = "|".join(re.escape(topic) for topic in TOPICS)
    mine = {"documentKey._id": {"$regex": f"^{re.escape(GUARD)}({names})"}}
    stages = [{"$match": mine}, {"$project": {"documentKey": 1}}]
    with guards.watch(stages, max_await_time_ms=LOOK_MS, batch_size=1000) as changes:
        watching.set()
        while not stop.is_set():
            change = changes.try_next()
            while change is not None:
                id = change["documentKey"]["_id"].removeprefix(GUARD)
                seen.effective.setdefault(id, time.perf_counter())
                change = changes.try_next()
