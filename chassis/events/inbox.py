"""The guard: which messages take effect, in which order, and what waits for what.

All of it happens inside the transaction of the batch: guards, effects and parking move together
or not at all. For a `log` topic a message takes effect if its sequence is the last one plus one;
lower is a duplicate, higher is a gap and waits. For a `state` topic any higher one replaces.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from pymongo import DeleteOne, InsertOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from chassis.act import Documents
from chassis.contracts import Topic, faults_for_readers
from chassis.errors import Conflict
from chassis.events.broker import Record
from chassis.events.envelope import Malformed, Received, outline, read
from chassis.events.handlers import Write
from chassis.events.sealing import Unreadable, unseal
from chassis.secrets import Keys

SKIPPED = "ieum.skipped"
MOST_PARKED = 5000
SAID_FAULTS = 5

Handle = Callable[[Received, ClientSession], Sequence[Write]]
"""What an event does: writes to make in the batch, or an operation done in the session."""


class Poisoned(Exception):
    """An operation failed half-way: the transaction must be given up, then the message parked."""

    def __init__(self, place: tuple[str, str, int], error: str) -> None:
        super().__init__(f"{place[0]} {place[1]}:{place[2]}: {error}")
        self.place = place
        self.error = error


class TooManyParked(Exception):
    """A key has more followers waiting than may wait; an operator has to look at it first."""


@dataclass(slots=True)
class Guard:
    """What is known of one key of one topic."""

    sequence: int = 0
    parked: int = 0
    changed: bool = False


@dataclass(slots=True)
class Inbox:
    """One batch of one group in one transaction."""

    database: Documents
    group: str
    topics: dict[str, Topic]
    keys: Keys
    handle: Handle
    session: ClientSession
    pure: bool = True
    refused: dict[tuple[str, str, int], str] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    _guards: dict[tuple[str, str], Guard] = field(default_factory=dict)
    _parked: dict[tuple[str, str], dict[int, dict[str, Any]]] = field(default_factory=dict)
    _parking: list[InsertOne[dict[str, Any]] | DeleteOne | UpdateOne] = field(default_factory=list)

    def take(self, records: Sequence[Record]) -> None:
        """Bring messages to effect in order, park what cannot yet, drop what was done."""
        self._load(records)
        for record in records:
            try:
                outlined = outline(record.key, record.headers)
            except Malformed as error:
                self._bury(record, str(error))
                continue
            message = _message(self.group, record, outlined.key, outlined.sequence)
            self._take(message)

    def replay(self, message: dict[str, Any]) -> bool:
        """Try a parked message again and let its followers run. True if it took effect."""
        self._load_keys({(message["topic"], message["key"])})
        before = self.counted["applied"]
        self._take(message)
        return self.counted["applied"] > before

    def discard(self, message: dict[str, Any]) -> None:
        """Pass over a parked message for good and let its followers run."""
        self._load_keys({(message["topic"], message["key"])})
        where = (message["topic"], message["key"])
        guard = self._guards[where]
        if message["sequence"] > guard.sequence:
            guard.sequence = message["sequence"]
            guard.changed = True
        self._unpark(where, message["sequence"])
        self._drain(where)

    def write(self) -> None:
        """Write guards, parking and effects. Called once, at the end of the transaction."""
        guards = [
            UpdateOne(
                {"_id": f"{self.group}|{topic}|{key}"},
                {
                    "$set": {
                        "group": self.group,
                        "topic": topic,
                        "key": key,
                        "sequence": guard.sequence,
                        "parked": guard.parked,
                    }
                },
                upsert=True,
            )
            for (topic, key), guard in self._guards.items()
            if guard.changed
        ]
        if self._parking:
            self.database["parked"].bulk_write(self._parking, session=self.session)
        by_collection: dict[str, list[Any]] = {}
        for name, operation in self.writes:
            by_collection.setdefault(name, []).append(operation)
        for name, operations in by_collection.items():
            self.database[name].bulk_write(operations, session=self.session)
        if guards:
            self.database["guards"].bulk_write(guards, ordered=False, session=self.session)

    # One message

    def _take(self, message: dict[str, Any]) -> None:
        where = (message["topic"], message["key"])
        guard = self._guards[where]
        sequence = message["sequence"]
        if sequence <= guard.sequence:
            self.counted["duplicate"] += 1
            self._unpark(where, sequence)
            return
        is_state = self.topics[message["topic"]].guard == "state"
        if sequence > guard.sequence + 1 and not is_state:
            self._park(where, message, "gap", None)
            return
        if self._apply(where, message):
            self._drain(where)

    def _apply(self, where: tuple[str, str], message: dict[str, Any]) -> bool:
        """Bring one message to effect. False if it is poison and was parked as such."""
        guard, sequence = self._guards[where], message["sequence"]
        try:
            if (*where, sequence) in self.refused:
                self._park(where, message, "poison", self.refused[*where, sequence])
                return False
            self.writes.extend(self._effects(message))
        except (PyMongoError, Conflict):
            raise
        except Exception as error:
            said = f"{type(error).__name__}: {error}"[:500]
            if not self.pure:
                raise Poisoned((*where, sequence), said) from error
            self._park(where, message, "poison", said)
            return False
        guard.sequence = sequence
        guard.changed = True
        self.counted["applied"] += 1
        self._unpark(where, sequence)
        return True

    def _effects(self, message: dict[str, Any]) -> Sequence[Write]:
        headers = [(name, bytes(value)) for name, value in message["headers"]]
        event = read(message["topic"], message["key"], bytes(message["value"]), headers)
        if event.type == SKIPPED:
            return []
        if event.type not in self.topics[event.topic].types:
            raise Malformed(f"{event.topic} does not carry {event.type}")
        if self.topics[event.topic].sealed_for is not None:
            event = _opened(self.keys, event)
        _refuse_unfit(event)
        return self.handle(event, self.session)

    def _drain(self, where: tuple[str, str]) -> None:
        """Let parked followers run as long as the next one is there."""
        guard = self._guards[where]
        while guard.parked:
            following = self._parked[where].get(guard.sequence + 1)
            if following is None or not self._apply(where, following):
                return

    # Parking

    def _park(
        self, where: tuple[str, str], message: dict[str, Any], why: str, error: str | None
    ) -> None:
        guard, sequence = self._guards[where], message["sequence"]
        there = self._parked.setdefault(where, {}).get(sequence)
        if there is not None:
            if why == "poison" and there["why"] != "poison":
                # A follower that waited behind a gap can turn out to be poison itself.
                there["why"], there["error"] = why, error
                self._parking.append(
                    UpdateOne({"_id": there["_id"]}, {"$set": {"why": why, "error": error}})
                )
                self.counted["poison"] += 1
            else:
                self.counted["duplicate"] += 1
            return
        if guard.parked >= MOST_PARKED:
            raise TooManyParked(f"{where[0]} {where[1]}: more than {MOST_PARKED} wait")
        row = {**message, "why": why, "error": error}
        self._parked[where][sequence] = row
        self._parking.append(InsertOne(row))
        guard.parked += 1
        guard.changed = True
        self.counted[why] += 1

    def _unpark(self, where: tuple[str, str], sequence: int) -> None:
        row = self._parked.get(where, {}).pop(sequence, None)
        if row is None:
            return
        self._parking.append(DeleteOne({"_id": row["_id"]}))
        guard = self._guards[where]
        guard.parked -= 1
        guard.changed = True

    def _bury(self, record: Record, error: str) -> None:
        """Bytes without a key or sequence have no order to wait in: straight to the dead."""
        id = f"{self.group}|{record.topic}|{record.partition}|{record.offset}"
        if self._is_buried(id):
            # No guard knows it, so a consumer that begins behind its offset meets it again.
            self.counted["duplicate"] += 1
            return
        row = {
            "_id": id,
            "group": self.group,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "value": record.value,
            "headers": [[name, value] for name, value in record.headers],
            "error": error,
        }
        self.writes.append(
            ("dead_letters", UpdateOne({"_id": row["_id"]}, {"$setOnInsert": row}, upsert=True))
        )
        self.counted["dead"] += 1

    def _is_buried(self, id: str) -> bool:
        names = ("dead_letters", "discarded")
        return any(
            self.database[name].find_one({"_id": id}, {"_id": 1}, session=self.session)
            for name in names
        )

    # Loading

    def _load(self, records: Sequence[Record]) -> None:
        self._load_keys(
            {
                (record.topic, record.key.decode(errors="replace"))
                for record in records
                if record.key is not None
            }
        )

    def _load_keys(self, places: set[tuple[str, str]]) -> None:
        for where in places:
            self._guards[where] = Guard()
        ids = [f"{self.group}|{topic}|{key}" for topic, key in places]
        waiting = []
        for row in self.database["guards"].find({"_id": {"$in": ids}}, session=self.session):
            where = (row["topic"], row["key"])
            self._guards[where] = Guard(row["sequence"], row["parked"])
            if row["parked"]:
                waiting.append({"group": self.group, "topic": row["topic"], "key": row["key"]})
        if waiting:
            for row in self.database["parked"].find({"$or": waiting}, session=self.session):
                self._parked.setdefault((row["topic"], row["key"]), {})[row["sequence"]] = row


def _message(group: str, record: Record, key: str, sequence: int) -> dict[str, Any]:
    return {
        "_id": f"{group}|{record.topic}|{key}|{sequence}",
        "group": group,
        "topic": record.topic,
        "key": key,
        "sequence": sequence,
        "partition": record.partition,
        "offset": record.offset,
        "value": record.value,
        "headers": [[name, value] for name, value in record.headers],
    }


def _opened(keys: Keys, event: Received) -> Received:
    try:
        data = unseal(keys, event.data)
    except Unreadable as error:
        raise Malformed(f"sealed and not for this service: {error}") from error
    fields = {name: getattr(event, name) for name in event.__slots__}
    return Received(**{**fields, "data": data})


def _refuse_unfit(event: Received) -> None:
    """What breaks its schema is not looked at any further; the values stay out of the reason."""
    try:
        found = faults_for_readers(event.type, event.data, event.version)
    except FileNotFoundError:
        raise Malformed(f"{event.type}.v{event.version} has no schema here") from None
    if found:
        raise Malformed(f"{event.type}: {'; '.join(found[:SAID_FAULTS])}")


def masked(value: bytes) -> str:
    """The shape of a message for an operator: names of fields, no texts that may be personal."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return f"{len(value)} bytes that are not JSON"
    if not isinstance(found, dict):
        return f"JSON {type(found).__name__}"
    return ", ".join(f"{name}: {type(part).__name__}" for name, part in found.items())
