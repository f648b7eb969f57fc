"""Aggregates in MongoDB: state, version and outbox in one document, changed by one write.

One conditional write on `_id` and `version` changes the state and appends the events; nothing
that happened can be lost between the two, because there is no between. The relay publishes from
the outbox and never touches the version.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from pymongo import IndexModel, InsertOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from chassis.act import Act, collection
from chassis.clock import database_now
from chassis.errors import (
    Conflict,
    NotFound,
    Overloaded,
    Refused,
    Stale,
    TooLate,
)
from chassis.events.envelope import destination, entry
from chassis.facts import Due, Event
from chassis.logs import logger
from chassis.receipts import Receipt, Replayed, refuse_repetition, remembering
from chassis.records import Changed, New, Owners, Page, Stored
from chassis.scope import within
from chassis.vouching import BROUGHT

__all__ = [
    "Aggregates",
    "Changed",
    "New",
    "Owners",
    "Page",
    "Receipt",
    "Replayed",
    "Stored",
]

T = TypeVar("T", bound=BaseModel)

OUTBOX_ALARM = 50
OUTBOX_MOST = 1000
PAGE_MOST = 100
DUPLICATE = 11000


class Aggregates(Generic[T]):
    """One kind of aggregate: its collection, its topic, its model and whose it is."""

    def __init__(
        self,
        name: str,
        topic: str | None,
        model: type[T],
        owners: Callable[[T], Owners],
        indexes: Sequence[Sequence[tuple[str, int]] | IndexModel] = (),
    ) -> None:
        self.name = name
        self.topic = topic
        self.model = model
        self.owners = owners
        self.indexes = indexes

    # Reading

    def load(self, act: Act, id: str) -> Stored[T]:
        """The aggregate within the act's scope, ready to be changed by the act's command.

        Raises NotFound out of scope, Replayed or KeyReused for a command done before, and Stale
        where If-Match named another version.
        """
        return self._ready(act, self.get(act, id))

    def load_with(
        self, act: Act, id: str, stages: Sequence[dict[str, Any]]
    ) -> tuple[Stored[T], dict[str, Any]]:
        """The same with the document, in which the stages of an aggregation brought others along.

        See `chassis.beside`, and `chassis.vouching` for what they may bring of the actor.
        """
        vouch = act.unvouched()
        wanted = [{"$match": within(act.scope, {"_id": id})}, *stages]
        if vouch is not None:
            wanted.append(vouch.stage())
        found = next(iter(act.database[self.name].aggregate(wanted, session=act.session)), None)
        if found is None:
            act.vouched()
            raise NotFound()
        if vouch is not None:
            vouch.heard(found[BROUGHT])
        return self._ready(act, self.stored(found)), found

    def _ready(self, act: Act, stored: Stored[T]) -> Stored[T]:
        if act.command is not None:
            refuse_repetition(stored.commands, act.command)
            expected = act.command.expected
            if expected is not None and expected != stored.version:
                raise Stale(expected=expected, found=stored.version)
        return stored

    def get(self, act: Act, id: str) -> Stored[T]:
        """The aggregate within the act's scope, to be read. Raises NotFound."""
        found = self._collection(act).find_one(within(act.scope, {"_id": id}), session=act.session)
        if found is None:
            raise NotFound()
        return self.stored(found)

    def find(
        self,
        act: Act,
        wanted: Mapping[str, Any] | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[T]:
        """A page of the aggregates within scope that match; `limit` is at most 100."""
        limit = max(1, min(limit, PAGE_MOST))
        filter = dict(wanted or {})
        if after is not None:
            filter = {"$and": [filter, {"_id": {"$gt": after}}]}
        rows = list(
            self._collection(act)
            .find(within(act.scope, filter), session=act.session)
            .sort("_id", 1)
            .limit(limit + 1)
        )
        items = [self.stored(row) for row in rows[:limit]]
        return Page(items, items[-1].id if len(rows) > limit else None)

    def each(self, act: Act, wanted: Mapping[str, Any], sort: str = "_id") -> Iterable[Stored[T]]:
        """Every aggregate within scope that matches, for work inside the service."""
        rows = self._collection(act).find(within(act.scope, dict(wanted)), session=act.session)
        return (self.stored(row) for row in rows.sort(sort, 1))

    def count(self, act: Act, wanted: Mapping[str, Any]) -> int:
        """How many within scope match."""
        return self._collection(act).count_documents(
            within(act.scope, dict(wanted)), session=act.session
        )

    # Writing

    def create(
        self,
        act: Act,
        id: str,
        state: T,
        events: Sequence[Event] = (),
        due: Sequence[Due] = (),
        status: int = 201,
        extra: dict[str, Any] | None = None,
    ) -> Receipt:
        """Write a new aggregate with its events. Raises Replayed, KeyReused or Refused."""
        if act.session is not None:
            # A duplicate key would end the caller's transaction, so that one is asked first.
            self._refuse_existing(act, id)
        document, receipt = self._document(act, New(id, state, events, due), status, extra)
        try:
            self._collection(act).insert_one(document, session=act.session)
        except DuplicateKeyError:
            if act.session is None:
                self._refuse_existing(act, id)
            # Another unique index than that of ids: the thing exists under another id.
            raise Refused("exists", id=id) from None
        return receipt

    def save(
        self,
        act: Act,
        stored: Stored[T],
        state: T,
        events: Sequence[Event] = (),
        due: Sequence[Due] | None = None,
        before: datetime | None = None,
        status: int = 200,
        extra: dict[str, Any] | None = None,
    ) -> Receipt:
        """Change the aggregate by one conditional write.

        `before` is a deadline on the database's own clock, part of the write's filter: TooLate if
        it has passed. Raises Conflict if another write came first. `due=None` keeps the due times.
        """
        filter, update, receipt = self._change(
            act, Changed(stored, state, events, due), status, extra
        )
        if before is not None:
            filter["$expr"] = {"$lt": [database_now(), before]}
        done = self._collection(act).update_one(filter, update, session=act.session)
        if done.matched_count:
            return receipt
        if before is not None:
            del filter["$expr"]
            if self._collection(act).count_documents(filter, session=act.session):
                raise TooLate()
        raise Conflict(stored.id)

    def create_many(self, act: Act, rows: Iterable[New[T]]) -> set[str]:
        """Write many new aggregates; ids that exist already are left alone. Returns the new ids.

        For jobs with deterministic ids: running one again finishes it and doubles nothing.
        """
        documents = [self._document(act, row, 201, None)[0] for row in rows]
        made = {document["_id"] for document in documents}
        if not documents:
            return made
        try:
            operations = [InsertOne(document) for document in documents]
            self._collection(act).bulk_write(operations, ordered=False, session=act.session)
        except BulkWriteError as error:
            for row in (error.details or {}).get("writeErrors", []):
                if row["code"] != DUPLICATE:
                    raise
                made.discard(row["op"]["_id"])
        return made

    def save_many(self, act: Act, rows: Iterable[Changed[T]]) -> set[str]:
        """Change many aggregates, each by its own conditional write. Returns the ids changed."""
        rows = list(rows)
        operations = []
        for row in rows:
            filter, update, _ = self._change(act, row, 200, None)
            operations.append(UpdateOne(filter, update))
        if not operations:
            return set()
        done = self._collection(act).bulk_write(operations, ordered=False, session=act.session)
        if done.matched_count == len(operations):
            return {row.stored.id for row in rows}
        written = {
            "$or": [{"_id": row.stored.id, "version": row.stored.version + 1} for row in rows]
        }
        mine = {**written, "changed": act.now}
        return {one["_id"] for one in self._collection(act).find(mine, {}, session=act.session)}

    # Shapes

    def stored(self, found: Mapping[str, Any]) -> Stored[T]:
        """The aggregate in a document."""
        return Stored(
            id=found["_id"],
            version=found["version"],
            sequence=found["sequence"],
            state=self.model.model_validate(found["state"]),
            created=found["created"],
            changed=found["changed"],
            commands=found.get("commands", []),
            waiting=len(found.get("outbox", [])),
        )

    def _collection(self, act: Act) -> Collection[dict[str, Any]]:
        return collection(act, self.name)

    def _refuse_existing(self, act: Act, id: str) -> None:
        found = self._collection(act).find_one({"_id": id}, session=act.session)
        if found is None:
            return
        if act.command is not None:
            refuse_repetition(found.get("commands", []), act.command)
        raise Refused("exists", id=id)

    def _document(
        self, act: Act, row: New[T], status: int, extra: dict[str, Any] | None
    ) -> tuple[dict[str, Any], Receipt]:
        entries, sequence = self._entries(act, row.id, 0, 1, row.events, row.correlation)
        receipt = _receipt(row.id, 1, sequence, row.state, extra)
        return {
            "_id": row.id,
            "version": 1,
            "sequence": sequence,
            **self.owners(row.state).fields(),
            "state": row.state.model_dump(),
            "outbox": entries,
            "commands": list(remembering(act, [], receipt, status)[1].values()),
            "due": _due(row.due),
            "created": act.now,
            "changed": act.now,
        }, receipt

    def _change(
        self, act: Act, row: Changed[T], status: int, extra: dict[str, Any] | None
    ) -> tuple[dict[str, Any], dict[str, Any], Receipt]:
        stored = row.stored
        if stored.waiting >= OUTBOX_MOST:
            raise Overloaded("outbox_full")
        if stored.waiting >= OUTBOX_ALARM:
            logger().warning("outbox_long", aggregate=stored.id, waiting=stored.waiting)
        version = stored.version + 1
        entries, sequence = self._entries(
            act, stored.id, stored.sequence, version, row.events, row.correlation
        )
        receipt = _receipt(stored.id, version, sequence, row.state, extra)
        change: dict[str, Any] = {
            "version": version,
            "sequence": sequence,
            "state": row.state.model_dump(),
            "changed": act.now,
            **self.owners(row.state).fields(),
        }
        rewritten, added = remembering(act, stored.commands, receipt, status)
        change |= rewritten
        if row.due is not None:
            change["due"] = _due(row.due)
        if entries:
            added["outbox"] = {"$each": entries}
        update: dict[str, Any] = {"$set": change}
        if added:
            update["$push"] = added
        return {"_id": stored.id, "version": stored.version}, update, receipt

    def _entries(
        self,
        act: Act,
        id: str,
        sequence: int,
        version: int,
        events: Sequence[Event],
        correlation: str | None,
    ) -> tuple[list[dict[str, Any]], int]:
        """The outbox entries, and the last dense sequence after them.

        A topic with a `state` guard accepts gaps, so its events take the version as their
        sequence and leave the dense numbers to the aggregate's own log.
        """
        entries = []
        for event in events:
            topic = destination(event, self.topic)
            if topic.guard == "log":
                sequence += 1
            number = sequence if topic.guard == "log" else version
            entries.append(entry(act, id, number, event, topic, correlation))
        return entries, sequence


def _receipt(
    id: str, version: int, sequence: int, state: BaseModel, extra: dict[str, Any] | None
) -> Receipt:
    status = getattr(state, "status", "")
    return Receipt(id=id, version=version, sequence=sequence, state=str(status), extra=extra or {})


def _due(due: Sequence[Due]) -> list[dict[str, Any]]:
    return [{"at": one.at, "name": one.name} for one in sorted(due, key=lambda one: one.at)]
