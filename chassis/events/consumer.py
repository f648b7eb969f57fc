"""From the log to effects: one transaction a batch, with its own place in the log inside it.

Offsets live in the database beside the effects they belong to, so neither a crash nor a restored
backup can tear them apart. A compare-and-set on the offset finds a twin: whoever misses it ends.
"""

import time
from collections.abc import Callable, Sequence

import pymongo
from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis import metrics
from chassis.act import TRANSACTION_SECONDS
from chassis.context import Context
from chassis.contracts import Topic
from chassis.errors import Conflict
from chassis.events import probe
from chassis.events.broker import Place, Reader, Record
from chassis.events.envelope import Malformed, correlation_of, outline, type_of
from chassis.events.inbox import Handle, Inbox, Poisoned
from chassis.events.topics import Admin, present
from chassis.events.unavailable import slow_or_met
from chassis.leases import Lease, lowest, stable_name
from chassis.logs import logger, trace

SLOT_SECONDS = 10.0
CONFLICTS = 8
QUIET_SECONDS = 10.0
OUTCOMES = ("applied", "duplicate", "gap", "poison", "dead")
PATIENT_POLLS = 10
MOST_TOGETHER = 50
"""Messages with operations of their own that share a transaction, and so one wait for the disk."""
SEEK_BACK = 1000
"""How far behind its offset a consumer begins: a log that lost its tail is then read again."""


class Twin(Exception):
    """Another process moved this group's offset: it is the consumer now, not we."""


class OtherLog(Exception):
    """The topic is not the one that the offsets belong to; an operator has to decide."""


class Standstill(Exception):
    """The log has more, and the client does not bring it: a new process has to begin."""


class Follower:
    """One consumer group member: reads topics and brings their messages to effect."""

    def __init__(
        self,
        context: Context,
        role: str,
        topics: Sequence[Topic],
        handle: Handle,
        alone: Callable[[str], bool] | None = None,
    ) -> None:
        self.context = context
        self.group = f"{context.settings.service}-{role}"
        self.topics = {topic.name: topic for topic in topics}
        self.handle = handle
        self._alone = alone
        self.pure = alone is None
        self._places: dict[Place, int] = {}

    def run(self) -> None:
        """Follow until asked to stop. Any failure ends the process; the parent starts it again."""
        probe.awaited(self.context)
        context, lease, slot = self.context, *self._slot()
        if lease is None:
            return
        self._prepare()
        reader = Reader(
            context.settings,
            self.group,
            f"{self.group}-{slot}",
            list(self.topics),
            self._assigned,
        )
        for outcome in OUTCOMES:
            # A number that begins at its first fault has not grown, and no rate sees it.
            metrics.CONSUMED.labels(context.settings.service, self.group, outcome).inc(0)
        measured, heard = 0.0, time.monotonic()
        while not context.stopping():
            context.beat()
            if not lease.take():
                raise Twin(f"{self.group}: the slot was taken")
            records = reader.poll()
            if records:
                heard = time.monotonic()
            elif time.monotonic() - heard > QUIET_SECONDS:
                self._refuse_standstill(reader)
                heard = time.monotonic()
            for chunk in self._chunks(records):
                self.apply(chunk)
                context.beat()
            if time.monotonic() - measured > 5:
                measured = time.monotonic()
                self._measure(reader)
        lease.leave()
        reader.close()

    def apply(self, records: Sequence[Record]) -> None:
        """Bring records to effect in one transaction; if it is refused, find the one to blame."""
        refused: dict[tuple[str, str, int], str] = {}
        while True:
            try:
                self._transact(records, refused)
                return
            except Poisoned as error:
                # The operation was rolled back with its transaction; now it is parked alone.
                refused[error.place] = error.error
            except (OperationFailure, Conflict) as error:
                if isinstance(error, Conflict) or slow_or_met(error):
                    # Nothing is wrong with the messages: less at once takes less time, and is met
                    # by fewer others.
                    if len(records) == 1:
                        raise
                    half = len(records) // 2
                    self.apply(records[:half])
                    self.apply(records[half:])
                    return
                if len(records) == 1:
                    refused[_place(records[0], error)] = f"refused by the database: {error.code}"
                    continue
                logger().warning("batch_refused", group=self.group, messages=len(records))
                for record in records:
                    self.apply([record])
                return

    # Places in the log

    def _slot(self) -> tuple[Lease | None, int]:
        """The lowest free slot of the group; its number makes the static member's id."""
        owner = stable_name(self.context.settings.replica, self.group)
        while not self.context.stopping():
            self.context.beat()
            found = lowest(self.context.database, self.group, owner, SLOT_SECONDS)
            if found is not None:
                return found
            self.context.wait(1)
        return None, 0

    def _prepare(self) -> None:
        """Make sure that topics and offset documents exist before the first poll."""
        there = present(self.context.settings, list(self.topics))
        rows = [
            UpdateOne(
                {"_id": self._offset_id((name, partition))},
                {
                    "$setOnInsert": {
                        "group": self.group,
                        "topic": name,
                        "partition": partition,
                        "topic_id": topic_id,
                        "next": 0,
                        "held": False,
                    }
                },
                upsert=True,
            )
            for name, (topic_id, partitions) in there.items()
            for partition in range(partitions)
        ]
        offsets = self.context.database["offsets"]
        offsets.bulk_write(rows, ordered=False)
        # A rebuild that was killed while it held us; one that lives renews its hold.
        forgotten = {"held": True, "$expr": {"$lt": ["$held_until", "$$NOW"]}}
        offsets.update_many({"group": self.group, **forgotten}, {"$set": {"held": False}})
        self._described = there

    def _offset_id(self, place: Place) -> str:
        return f"{self.group}|{place[0]}|{place[1]}"

    def _assigned(self, places: list[Place]) -> dict[Place, int]:
        """Where to begin in newly assigned partitions. Raises OtherLog if the log is another."""
        ids = {self._offset_id(place): place for place in places}
        found: dict[Place, int] = {}
        for row in self.context.database["offsets"].find({"_id": {"$in": list(ids)}}):
            place = ids[row["_id"]]
            if row["topic_id"] != self._described[place[0]][0]:
                raise OtherLog(
                    f"{place[0]} was made anew: see `offsets rewind` and `republish` in the runbook"
                )
            self._places[place] = row["next"]
            found[place] = row["next"]
        if found:
            self._refuse_shorter(found)
        return {place: max(0, offset - SEEK_BACK) for place, offset in found.items()}

    def _refuse_shorter(self, found: dict[Place, int]) -> None:
        admin = Admin(self.context.settings)
        try:
            ends = admin.ends(list(found))
        finally:
            admin.close()
        for place, offset in found.items():
            if offset > ends[place]:
                raise OtherLog(
                    f"{place[0]}/{place[1]} ends at {ends[place]}, before our offset {offset}: "
                    "the log lost its tail; see `offsets rewind` and `republish` in the runbook"
                )

    def _refuse_standstill(self, reader: Reader) -> None:
        """Raise Standstill if the log has more for us and the client brings nothing.

        The client can wedge in a poll that neither waits nor fetches; a new process finds its way.
        A message that came just now is given time to arrive.
        """
        rows = self.context.database["offsets"].find({"group": self.group})
        places = {(row["topic"], row["partition"]): row["next"] for row in rows}
        own = {place: places[place] for place in self._places if place in places}
        admin = Admin(self.context.settings)
        try:
            ends = admin.ends(list(own or places))
        finally:
            admin.close()
        behind = [place for place, end in ends.items() if end > places[place]]
        for _ in range(PATIENT_POLLS if behind else 0):
            records = reader.poll()
            if records:
                for chunk in self._chunks(records):
                    self.apply(chunk)
                return
            self.context.beat()
        if behind:
            raise Standstill(f"{self.group}: nothing comes from {behind[0][0]}/{behind[0][1]}")

    # Batches

    def _chunks(self, records: Sequence[Record]) -> list[list[Record]]:
        """Batches for one transaction each; what a reaction takes alone is alone in its own."""
        chunks: list[list[Record]] = [[]]
        for record in records:
            if self._alone is not None and self._alone(type_of(record.headers)):
                chunks.extend(([record], []))
                continue
            if not self.pure and len(chunks[-1]) >= MOST_TOGETHER:
                chunks.append([])
            chunks[-1].append(record)
        return [chunk for chunk in chunks if chunk]

    def _transact(
        self, records: Sequence[Record], refused: dict[tuple[str, str, int], str]
    ) -> None:
        for attempt in range(CONFLICTS):
            try:
                inbox, moved = self._attempt(records, refused)
                break
            except Conflict:
                # A request changed the same aggregate meanwhile: read it again.
                if attempt == CONFLICTS - 1 or len(records) > 1:
                    raise
        self._places.update(moved)
        for outcome, number in inbox.counted.items():
            metrics.CONSUMED.labels(self.context.settings.service, self.group, outcome).inc(number)
        if inbox.counted["applied"]:
            ids = (correlation_of(one.headers) for one in records)
            trace("applied", ids, group=self.group, messages=len(records))
        if inbox.counted["poison"] or inbox.counted["dead"]:
            logger().error("dead_letter", group=self.group, **inbox.counted)

    def _attempt(
        self, records: Sequence[Record], refused: dict[tuple[str, str, int], str]
    ) -> tuple[Inbox, dict[Place, int]]:
        with (
            pymongo.timeout(TRANSACTION_SECONDS),
            self.context.database.client.start_session() as session,
        ):
            return session.with_transaction(
                lambda s: self._batch(s, records, refused),
                read_concern=ReadConcern("snapshot"),
                write_concern=WriteConcern("majority"),
            )

    def _batch(
        self,
        session: ClientSession,
        records: Sequence[Record],
        refused: dict[tuple[str, str, int], str],
    ) -> tuple[Inbox, dict[Place, int]]:
        moved = self._move(session, records)
        inbox = Inbox(
            database=self.context.database,
            group=self.group,
            topics=self.topics,
            keys=self.context.keys,
            handle=self.handle,
            session=session,
            pure=self.pure,
            refused=refused,
        )
        inbox.take(records)
        inbox.write()
        return inbox, moved

    def _move(self, session: ClientSession, records: Sequence[Record]) -> dict[Place, int]:
        """Move the offsets by compare-and-set, or find out that a twin did."""
        moved: dict[Place, int] = {}
        for record in records:
            place = (record.topic, record.partition)
            reached = max(moved.get(place, self._places[place]), record.offset + 1)
            moved[place] = reached
        for place, reached in moved.items():
            done = self.context.database["offsets"].update_one(
                {
                    "_id": self._offset_id(place),
                    "next": self._places[place],
                    "held": False,
                },
                {"$set": {"next": reached, "by": self.context.settings.replica}},
                session=session,
            )
            if not done.matched_count:
                raise Twin(f"{self.group}: {place[0]}/{place[1]} was moved by another")
        return moved

    def _measure(self, reader: Reader) -> None:
        service = self.context.settings.service
        for topic, lag in reader.lag().items():
            metrics.LAG.labels(service, self.group, topic).set(lag)
        parked = self.context.database["parked"]
        waiting = {"group": self.group}
        metrics.PARKED.labels(service, self.group).set(parked.count_documents(waiting))
        poison = parked.count_documents({**waiting, "why": "poison"})
        buried = self.context.database["dead_letters"].count_documents(waiting)
        metrics.DEAD.labels(service, self.group).set(poison + buried)


def _place(record: Record, error: Exception) -> tuple[str, str, int]:
    """Whose message it is. Raises the error again if it has no place to be parked at."""
    try:
        outlined = outline(record.key, record.headers)
    except Malformed:
        raise error from None
    return record.topic, outlined.key, outlined.sequence
