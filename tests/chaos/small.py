"""The small house: one aggregate, a relay and a projector as real processes on real servers.

It has what a mutant breaks and nothing else, so that each is shown to its faults within seconds.
Processes are forked by a server that has everything imported (`forkserver`); a keeper starts them
again when they end.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from pymongo.errors import PyMongoError

from chassis import logs
from chassis.act import Act
from chassis.context import Context, open_context
from chassis.errors import Conflict, Problem
from chassis.events import relay, roles
from chassis.facts import fresh_id
from chassis.settings import Settings
from tests.chaos import mutants
from tests.service.chassis import victim
from tests.service.chassis.programmes import Programme, programmes, published

FORKS = multiprocessing.get_context("forkserver")
SLOW_SHARE = 0.15
SLOW_SECONDS = 0.15
PAUSE_SECONDS = 0.01
CHANGES = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One process: what it runs, with which settings, broken how, at which clock."""

    role: str
    settings: str
    mutant: str = ""
    shift: int = 0
    told: str = ""


def live(part: Part) -> None:
    """The whole life of a process; what it cannot handle ends it, and the keeper begins anew."""
    try:
        _live(part)
    except Exception:  # noqa: BLE001 - crash-only, as under the product's worker
        os._exit(1)


def _live(part: Part) -> None:
    os.environ["IEUM_CLOCK_SHIFT"] = str(part.shift)
    mutants.apply(part.mutant)
    logs.configure("small", part.role, "error")
    context = open_context(Settings.model_validate_json(part.settings))
    context.stop_on_signals()
    if part.role == "write":
        _write(context, Path(part.told))
    elif part.role == "relay":
        relay.run(context, [programmes])
    elif part.role == "send":
        from services.notifications.deliveries import role
        from tests.chaos.ledger import shorten_leases

        shorten_leases()
        role.run(context)
    else:
        roles.projector(context, victim.service()).run()


def _write(context: Context, path: Path) -> None:
    """Create and change aggregates, and note what was acknowledged before the next one."""
    told = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    chance = random.Random()
    while not context.stopping():
        id = fresh_id()
        try:
            for number in range(1, CHANGES + 1):
                _one(context, id, number, chance.random() < SLOW_SHARE)
                os.write(told, json.dumps([id, number]).encode() + b"\n")
                context.wait(PAUSE_SECONDS)
        except (PyMongoError, Problem, Conflict):
            # Its outcome is unknown: the aggregate is left, whatever became of it.
            context.wait(PAUSE_SECONDS)


def _one(context: Context, id: str, number: int, slow: bool) -> None:
    """One event; a slow one commits after others that began later."""

    def work(act: Act) -> None:
        state, events = Programme(rounds=number), [published(number)]
        if number == 1:
            programmes.create(act, id, state, events)
        else:
            programmes.save(act, programmes.get(act, id), state, events)
        if slow:
            context.wait(SLOW_SECONDS)

    act = context.act()
    if slow:
        act.together(work)
    else:
        work(act)


@dataclass
class Keeper:
    """Keeps processes running until told otherwise."""

    running: dict[str, ForkServerProcess] = field(default_factory=dict)
    _parts: dict[str, Part] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Keeper:
        threading.Thread(target=self._keep, daemon=True, name="keeper").start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with self._lock:
            for process in self.running.values():
                process.kill()
            for process in self.running.values():
                process.join(10)

    def start(self, name: str, part: Part) -> None:
        """Begin to keep a process."""
        with self._lock:
            self._parts[name] = part
            self._begin(name)

    def end(self, *names: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop processes for good."""
        with self._lock:
            for name in names:
                self._parts.pop(name, None)
                self.send(name, how)
            for name in names:
                process = self.running.pop(name, None)
                if process is not None:
                    process.join(10)
                    process.kill()

    def send(self, name: str, number: signal.Signals) -> None:
        """Signal a process, if it runs."""
        process = self.running.get(name)
        if process is not None and process.pid is not None and process.is_alive():
            os.kill(process.pid, number)

    def _begin(self, name: str) -> None:
        process = FORKS.Process(target=live, args=(self._parts[name],), daemon=True)
        process.start()
        self.running[name] = process

    def _keep(self) -> None:
        while not self._ended.wait(0.1):
            with self._lock:
                for name in () if self._ended.is_set() else self._parts:
                    if not self.running[name].is_alive():
                        self._begin(name)


def preload(modules: Sequence[str]) -> None:
    """What the fork server has imported before the first process begins."""
    FORKS.set_forkserver_preload(list(modules))
