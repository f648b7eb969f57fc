"""Rebuild a read model from the log while the service runs, and tell whether two are equal.

The log is projected into shadow collections with a guard of their own. When they have almost
caught up, the live projector is held at its offsets, the shadow reads exactly to them, and the
collections are swapped. A rebuild reads and writes the read model only: it sends nothing.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
import pymongo
from pymongo import IndexModel
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.act import TRANSACTION_SECONDS, Documents
from chassis.context import Context
from chassis.contracts import topics
from chassis.events.broker import Admin, Place, Record, scan
from chassis.events.handlers import Projection, Write
from chassis.events.inbox import Inbox
from chassis.service import Service

BATCH = 500
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


class Rebuild:
    """One rebuild of one read model."""

    def __init__(self, context: Context, service: Service, projection: Projection) -> None:
        self.context = context
        self.projection = projection
        self.live = f"{service.name}-project"
        self.group = f"{self.live}-rebuild-{projection.name}"
        self.suffix = "__rebuilt"
        self.read: dict[Place, int] = {}
        discarded = context.database["discarded"].find({"group": self.live})
        self._discarded = {(row["topic"], row.get("key"), row.get("sequence")) for row in discarded}

    def run(self) -> dict[str, Any]:
        """Rebuild and swap. Returns the hashes before and after, and how much was read."""
        database = self.context.database
        self._clean()
        self._make_shadow()
        messages = 0
        while True:
            ends = self._ends()
            messages += self._read_to(ends)
            if sum(self._ends().values()) - sum(self.read.values()) <= NEAR:
                break
        held = self._hold()
        try:
            messages += self._read_to(held)
            before = digest(database, self.projection.collections)
            after = digest(database, self.projection.collections, self.suffix)
            for name in self.projection.collections:
                database[f"{name}{self.suffix}"].rename(name, dropTarget=True)
        finally:
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
        for name in self.projection.collections:
            database.drop_collection(f"{name}{self.suffix}")
        for name in ("guards", "parked", "dead_letters"):
            database[name].delete_many({"group": self.group})

    def _ends(self) -> dict[Place, int]:
        admin = Admin(self.context.settings)
        try:
            there = admin.described(self.projection.topics)
            return admin.ends(
                [(name, part) for name, (_, parts) in there.items() for part in range(parts)]
            )
        finally:
            admin.close()

    def _read_to(self, ends: dict[Place, int]) -> int:
        number = 0
        for batch in scan(self.context.settings, self.read, ends):
            for start in range(0, len(batch), BATCH):
                self._apply(batch[start : start + BATCH])
            number += len(batch)
        self.read.update(ends)
        return number

    def _apply(self, records: Sequence[Record]) -> None:
        wanted = [one for one in records if not self._was_discarded(one)]

        def once(session: Any) -> None:
            inbox = Inbox(
                database=self.context.database,
                group=self.group,
                topics=topics(),
                keys=self.context.keys,
                handle=lambda event, _: self._writes(event),
                session=session,
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

    def _hold(self) -> dict[Place, int]:
        """Hold the live projector at its offsets; its next compare-and-set misses, and it rests."""
        wanted = {"group": self.live, "topic": {"$in": list(self.projection.topics)}}
        offsets = self.context.database["offsets"]
        offsets.update_many(wanted, {"$set": {"held": True}})
        return {(row["topic"], row["partition"]): row["next"] for row in offsets.find(wanted)}

    def _release(self) -> None:
        self.context.database["offsets"].update_many(
            {"group": self.live}, {"$set": {"held": False}}
        )
