"""Deliberate injections: what chance alone would hardly bring about in a short run.

Each leaves evidence that the run saw it; `Sometimes` collects it, and a run without all of it is
void, because it could not have told a sound system from a broken one.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from chassis import operators
from chassis.clock import now
from chassis.context import open_context
from chassis.events import dead_letters, relay
from chassis.events.broker import Outgoing, Publisher, Reader
from chassis.events.envelope import headers
from chassis.facts import derived_id, stamp
from chassis.settings import Settings
from deploy.local.machine import ROOT
from deploy.local.plan import Plan
from deploy.local.stack import Stack
from services.registration.app import service as registration
from tests.chaos.faults import role
from tests.chaos.invariants import Client

LEASE_GONE_SECONDS = relay.LEASE_SECONDS + 2.5
COMMITS = 4
NO_SUCH_TRANSACTION, WRITE_CONCERN_FAILED = 251, 64
AGAIN = 60
STORM = 4


@dataclass
class Injections:
    """The injections on one stack, and the evidence of each."""

    stack: Stack
    client: Client
    seed: int
    saw: Counter[str] = field(default_factory=Counter)
    poisoned: list[str] = field(default_factory=list)
    _twin: subprocess.Popen[bytes] | None = None
    _publisher: Publisher | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    def start_twin(self) -> None:
        """A second relay of registration, whose clock is an hour ahead (F8); kept running."""
        threading.Thread(target=self._keep_twin, daemon=True, name="twin").start()

    def _keep_twin(self) -> None:
        own = {"IEUM_REPLICA": "twin", "IEUM_CLOCK_SHIFT": "3600"}
        environment = {**os.environ, **plan_of(self.stack).settings("registration"), **own}
        with (self.stack.layout.log / "registration-twin.log").open("ab") as log:
            while not self._ended.is_set():
                self._twin = subprocess.Popen(
                    [sys.executable, "-m", "services.registration", "relay"],
                    env=environment,
                    cwd=ROOT,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
                self._twin.wait()
                self._ended.wait(0.5)

    def stop_twin(self) -> None:
        """End the second relay."""
        self._ended.set()
        if self._twin is not None:
            self._twin.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._twin.wait(20)
            self._twin.kill()

    def takeover(self) -> None:
        """The relay sleeps past the end of its lease; its twin takes over, and it wakes up."""
        before = self._lease()
        victim = role(self.stack.processes, "registration", "relay")
        if before["stable"].split("/")[1] == "twin" and self._twin is not None:
            os.kill(self._twin.pid, signal.SIGSTOP)
            threading.Event().wait(LEASE_GONE_SECONDS)
            os.kill(self._twin.pid, signal.SIGCONT)
        elif victim is not None:
            victim.send(signal.SIGSTOP)
            threading.Event().wait(LEASE_GONE_SECONDS)
            victim.send(signal.SIGCONT)
        if self._lease()["stable"] != before["stable"]:
            self.saw["lease takeover"] += 1

    def _lease(self) -> dict[str, Any]:
        found = self.client["registration"]["leases"].find_one({"_id": "relay"})
        return found or {"stable": "none/none/none"}

    def zombie(self) -> None:
        """What a relay does that slept between reading and publishing: it says it once more."""
        database = self.client["registration"]
        aggregates = [one for one in registration.aggregates if one.topic is not None]
        rows = _until(lambda: relay.pending(database, aggregates), 20)
        chosen = relay.ready(rows)
        ids = [entry["id"] for _, entry in chosen]
        wanted = {"_id": {"$in": ids}}
        _until(lambda: database["published"].count_documents(wanted) == len(ids), 60)
        late = [
            Outgoing(entry["topic"], row["_id"], bytes(entry["data"]), headers(entry))
            for row, entry in chosen
        ]
        self.saw["zombie publish"] += len(self._publish(late))

    def duplicates(self) -> None:
        """F9: a part of the log once more."""
        stages: list[dict[str, Any]] = [
            {"$match": {"offset": {"$gte": 0}}},
            {"$sample": {"size": AGAIN}},
        ]
        for service in ("registration", "placement"):
            rows = self.client[service]["published"].aggregate(stages)
            again = [
                Outgoing(
                    row["topic"],
                    row["key"],
                    bytes(row["value"]),
                    [(name, bytes(value)) for name, value in row["headers"]],
                )
                for row in rows
            ]
            self.saw["said again"] += len(self._publish(again))

    def failed_commit(self) -> None:
        """The database refuses some commits of transactions; nothing of them is there."""
        self._fail("failed commit", {"errorCode": NO_SUCH_TRANSACTION})

    def unknown_commit(self) -> None:
        """The database commits, and answers that it may not have."""
        error = {"code": WRITE_CONCERN_FAILED, "errmsg": "waiting for replication timed out"}
        self._fail("unknown commit outcome", {"writeConcernError": error})

    def _fail(self, what: str, data: dict[str, Any]) -> None:
        with self._lock:
            point = {"failCommands": ["commitTransaction"], **data}
            admin = self.client.admin
            admin.command(
                {"configureFailPoint": "failCommand", "mode": {"times": COMMITS}, "data": point}
            )
            threading.Event().wait(3.0)
            off = admin.command({"configureFailPoint": "failCommand", "mode": "off"})
            self.saw[what] += int(off.get("count", 0))

    def poison(self) -> None:
        """F10: an aggregate whose first event no consumer can read, with two sound ones behind.

        It is written as the service would write it, so that relay and archive know it too.
        """
        id = derived_id("chaos", str(self.seed), str(len(self.poisoned)))
        body = b'{"centre": "0192f0c1-0000-7000-8000-000000000001", "brand": "gogong",'
        sound = body + b' "level": "middle", "tier": "basic", "kind": "groups", "grades": [],'
        sound += b' "rounds": 1, "status": "published"}'
        entries = [_entry(id, number, sound) for number in (2, 3)]
        present = now()
        self.client["registration"]["programmes"].insert_one(
            {
                "_id": id,
                "version": 3,
                "sequence": 3,
                "centre": "0192f0c1-0000-7000-8000-000000000001",
                "parties": [],
                "public": False,
                "state": {},
                "outbox": [_entry(id, 1, body), *entries],
                "commands": [],
                "due": [],
                "created": present,
                "changed": present,
            }
        )
        self.poisoned.append(id)

    def no_key(self) -> None:
        """F10: bytes without key and sequence, which have no order to wait in."""
        self._publish([Outgoing("registration.programmes", "", b"{}", [])])
        self.saw["without a key"] += 1

    def storm(self) -> None:
        """F12: a stranger joins a consumer group and leaves it, again and again."""
        for number in range(STORM):
            member = f"storm-{number}"
            topics = ["registration.programmes", "registration.surveys"]
            reader = Reader(
                settings_of(self.stack, "registration"), "placement-project", member, topics, _begin
            )
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                reader.poll(0.2)
            reader.close()

    def _publish(self, messages: list[Outgoing]) -> list[Outgoing]:
        with self._lock:
            if self._publisher is None:
                self._publisher = Publisher(settings_of(self.stack, "registration"))
            self._publisher.publish(messages)
        return messages

    def mend(self) -> list[str]:
        """Discard what is poison, as an operator does; followers run. Returns what went wrong."""
        wrong = []
        for service in ("placement", "notifications"):
            wrong += self._mend(service)
        return wrong

    def bury(self) -> None:
        """Discard what came without a key since: a send without an answer may have arrived late."""
        for service in ("placement", "notifications"):
            database = self.client[service]
            database["dead_letters"].delete_many({"topic": "registration.programmes"})

    def _mend(self, service: str) -> list[str]:
        context = open_context(settings_of(self.stack, service))
        database, wrong = context.database, list[str]()
        own = importlib.import_module(f"services.{service}.app").service
        for follower in operators.followers(context, own):
            if "registration.programmes" not in follower.topics:
                continue
            for id in self.poisoned:
                wanted = {"group": follower.group, "key": id}
                _until(partial(_are_parked, database, wanted), 60)
            for row in dead_letters.listed(follower):
                dead_letters.discard(follower, row["id"], "broken on purpose", "chaos")
            left = database["parked"].count_documents({"group": follower.group})
            if left:
                wrong.append(f"I7: {follower.group} has {left} parked after the last discard")
            else:
                self.saw["parked and drained"] += len(self.poisoned)
        return wrong


def plan_of(stack: Stack) -> Plan:
    """What the stack's processes were started with."""
    found = stack.status()
    if found is None:
        raise LookupError("the stack does not run")
    return Plan(stack.layout, Path(found.data), found.ports, found.services)


def settings_of(stack: Stack, service: str) -> Settings:
    """The settings of a service's processes, for a look from this one."""
    rows = plan_of(stack).settings(service).items()
    given = {name.removeprefix("IEUM_").lower(): one for name, one in rows if "IEUM_" in name}
    return Settings.model_validate({"service": service, **given})


def _are_parked(database: Any, wanted: dict[str, Any]) -> bool:
    return bool(database["parked"].count_documents(wanted) == 3)


def _begin(places: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
    return dict.fromkeys(places, 0)


def _entry(id: str, sequence: int, data: bytes) -> dict[str, Any]:
    return {
        "id": f"{id}:{sequence}",
        "sequence": sequence,
        "topic": "registration.programmes",
        "type": "programme.published",
        "version": 1,
        "data": data,
        "time": stamp(now()),
        "actor": "chaos",
        "correlation": "chaos",
        "causation": "",
        "traceparent": "",
    }


def _until(ask: Any, seconds: float) -> Any:
    """Ask until the answer is true; the database may be away meanwhile."""
    end = time.monotonic() + seconds
    while True:
        with suppress(PyMongoError):
            if found := ask():
                return found
        if time.monotonic() > end:
            raise TimeoutError("it did not come about in time")
        threading.Event().wait(0.005)
