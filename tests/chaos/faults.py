"""A seeded plan of faults on the processes of a stack; its supervisor starts them again."""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from pathlib import Path

from deploy.local.processes import Identity
from deploy.local.stack import Stack

EVERY_SECONDS = 1.7
KINDS = {
    "F1 kill a role": 45,
    "F1 kill a web": 10,
    "F2 freeze a role": 25,
    "F3 kill mongod": 4,
    "F3 freeze mongod": 5,
    "F4 kill kafka": 3,
    "F4 freeze kafka": 4,
}
"""Each kind of fault and its weight; the plan of reliability, scaled."""


class Faults(threading.Thread):
    """Injects faults until stopped, and mends what it froze."""

    def __init__(self, stack: Stack, seed: int) -> None:
        super().__init__(daemon=True)
        self._stack = stack
        self._chance = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.stop = threading.Event()
        self._frozen: list[threading.Timer] = []

    def run(self) -> None:
        """One fault after the other."""
        while not self.stop.wait(EVERY_SECONDS):
            kind = self._chance.choices(list(KINDS), list(KINDS.values()))[0]
            victim = self._victim(kind)
            if victim is None:
                continue
            if "kill" in kind:
                victim.send(signal.SIGKILL)
            else:
                self._freeze(victim, 3.0 if kind.startswith(("F3", "F4")) else 8.0)
            self.counts[kind] += 1
        for timer in self._frozen:
            timer.join()

    def _freeze(self, victim: Identity, most: float) -> None:
        victim.send(signal.SIGSTOP)
        timer = threading.Timer(self._chance.uniform(1.0, most), victim.send, [signal.SIGCONT])
        self._frozen.append(timer)
        timer.start()

    def _victim(self, kind: str) -> Identity | None:
        """A process for the fault, if one runs now."""
        processes = self._stack.processes
        what = kind.rpartition(" ")[2]
        if what == "mongod":
            return processes.get("mongo")
        if what == "kafka":
            return processes.get("kafka")
        ending = "-web" if what == "web" else "-worker"
        parents = [one for name, one in sorted(processes.items()) if name.endswith(ending)]
        if what == "web":
            return self._chance.choice(parents) if parents else None
        roles = [child for parent in parents for child in children(parent.pid)]
        return self._chance.choice(roles) if roles else None


def children(pid: int) -> list[Identity]:
    """The direct children of a process."""
    found: list[Identity] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            ids = path.read_text().split()
        except OSError:
            continue
        found += [one for id in ids if (one := Identity.of(int(id))) is not None]
    return found
