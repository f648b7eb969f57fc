"""One small house of the mutation gate: its processes, its databases, and what must hold in it."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from chassis.context import Context
from chassis.events.topics import Admin
from chassis.settings import Settings
from deploy.local.stack import Stack
from tests.chaos import log
from tests.chaos.small import Keeper, Part
from tests.service.chassis import victim
from tests.service.chassis.programmes import TOPIC, producer
from tests.support.house import context_of
from tests.support.stack import Servers

WRITERS = 2
SETTLE_SECONDS = 15.0
LEAST_EVENTS = 50
"""With fewer the house did not live: whatever is missing then says nothing about the mutant."""


@dataclass
class House:
    """One small house: its processes, its databases, and what its writers were told."""

    stack: Stack
    servers: Servers
    mutant: str
    keeper: Keeper
    name: str
    told: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ieum-gate-")))

    def __post_init__(self) -> None:
        self.writer: Context = context_of(producer(), self.servers, self.name)
        self.reader: Context = context_of(victim.service(), self.servers, self.name)
        self._start_at_the_end()
        self.gaps = 0
        self._seen = threading.Event()

    def start(self, *names: str, shift: int = 0) -> None:
        """Start processes by name; the part before the hyphen is the role."""
        for name in names:
            role = name.partition("-")[0]
            own = self.reader if role == "project" else self.writer
            settings = replace_settings(own.settings, replica=name)
            path = str(self.told / f"{name}.jsonl")
            part = Part(role, settings.model_dump_json(), self.mutant, shift, path)
            self.keeper.start(name, part)

    def start_all(self) -> None:
        """Writers, relay and projector."""
        self.start("relay", "project", *self.writers)

    @property
    def writers(self) -> list[str]:
        """Names of the writers."""
        return [f"write-{number}" for number in range(WRITERS)]

    def _start_at_the_end(self) -> None:
        """What lies in the log belongs to houses before; this one begins behind it."""
        admin = Admin(self.reader.settings)
        id, parts = admin.described([TOPIC])[TOPIC]
        self.begin = admin.ends([(TOPIC, part) for part in range(parts)])
        admin.close()
        group = f"{self.reader.settings.service}-project"
        self.reader.database["offsets"].insert_many(
            {
                "_id": f"{group}|{topic}|{part}",
                "group": group,
                "topic": topic,
                "partition": part,
                "topic_id": id,
                "next": end,
                "held": False,
            }
            for (topic, part), end in self.begin.items()
        )

    def watch(self) -> None:
        """Count the most that ever waited behind a gap, until `close`."""
        while not self._seen.wait(0.05):
            try:
                waiting = self.reader.database["parked"].count_documents({"why": "gap"})
            except PyMongoError:
                continue
            self.gaps = max(self.gaps, waiting)

    def close(self) -> None:
        """Watch no longer."""
        self._seen.set()

    def acknowledged(self) -> int:
        """How many events the writers were told to be safe."""
        return sum(len(path.read_text().splitlines()) for path in self.told.glob("*.jsonl"))

    def has_told(self, least: int) -> bool:
        """Whether so many are."""
        return self.acknowledged() >= least

    def given(self) -> dict[str, int]:
        """By aggregate: events committed."""
        rows = self.writer.database["programmes"].find({}, {"sequence": 1})
        return {row["_id"]: row["sequence"] for row in rows}

    def effects(self) -> dict[str, int]:
        """By aggregate: how often an event took effect."""
        mine = set(self.given())
        rows = self.reader.database["copies"].find({}, {"times": 1})
        return {row["_id"]: row["times"] for row in rows if row["_id"] in mine}

    def settled(self) -> bool:
        """Whether effects equal committed events."""
        waiting = self.writer.database["programmes"].count_documents(
            {"outbox.id": {"$exists": True}}
        )
        return not waiting and self.effects() == self.given()

    def faults(self) -> Iterator[str]:
        """Every broken invariant by its name."""
        if not within(SETTLE_SECONDS, self.settled):
            yield "I9: effects are not committed events in time"
        given, effects = self.given(), self.effects()
        for path in self.told.glob("*.jsonl"):
            for id, sequence in map(json.loads, path.read_text().splitlines()):
                if given.get(id, 0) < sequence:
                    yield f"I1: {id}:{sequence} was acknowledged and is not stored"
        if self.acknowledged() < LEAST_EVENTS:
            yield f"VOID: {self.acknowledged()} events in all"
        there = log.read(self.servers.kafka, [TOPIC], "no canary")
        for id, number in given.items():
            numbers = there.order.get((TOPIC, id), [])
            if len(numbers) != number:
                yield f"I2: {id}: {number} events were committed, {len(numbers)} are in the log"
            if numbers != list(range(1, len(numbers) + 1)):
                yield f"I3: {id} first appears in the order {numbers}"
            if effects.get(id, 0) != number:
                yield f"I2: {id}: {effects.get(id, 0)} of {number} events took effect"
        parked = self.reader.database["parked"].count_documents({})
        if self.gaps or parked:
            yield f"I7: {self.gaps} waited behind a gap that no fault explains, {parked} still do"


def replace_settings(settings: Settings, **changes: Any) -> Settings:
    """The same settings but for some."""
    return Settings.model_validate({**settings.model_dump(), **changes})


@contextmanager
def dropped(servers: Servers, name: str) -> Iterator[None]:
    """Drop the databases of a house when it is done."""
    try:
        yield
    finally:
        client: MongoClient[dict[str, Any]] = MongoClient(servers.mongo, timeoutMS=20_000)
        with client:
            for one in client.list_database_names():
                if one.startswith(name):
                    client.drop_database(one)


def within(seconds: float, ask: Callable[[], Any]) -> bool:
    """Whether the answer becomes true in time; the database may be away meanwhile."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ask():
                return True
        except PyMongoError:
            threading.Event().wait(0.2)
        threading.Event().wait(0.1)
    return False
