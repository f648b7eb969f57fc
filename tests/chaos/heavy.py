"""Faults that only a long run has time for: each takes ten seconds or more."""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from deploy.local import broker
from deploy.local.processes import Identity
from tests.chaos import disks, standing
from tests.chaos.disks import SmallDisks
from tests.chaos.faults import Must, port_of, role
from tests.support.house import eventually

FULL_SECONDS = 10.0
AGAIN_SECONDS = 60.0
SLOW_SECONDS = 33.0
"""More than the thirty seconds that may lie between two polls, less than a stale heartbeat."""
OUTAGE_SECONDS = 20.0
"""More than twice what a relay waits for acknowledgements before it gives up."""
LAST_PART = 0.8
"""What begins later than this share of the run would not be over in time."""
FOLLOWERS = (
    ("placement", "project"),
    ("notifications", "project"),
    ("registration", "project"),
    ("placement", "react"),
)


@dataclass
class Heavy:
    """The long faults of one stack, and the evidence of each."""

    stack: SmallDisks
    chance: random.Random
    alone: threading.Lock
    """Held by whoever cannot bear another fault of its kind beside it."""
    saw: Counter[str]

    def musts(self, seconds: float) -> list[Must]:
        """As many of each as the plan has for fifteen minutes, scaled; none in a short run."""
        share = seconds / 900
        rows: list[tuple[str, float, Callable[[], None]]] = [
            ("F4 long outage of kafka", 2 * share, self.outage),
            ("F13 rolling restart of all", 5 * share, self.roll),
        ]
        if disks.possible():
            rows += [
                ("F7 full disk of mongo", 3 * share, lambda: self.full("mongo")),
                ("F7 full disk of kafka", 3 * share, lambda: self.full("kafka")),
            ]
        if standing.possible():
            rows.append(("F11 slow consumer", 6 * share, self.slow))
        return [
            Must((number + 0.5) / int(many) * LAST_PART * seconds, name, inject, late=False)
            for name, many, inject in rows
            for number in range(int(many))
        ]

    def full(self, name: str) -> None:
        """The disk of broker or database is full for ten seconds; it may end, and comes back."""
        with self.alone:
            disk = self.stack.disk(name)
            before = self.stack.processes.get(name)
            if disk is None or before is None:
                raise LookupError(f"no disk, or no {name} right now")
            if name == "kafka":
                # One that is still starting has looked at its disk already.
                self._broker_answers()
            with disks.full(disk):
                threading.Event().wait(FULL_SECONDS)
                self.saw[f"{name} ended by its full disk"] += not before.alive()
            eventually(lambda: self.stack.processes.get(name), AGAIN_SECONDS, name)
            if name == "kafka":
                self._broker_answers()

    def _broker_answers(self) -> None:
        port = port_of(self.stack, "kafka")
        eventually(lambda: broker.answers(port), AGAIN_SECONDS, "the broker to be back")

    def slow(self) -> None:
        """A consumer's own thread stands still beyond the time between two polls."""
        service, name = self.chance.choice(FOLLOWERS)
        victim = role(self.stack.processes, service, name)
        if victim is None:
            raise LookupError(f"{service} has no {name} right now")
        self.saw["consumer too slow for its group"] += standing.hold(victim.pid, SLOW_SECONDS)

    def outage(self) -> None:
        """The broker stands still for longer than a relay waits for it."""
        kafka = self.stack.processes.get("kafka")
        if kafka is None:
            raise LookupError("no broker right now")
        kafka.send(signal.SIGSTOP)
        threading.Event().wait(OUTAGE_SECONDS)
        kafka.send(signal.SIGCONT)

    def roll(self) -> None:
        """Web and worker of each service are asked to end, one after the other."""
        with self.alone:
            for name, process in sorted(self.stack.processes.items()):
                if name.endswith(("-web", "-worker")):
                    process.send(signal.SIGTERM)
                    eventually(partial(self._other, name, process), AGAIN_SECONDS, name)

    def _other(self, name: str, before: Identity) -> bool:
        now = self.stack.processes.get(name)
        return now is not None and now != before
