"""Deliberate injections: what chance alone would hardly bring about in a short run.

Each leaves evidence that the run saw it; `Sometimes` collects it, and a run without all of it is
void, because it could not have told a sound system from a broken one.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from pymongo.errors import PyMongoError

from chassis.clock import now
from chassis.events import relay
from chassis.events.broker import Outgoing, Publisher, Reader
from chassis.events.envelope import headers
from chassis.facts import derived_id, stamp
from chassis.settings import Settings
from deploy.local.plan import Plan
from deploy.local.stack import Stack
from services.registration.app import service as registration
from tests.chaos.faults import role
from tests.chaos.invariants import Client
from tests.chaos.twins import Twin, at_another_time

LEASE_GONE_SECONDS = relay.LEASE_SECONDS + 2.5
COMMITS = 4
NO_SUCH_TRANSACTION, WRITE_CONCERN_FAILED = 251, 64
AGAIN = 60
STORM = 4
TWIN = "twin"
AHEAD_SECONDS = 3600
SOUND = {
    "centre": "0192f0c1-0000-7000-8000-000000000001",
    "brand": "gogong",
    "level": "middle",
    "tier": "basic",
    "kind": "groups",
    "grades": [],
    "rounds": 1,
    "status": "published",
}
NEXT_VERSION = 2


@dataclass
class Injections:
    """The injections on one stack, and the evidence of each."""

    stack: Stack
    client: Client
    seed: int
    saw: Counter[str] = field(default_factory=Counter)
    poisoned: list[str] = field(default_factory=list)
    """Aggregates whose first event nobody will ever be able to read."""
    early: list[str] = field(default_factory=list)
    """Aggregates whose first event is of a release that is not deployed yet."""
    _publisher: Publisher | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        plan = plan_of(self.stack)
        self.twins = [
            Twin(
                service,
                role,
                {**plan.settings(service), "IEUM_REPLICA": TWIN, **at_another_time(seconds)},
                self.stack.layout.log / f"{service}-twin.log",
            )
            for service, role, seconds in (
                ("registration", "relay", AHEAD_SECONDS),
                ("placement", "project", -AHEAD_SECONDS),
            )
        ]

    def start_twins(self) -> None:
        """A relay an hour ahead, and a projector an hour behind (F8), beside the stack's own."""
        for one in self.twins:
            one.start()

    def stop_twins(self) -> None:
        """End them."""
        for one in self.twins:
            one.stop()

    def takeover(self) -> None:
        """The relay sleeps past the end of its lease; its twin takes over, and it wakes up."""
        before = self._lease()
        victim = role(self.stack.processes, "registration", "relay")
        if before["stable"].split("/")[1] == TWIN:
            self.twins[0].send(signal.SIGSTOP)
            threading.Event().wait(LEASE_GONE_SECONDS)
            self.twins[0].send(signal.SIGCONT)
        elif victim is not None:
            victim.send(signal.SIGSTOP)
            threading.Event().wait(LEASE_GONE_SECONDS)
            victim.send(signal.SIGCONT)
        if self._lease()["stable"] == before["stable"]:
            raise LookupError("nobody else was there to take over")
        self.saw["lease takeover"] += 1

    def _lease(self) -> dict[str, Any]:
        found = self.client["registration"]["leases"].find_one({"_id": "relay"})
        return found or {"stable": "none/none/none"}

    def zombie(self) -> None:
        """What a relay does that slept between reading and publishing: it says it once more."""
        database = self.client["registration"]
        aggregates = [one for one in registration.aggregates if one.topic is not None]
        rows = until(lambda: relay.pending(database, aggregates), 20)
        chosen = relay.ready(rows)
        ids = [entry["id"] for _, entry in chosen]
        wanted = {"_id": {"$in": ids}}
        until(lambda: database["published"].count_documents(wanted) == len(ids), 60)
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
        """F10: an aggregate whose first event is no JSON, with two sound ones behind."""
        id = self._aggregate("poison", len(self.poisoned))
        self._tell(id, _entry(id, 1, orjson.dumps(SOUND)[:-20]))
        self.poisoned.append(id)

    def too_early(self) -> None:
        """F10: the same with an event of a version whose schema only the next release knows."""
        id = self._aggregate("early", len(self.early))
        self._tell(id, {**_entry(id, 1, orjson.dumps(SOUND)), "version": NEXT_VERSION})
        self.early.append(id)

    def _aggregate(self, what: str, number: int) -> str:
        return derived_id("chaos", what, str(self.seed), str(number))

    def _tell(self, id: str, first: dict[str, Any]) -> None:
        """Write an aggregate as the service would write it: relay and archive know it too."""
        entries = [first, *(_entry(id, number, orjson.dumps(SOUND)) for number in (2, 3))]
        present = now()
        self.client["registration"]["programmes"].insert_one(
            {
                "_id": id,
                "version": 3,
                "sequence": 3,
                "centre": SOUND["centre"],
                "parties": [],
                "public": False,
                "state": {},
                "outbox": entries,
                "commands": [],
                "due": [],
                "created": present,
                "changed": present,
            }
        )

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


def until(ask: Any, seconds: float) -> Any:
    """Ask until the answer is true; the database may be away meanwhile."""
    end = time.monotonic() + seconds
    while True:
        with suppress(PyMongoError):
            if found := ask():
                return found
        if time.monotonic() > end:
            raise TimeoutError("it did not come about in time")
        threading.Event().wait(0.005)
