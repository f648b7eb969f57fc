"""A seeded plan of faults on the processes of a stack; its supervisor starts them again."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import Identity
from deploy.local.stack import Stack
from tests.chaos import network

EVERY_SECONDS = 1.7
KINDS = {
    "F1 kill a role": 45,
    "F1 kill a web": 10,
    "F2 freeze a role": 22,
    "F3 kill mongod": 4,
    "F3 freeze mongod": 4,
    "F4 kill kafka": 3,
    "F4 freeze kafka": 3,
    "F5 cut mongo": 4,
    "F5 cut kafka": 4,
    "F6 slow mongo": 1,
    "F6 slow kafka": 1,
    "F13 stop a role": 5,
}
"""Each kind of fault and its weight; the plan of reliability, scaled."""
ATTEMPTS = 4
LONGEST_SECONDS = {"F2": 8.0, "F3": 3.0, "F4": 3.0, "F5": 3.0, "F6": 6.0}
LATE_SECONDS = (0.05, 0.5)
"""How much later everything arrives while the network is slow."""


@dataclass(slots=True)
class Injected:
    """One fault that was done: its kind, and from when to when (monotonic) it lasted."""

    kind: str
    begin: float
    end: float


@dataclass(order=True, slots=True)
class Must:
    """A deliberate injection, and how many seconds after the begin it may begin."""

    due: float
    name: str = field(compare=False)
    inject: Callable[[], None] = field(compare=False)
    late: bool = field(default=True, compare=False)
    """Whether it may still begin when the time is over."""


class Faults(threading.Thread):
    """Injects faults until stopped, and mends what it froze or cut.

    `musts` are deliberate injections, done one every few faults as soon as they are due: what
    chance would take an hour for. A random choice that finds no victim is not counted.
    """

    def __init__(self, stack: Stack, seed: int, musts: Sequence[Must]) -> None:
        super().__init__(daemon=True, name="faults")
        self._stack = stack
        self._chance = random.Random(seed)
        self._musts = sorted(musts)
        self._kinds = dict(KINDS)
        if not network.possible():
            local = ("F5", "F6")
            self._kinds = {name: n for name, n in KINDS.items() if not name.startswith(local)}
        self.done: list[Injected] = []
        self.failed: list[str] = []
        self.stop = threading.Event()
        self._calm = threading.Event()
        self._mending: list[threading.Thread] = []

    def add(self, musts: Sequence[Must]) -> None:
        """More of them, before the start."""
        self._musts = sorted([*self._musts, *musts])

    def keep_calm(self, wanted: bool) -> None:
        """Begin nothing new meanwhile."""
        if wanted:
            self._calm.set()
        else:
            self._calm.clear()

    @property
    def counts(self) -> Counter[str]:
        """How many faults of each kind were done."""
        return Counter(one.kind for one in self.done)

    def run(self) -> None:
        """One fault after the other."""
        begin = time.monotonic()
        while not self.stop.wait(EVERY_SECONDS):
            if self._calm.is_set():
                continue
            passed = time.monotonic() - begin
            if self._musts and self._musts[0].due <= passed and self._chance.random() < 0.5:
                self._deliberate(self._musts.pop(0))
            else:
                self._random()
        for must in self._musts:
            if must.late:
                self._deliberate(must)
            else:
                self.failed.append(f"{must.name}: no time was left for it")
        for thread in self._mending:
            thread.join()

    def _deliberate(self, must: Must) -> None:
        def go() -> None:
            for attempt in range(ATTEMPTS):
                begin = time.monotonic()
                try:
                    must.inject()
                except Exception as error:  # noqa: BLE001 - other faults go on; told at the end
                    self.failed.append(f"{must.name}: {type(error).__name__}: {error}")
                    threading.Event().wait(1.0 + attempt)
                    continue
                self.done.append(Injected(must.name, begin, time.monotonic()))
                return

        self._beside(go)

    def _beside(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._mending.append(thread)
        thread.start()

    def _random(self) -> None:
        kind = self._chance.choices(list(self._kinds), list(self._kinds.values()))[0]
        length = self._chance.uniform(1.0, LONGEST_SECONDS.get(kind.partition(" ")[0], 1.0))
        refuse = self._chance.random() < 0.33
        late = self._chance.uniform(*LATE_SECONDS)
        victim = self._victim(kind)
        if victim is None:
            return
        begin = time.monotonic()
        fault = Injected(kind, begin, begin)
        self.done.append(fault)
        if " kill " in kind:
            victim.send(signal.SIGKILL)
        elif " stop " in kind:
            victim.send(signal.SIGTERM)
        elif " cut " in kind:
            fault.end += length
            port = port_of(self._stack, kind.rpartition(" ")[2])
            self._beside(lambda: self._during(network.cut(port, refuse), length))
        elif " slow " in kind:
            fault.end += length
            port = port_of(self._stack, kind.rpartition(" ")[2])
            self._beside(lambda: self._during(network.slowed(port, late), length))
        else:
            fault.end += length
            victim.send(signal.SIGSTOP)
            self._beside(lambda: self._wake(victim, length))

    def _during(self, fault: AbstractContextManager[None], length: float) -> None:
        try:
            with fault:
                threading.Event().wait(length)
        except OSError as error:
            self.failed.append(f"network: {error}")

    def _wake(self, victim: Identity, length: float) -> None:
        threading.Event().wait(length)
        victim.send(signal.SIGCONT)

    def _victim(self, kind: str) -> Identity | None:
        """A process for the fault, if one runs now."""
        processes = self._stack.processes
        what = kind.rpartition(" ")[2]
        if what in ("mongod", "mongo"):
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


def role(processes: dict[str, Identity], service: str, name: str) -> Identity | None:
    """The process of a background role of a service."""
    parent = processes.get(f"{service}-worker")
    for one in children(parent.pid) if parent is not None else ():
        try:
            if Path(f"/proc/{one.pid}/comm").read_text().strip() == name:
                return one
        except OSError:
            continue
    return None


def port_of(stack: Stack, name: str) -> int:
    """The port on which the broker or the database listens."""
    address = stack.addresses[name].removeprefix("mongodb://").partition("/")[0]
    return int(address.rpartition(":")[2])
