"""A service's own past: what it published, its backup, and others that read along."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from chassis.context import Context
from chassis.events import recover, relay, roles
from chassis.events.broker import Place, Publisher, Record
from chassis.events.consumer import Follower
from chassis.events.topics import scan
from chassis.service import Service


@dataclass
class History:
    """The service on a broker whose log began before it: `begin` says that this is not ours."""

    context: Context
    service: Service
    publisher: Publisher = field(init=False)
    starts: dict[Place, int] = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.context.settings)
        self.starts = recover._ends(self.context)
        checked = {recover._written(place): end for place, end in self.starts.items()}
        self.context.database["house"].update_one(
            {"_id": "recover"}, {"$set": {"needed": False, "checked": checked}}, upsert=True
        )

    def relay(self) -> None:
        """Publish until no outbox has anything ready."""
        owned = [one for one in self.service.aggregates if one.topic is not None]
        while rows := relay.pending(self.context.database, owned):
            relay.publish(self.context.database, self.publisher, rows)

    def archive(self) -> list[Record]:
        """What the service itself kept of what it published; quicker to read than the log."""
        rows = self.context.database["published"].find()
        return [
            Record(
                row["topic"],
                row["partition"],
                row["offset"],
                row["key"].encode(),
                bytes(row["value"]),
                [(name, bytes(value)) for name, value in row["headers"]],
            )
            for row in rows.sort([("topic", 1), ("partition", 1), ("offset", 1)])
        ]

    def log(self) -> list[Record]:
        """Every message of this service in the order in which each partition has them."""
        found = scan(self.context.settings, self.starts, recover._ends(self.context))
        return [record for batch in found for record in batch]

    def backup(self) -> dict[str, list[dict[str, Any]]]:
        """Every document of the database."""
        database = self.context.database
        return {name: list(database[name].find()) for name in database.list_collection_names()}

    def restore(self, backup: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        """The database as it was, and `recover` after it; what that answered."""
        database = self.context.database
        for name in database.list_collection_names():
            database[name].delete_many({})
            if backup.get(name):
                database[name].insert_many(backup[name])
        assert recover.needed(self.context, self.service.aggregates)
        return recover.recover(self.context, self.service.aggregates)

    def contents(self) -> dict[tuple[str, str], dict[int, set[bytes]]]:
        """By topic and aggregate: what was ever said under each number."""
        found: dict[tuple[str, str], dict[int, set[bytes]]] = defaultdict(dict)
        for record in self.log():
            key, number = (record.key or b"").decode(), int(dict(record.headers)["ce_sequence"])
            found[record.topic, key].setdefault(number, set()).add(record.value)
        return found


@dataclass
class Reader:
    """A role of a service that follows what is published, batch by batch."""

    context: Context
    service: Service
    role: str

    def follow(self, log: list[Record]) -> Follower:
        """Bring to effect what lies behind its offsets, as after a start of its process."""
        make = roles.projector if self.role == "project" else roles.reactor
        follower = make(replace(self.context), self.service)
        follower._prepare()
        rows = self.context.database["offsets"].find({"group": follower.group})
        follower._places = {(row["topic"], row["partition"]): row["next"] for row in rows}
        for record in log:
            if record.topic in follower.topics:
                reached = follower._places[record.topic, record.partition]
                if record.offset >= reached:
                    follower.apply([record])
        waiting = list(self.context.database["parked"].find({"group": follower.group}))
        assert not waiting, [(row["key"], row["why"], row["error"]) for row in waiting]
        return follower
