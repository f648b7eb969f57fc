"""Rebuild a read model from the log while the service runs, and tell whether two are equal.

The log is projected into shadow collections with a guard of their own, never beyond the live
projector's offsets. When they have almost caught up with it, it is held, the shadow reads exactly
to it, and the collections are swapped, or only compared. What is parked or was discarded in the
live model is so in the shadow too, since both share what the guards will say next. A rebuild reads
and writes the read model only: it sends nothing.
"""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pymongo
from pymongo import IndexModel
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.act import TRANSACTION_SECONDS, Documents
from chassis.context import Context
from chassis.contracts import topics
from chassis.events.broker import Place, Record
from chassis.events.handlers import Projection, Write
from chassis.events.inbox import SKIPPED, Inbox
from chassis.events.topics import scan
from chassis.logs import logger
from chassis.service import Service

BATCH = 500
DIGEST_SECONDS = 300.0
HOLD_SECONDS = 30.0
"""How long the live projector rests at most when a rebuild is killed while it holds it."""
SWAP_MILLISECONDS = 10_000
NEAR = 500
"""So close to the end that the live projector may be held while the rest is read."""


def digest(database: Documents, collections: Sequence[str], suffix: str = "") -> str:
    """SHA-256 over the canonical documents of some collections, in order of `_id`."""
    found = hashlib.sha256()
    for name in collections:
        found.update(name.encode())
        for row in database[f"{name}{suffix}"].find().sort("_id", 1):
            found.update(orjson.dumps(row, option=orjson.OPT_SORT_KEYS, default=str))
    return found.hexdigest()


class NotCaughtUp(Exception):
    """The live projector is behind its own guards or has never run; let it run first."""


class Rebuild:
    """One rebuild of one read model, or one comparison of it with the log."""

    def __init__(self, context: Context, service: Service, projection: Projection) -> None:
        self.context = context
        self.projection = projection
        self.live = f"{service.name}-project"
        self.group = f"{self.live}-rebuild-{projection.name}"
        self.suffix = "__rebuilt"
        self.read: dict[Place, int] = {}
        self._discarded: set[tuple[str, Any, Any]] = set()
        self._refused: dict[tuple[str, str, int], str] = {}

    def run(self, swap: bool = True) -> dict[str, Any]:
        """Rebuild and swap, or only compare. Returns both hashes, and how much was read.

        Raises NotCaughtUp where the shadow could not be made equal to the live model's guards.
        """
        database = self.context.database
        self._clean()
        self._make_shadow()
        messages, holding = 0, threading.Event()
        try:
            while True:
                reached = self._reached()
                messages += self._read_to(reached)
                if sum(self._reached().values()) - sum(reached.values()) <= NEAR:
                    break
            holding = self._hold()
            messages += self._read_to(self._reached())
            with pymongo.timeout(DIGEST_SECONDS):
                if self._guards(self.group) != self._guards(self.live):
                    raise NotCaughtUp(
                        f"{self.projection.name}: the projector has to catch up first"
                    )
                before = digest(database, self.projection.collections)
                after = digest(database, self.projection.collections, self.suffix)
            if swap and not self._holds():
                raise NotCaughtUp(f"{self.projection.name}: the hold ran out; try again")
            for name in self.projection.collections if swap else ():
                database[f"{name}{self.suffix}"].rename(name, dropTarget=True)
        finally:
            holding.set()
            self._release()
            self._clean()
        return {
            "projection": self.projection.name,
            "messages": messages,
            "before": before,
            "after": after,
            "equal": before == after,
        }

    def _make_shadow(self) -> None:
        database = self.context.database
        for name in self.projection.collections:
            shadow = database.create_collection(f"{name}{self.suffix}")
            for index in database[name].list_indexes():
                if index["name"] != "_id_":
                    options = {
                        key: value for key, value in index.items() if key not in ("key", "v", "ns")
                    }
                    shadow.create_indexes([IndexModel(list(index["key"].items()), **options)])

    def _clean(self) -> None:
        database = self.context.database
        # The guards of a million keys are not gone in the seconds that a request may take.
        with pymongo.timeout(DIGEST_SECONDS):
            for name in self.projection.collections:
                database.drop_collection(f"{name}{self.suffix}")
            for name in ("guards", "parked", "dead_letters"):
                database[name].delete_many({"group": self.group})

    def _reached(self) -> dict[Place, int]:
        """How far the live projector has come in each partition."""
        wanted = {"group": self.live, "topic": {"$in": list(self.projection.topics)}}
        rows = self.context.database["offsets"].find(wanted)
        return {(row["topic"], row["partition"]): row["next"] for row in rows}

    def _guards(self, group: str) -> tuple[int, int]:
        """How many keys have a last sequence in a group, and a digest of them all.

        The digest is a sum, so that neither an order nor memory for a million keys is needed.
        """
        wanted = {"group": group, "topic": {"$in": list(self.projection.topics)}}
        rows = self.context.database["guards"].find(wanted, {"topic": 1, "key": 1, "sequence": 1})
        number = total = 0
        for row in rows:
            if row["sequence"]:
                said = f"{row['topic']}|{row['key']}|{row['sequence']}".encode()
                total += int.from_bytes(hashlib.blake2b(said, digest_size=16).digest())
                number += 1
        return number, total % 2**128

    def _look_at_the_dead(self) -> None:
        """What has no effect in the live model must have none in the shadow."""
        database, live = self.context.database, {"group": self.live}
        self._discarded = {
            (row["topic"], row.get("key"), row.get("sequence"))
            for row in database["discarded"].find(live)
        }
        self._refused = {
            (row["topic"], row["key"], row["sequence"]): row["error"]
            for row in database["parked"].find({**live, "why": "poison"})
        }

    def _read_to(self, ends: dict[Place, int]) -> int:
        self._look_at_the_dead()
        number = 0
        for batch in scan(self.context.settings, self.read, ends):
            for start in range(0, len(batch), BATCH):
                self._apply(batch[start : start + BATCH])
            number += len(batch)
        self.read.update(ends)
        return number

    def _apply(self, records: Sequence[Record]) -> None:
        wanted = [_passed_over(one) if self._was_discarded(one) else one for one in records]

        def once(session: Any) -> None:
            inbox = Inbox(
                database=self.context.database,
                group=self.group,
                topics=topics(),
                keys=self.context.keys,
                handle=lambda event, _: self._writes(event),
                session=session,
                refused=self._refused,
            )
            inbox.take(wanted)
            inbox.write()

        with (
            pymongo.timeout(TRANSACTION_SECONDS * 2),
            self.context.database.client.start_session() as session,
        ):
            session.with_transaction(
                once, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            )

    def _was_discarded(self, record: Record) -> bool:
        number = dict(record.headers).get("ce_sequence", b"").decode(errors="replace")
        key = record.key.decode(errors="replace") if record.key else None
        sequence = int(number) if number.isdigit() else None
        return (record.topic, key, sequence) in self._discarded

    def _writes(self, event: Any) -> list[Write]:
        handler = self.projection.handlers.get(event.type)
        if handler is None:
            return []
        return [(f"{name}{self.suffix}", operation) for name, operation in handler(event)]

    def _hold(self) -> threading.Event:
        """Hold the live projector at its offsets; its next compare-and-set misses, and it rests.

        The hold is renewed until the event is set. A rebuild that is killed meanwhile leaves one
        that runs out, and the projector goes on by itself.
        """
        self._renew({})
        done = threading.Event()

        def renewing() -> None:
            while not done.wait(HOLD_SECONDS / 6):
                try:
                    self._renew({"held": True})
                except PyMongoError as error:
                    logger().warning("hold_not_renewed", error=type(error).__name__)

        threading.Thread(target=renewing, daemon=True, name="hold").start()
        return done

    def _mine(self) -> dict[str, Any]:
        return {"group": self.live, "topic": {"$in": list(self.projection.topics)}}

    def _renew(self, wanted: dict[str, Any]) -> None:
        until = {"$add": ["$$NOW", int(HOLD_SECONDS * 1000)]}
        self.context.database["offsets"].update_many(
            {**self._mine(), **wanted}, [{"$set": {"held": True, "held_until": until}}]
        )

    def _holds(self) -> bool:
        """Whether every offset is still held: only then do shadow and live model stand alike."""
        offsets = self.context.database["offsets"]
        safe = {"$expr": {"$gt": ["$held_until", {"$add": ["$$NOW", SWAP_MILLISECONDS]}]}}
        held = offsets.count_documents({**self._mine(), "held": True, **safe})
        return held == offsets.count_documents(self._mine())

    def _release(self) -> None:
        self.context.database["offsets"].update_many(
            {"group": self.live}, {"$set": {"held": False}, "$unset": {"held_until": ""}}
        )


def _passed_over(record: Record) -> Record:
    """A message that was discarded: it takes its number and has no effect."""
    found = dict(record.headers) | {"ce_type": f"{SKIPPED}.v1".encode()}
    headers = {"ce_id": b"", "ce_time": b""} | found
    return replace(record, value=b"{}", headers=list(headers.items()))
