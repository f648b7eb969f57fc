"""Deliberate breaks of the chassis: each must be caught, by the name of the invariant it breaks.

A mutant is a patch of the running process (`apply`), made by a role of the small house before it
begins. Nothing of it is in the product: no switch, no branch, no variable that it reads.
"""

from __future__ import annotations

import queue
import random
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.write_concern import WriteConcern

from chassis import database, leases
from chassis.clock import now
from chassis.events import broker, consumer, relay
from chassis.events.broker import Place, Publisher, Reader, Record
from chassis.events.consumer import Follower
from chassis.events.inbox import Inbox
from chassis.events.topics import Admin
from services.notifications.deliveries import sending, store

HAND_OVER_SECONDS = 0.05
"""How far apart a mutant tears two steps that belong together, so that a kill falls between."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One break: what it is, the invariants that may catch it, and the faults it is shown to."""

    name: str
    said: str
    caught_by: tuple[str, ...]
    plan: str
    patch: Callable[[], None]


def _put(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def _not_majority() -> None:
    """Writes are acknowledged before they are safe."""
    connect = database.connect

    def weak(settings: Any) -> Any:
        return connect(settings).with_options(write_concern=WriteConcern(w=1, j=False))

    _put(database, "connect", weak)


def _remove_first() -> None:
    """The relay empties the outbox before the broker has acknowledged."""
    publish = relay.publish

    def early(documents: Any, publisher: Publisher, rows: Sequence[dict[str, Any]]) -> int:
        for row in rows:
            ids = [entry["id"] for entry in row["outbox"]]
            change = {"$pull": {"outbox": {"id": {"$in": ids}}}}
            documents[row["from"]].bulk_write([UpdateOne({"_id": row["_id"]}, change)])
        threading.Event().wait(HAND_OVER_SECONDS)
        return publish(documents, publisher, rows)

    _put(relay, "publish", early)


def _commit_first() -> None:
    """The consumer moves its offset before the effects are written, and never reads behind it."""
    move, transact = Follower._move, Follower._transact

    def early(self: Follower, records: Sequence[Record], refused: Any) -> None:
        with self.context.database.client.start_session() as session:
            self._places.update(move(self, session, records))
        threading.Event().wait(HAND_OVER_SECONDS)
        transact(self, records, refused)

    _put(Follower, "_transact", early)
    _put(Follower, "_move", lambda self, session, records: {})
    _put(consumer, "SEEK_BACK", 0)


def _no_guard() -> None:
    """Whatever arrives takes effect."""
    _put(Inbox, "_take", lambda self, said: self._apply((said["topic"], said["key"]), said))


def _no_key() -> None:
    """Messages go to any partition, not to that of their key."""
    begin = Publisher.__init__

    def scattered(self: Publisher, settings: Any) -> None:
        begin(self, settings)
        producer = self._producer
        send = producer.send

        def anywhere(topic: str, **rest: Any) -> Any:
            place = random.choice(sorted(producer.partitions_for(topic)))
            return send(topic, partition=place, **rest)

        producer.send = anywhere

    _put(Publisher, "__init__", scattered)


def _high_water() -> None:
    """The relay remembers the latest time that it has published, and asks for later ones only."""
    pending = relay.pending

    def later(documents: Any, aggregates: Any, most: int = relay.BATCH) -> list[dict[str, Any]]:
        house = documents["house"]
        mark = (house.find_one({"_id": "mark"}) or {}).get("time", "")
        rows = [
            {**row, "outbox": [one for one in row["outbox"] if one["time"] > mark]}
            for row in pending(documents, aggregates, 100_000)
        ]
        rows = [row for row in rows if row["outbox"]][:most]
        if rows:
            last = max(entry["time"] for row in rows for entry in row["outbox"])
            house.update_one({"_id": "mark"}, {"$set": {"time": last}}, upsert=True)
        return rows

    _put(relay, "pending", later)


def _auto_commit() -> None:
    """Kafka commits what was polled, while a thread still works on it."""
    make = vars(broker)["KafkaConsumer"]
    own = {"enable_auto_commit": True, "auto_commit_interval_ms": 100}

    def committing(*arguments: Any, **settings: Any) -> Any:
        if settings.get("group_id") is not None:
            settings |= {**own, "auto_offset_reset": "earliest"}
        return make(*arguments, **settings)

    transact = Follower._transact
    work: queue.Queue[tuple[Follower, Sequence[Record]]] = queue.Queue()

    def later() -> None:
        while True:
            follower, records = work.get()
            threading.Event().wait(HAND_OVER_SECONDS)
            transact(follower, records, {})

    threading.Thread(target=later, daemon=True).start()
    _put(broker, "KafkaConsumer", committing)
    _put(Reader, "_seek", lambda self, assigned: None)
    _put(Follower, "_move", lambda self, session, records: {})
    _put(Follower, "_refuse_standstill", lambda self, reader: None)
    _put(Follower, "_transact", lambda self, records, refused: work.put((self, records)))


def _latest() -> None:
    """A consumer that has read nothing yet begins at the end."""
    assigned = Follower._assigned

    def at_the_end(self: Follower, places: list[Place]) -> dict[Place, int]:
        found = assigned(self, places)
        moved = {"group": self.group, "by": {"$exists": True}}
        known = self.context.database["offsets"].find(moved)
        new = set(found) - {(row["topic"], row["partition"]) for row in known}
        if not new:
            return found
        admin = Admin(self.context.settings)
        ends = admin.ends(sorted(new))
        admin.close()
        self._places.update(ends)
        for place, end in ends.items():
            wanted = {"_id": self._offset_id(place)}
            self.context.database["offsets"].update_one(wanted, {"$set": {"next": end}})
        return {**found, **ends}

    _put(Follower, "_assigned", at_the_end)


def _client_clock() -> None:
    """A lease ends when the asking process thinks so."""

    def take(self: leases.Lease) -> bool:
        self._make()
        mine = {"$or": [{"owner": self._owner}, {"stable": self._stable}, {"expires": None}]}
        wanted = {"_id": self._name, "$or": [*mine["$or"], {"expires": {"$lt": now()}}]}
        until = now() + timedelta(milliseconds=self._milliseconds)
        change = {"owner": self._owner, "stable": self._stable, "expires": until}
        return self._leases.find_one_and_update(wanted, {"$set": change}) is not None

    _put(leases.Lease, "take", take)


def _no_ledger() -> None:
    """E-mails go out with no attempt on record."""
    for name in ("begin_attempts", "end_attempts", "abandon_attempts"):
        _put(store, name, lambda *arguments: None)


def _other_names() -> None:
    """Every attempt of a delivery is another e-mail to its receiver."""
    _put(sending, "mail_id", lambda delivery, domain: f"<{uuid.uuid4()}@{domain}>")


MUTANTS = {
    one.name: one
    for one in (
        Mutant("w1", "w:1 instead of majority", ("I1",), "database", _not_majority),
        Mutant(
            "remove-first", "remove before acknowledge", ("I2", "I3", "I7"), "kills", _remove_first
        ),
        Mutant("commit-first", "commit before effect", ("I2", "I7"), "kills", _commit_first),
        Mutant("no-guard", "no sequence guard", ("I2",), "kills", _no_guard),
        Mutant("no-key", "no key", ("I7",), "kills", _no_key),
        Mutant("high-water", "relay by high-water mark", ("I2", "I9"), "kills", _high_water),
        Mutant("auto-commit", "auto-commit, worker queue", ("I2", "I7"), "kills", _auto_commit),
        Mutant("latest", "auto_offset_reset=latest", ("I2", "I7"), "late consumer", _latest),
        Mutant("client-clock", "client's clock in leases", ("I9",), "two clocks", _client_clock),
        Mutant("no-ledger", "send without ledger", ("I6",), "mail", _no_ledger),
        Mutant("other-names", "a new Message-ID each time", ("I6",), "mail", _other_names),
    )
}


def apply(name: str) -> None:
    """Break this process in the named way; nothing for an empty name."""
    if name:
        MUTANTS[name].patch()
