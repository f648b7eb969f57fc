"""What must hold after the faults, read from outside: acknowledgements, log, databases, mailbox.

I9 (drained in time, nobody refused while only the broker is away) and I8 (same key, same answer)
are judged where they happen, by the run and by the clients.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from chassis import audit
from chassis.contracts import SERVICES, topics
from services.notifications.deliveries.model import mail_id
from services.placement.bookings.shape import HOLDING
from tests.chaos.log import Key, Log

Client = MongoClient[dict[str, Any]]
CATCHES_MAIL = "email"


@dataclass
class Findings:
    """Every breach by the name of its invariant, and what was counted."""

    broken: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    """How many things each invariant was checked on."""

    def check(self, name: str, things: int, faults: Iterator[str]) -> None:
        """Look at one invariant."""
        self.checked[name] += things
        self.broken += [f"{name}: {fault}" for fault in faults]


@cache
def sources() -> list[tuple[str, str, str]]:
    """Topic with dense numbers, service and collection of every kind of aggregate."""
    return [
        (one.topic, name, one.name)
        for name in SERVICES
        for one in importlib.import_module(f"services.{name}.app").service.aggregates
        if one.topic is not None and topics()[one.topic].guard == "log"
    ]


@cache
def logs() -> frozenset[str]:
    """The topics with dense numbers."""
    return frozenset(topic for topic, _, _ in sources())


def committed(client: Client) -> dict[Key, int]:
    """By topic and aggregate: the last sequence that its service gave."""
    found = {}
    for topic, service, collection in sources():
        for row in client[service][collection].find({"sequence": {"$gt": 0}}, {"sequence": 1}):
            found[topic, row["_id"]] = row["sequence"]
    return found


def waiting(client: Client) -> int:
    """Aggregates whose outbox is not empty."""
    wanted = {"outbox.id": {"$exists": True}}
    return sum(client[service][name].count_documents(wanted) for _, service, name in sources())


def groups(client: Client) -> dict[tuple[str, str], set[str]]:
    """By service and consumer group: the topics with dense numbers that it follows."""
    found: dict[tuple[str, str], set[str]] = {}
    for service in SERVICES:
        for row in client[service]["offsets"].find({}, {"group": 1, "topic": 1}):
            if row["topic"] in logs():
                found.setdefault((service, row["group"]), set()).add(row["topic"])
    return found


def reached(client: Client, service: str, group: str, lost: Collection[str] = ()) -> dict[Key, int]:
    """By topic and aggregate: the last sequence that took effect in a group."""
    rows = client[service]["guards"].find({"group": group}, {"topic": 1, "key": 1, "sequence": 1})
    return {
        (row["topic"], row["key"]): row["sequence"]
        for row in rows
        if row["topic"] in logs() and row["sequence"] and row["key"] not in lost
    }


def settled(client: Client, lost: Collection[str] = ()) -> bool:
    """Whether effects equal committed events: no outbox waits, and every guard is where it ends."""
    return next(unsettled(client, lost), None) is None


def unsettled(client: Client, lost: Collection[str] = ()) -> Iterator[str]:
    """What still keeps effects from being the committed events, thing by thing."""
    left = waiting(client)
    if left:
        yield f"{left} outboxes wait"
    given = committed(client)
    lost = set(lost) - {id for _, id in given}
    for (service, group), followed in groups(client).items():
        done = reached(client, service, group, lost)
        for place, last in given.items():
            if place[0] in followed and done.get(place) != last:
                yield f"{group} has {done.get(place)} of {last} of {place}"
        for place in done.keys() - given.keys():
            yield f"{group} has {place}, which nobody committed"
    queued = {"state.status": "queued", "state.tries": 0}
    fresh = client["notifications"]["deliveries"].count_documents(queued)
    if fresh:
        yield f"{fresh} deliveries have not been tried"


def look(
    client: Client,
    log: Log,
    told: Mapping[Key, int],
    mails: Sequence[Mapping[str, Any]],
    files: Sequence[Path],
    canary: str,
    domain: str,
    lost: Collection[str] = (),
) -> Findings:
    """Check everything. `mails` are whole, `files` are the logs of all processes.

    `lost` is what a restore names as created after its backup: the log knows it, its owner no more.
    """
    given = committed(client)
    lost = set(lost) - {id for _, id in given}
    found = Findings()
    found.check("I1", len(told), _acknowledged(told, given))
    found.check("I2", sum(given.values()), _once(given, log, lost))
    found.check("I3", len(log.order), _ordered(log, given))
    for (service, group), followed in groups(client).items():
        wanted = {place: last for place, last in given.items() if place[0] in followed}
        done = reached(client, service, group, lost)
        found.check("I2", sum(wanted.values()), _effective(group, wanted, done))
        found.check("I4", len(done), _sourceless(group, wanted, done))
        found.check("I7", 1, _left(client, service, group))
    found.check("I5", 1, _seats(client))
    found.check("I6", len(mails), messages(client["notifications"], mails, domain))
    found.check("I10", log.messages + len(files), _canaries(client, log, files, canary))
    found.check("I11", len(log.contents), _told_twice(log))
    for service in SERVICES:
        broken = audit.verify(client[service])
        chained = client[service]["audit"].count_documents({})
        found.check("I11", chained, iter([f"{service}: {broken}"] if broken else []))
    found.counted.update(
        aggregates=len(given),
        events=sum(given.values()),
        messages=log.messages,
        duplicates=sum(log.duplicates.values()),
        mails=len(mails),
    )
    return found


def _acknowledged(told: Mapping[Key, int], given: Mapping[Key, int]) -> Iterator[str]:
    for place, sequence in told.items():
        if given.get(place, 0) < sequence:
            yield f"{place}: {sequence} was acknowledged, stored are {given.get(place, 0)}"


def _once(given: Mapping[Key, int], log: Log, lost: Collection[str]) -> Iterator[str]:
    known = {place for place in log.order if place[1] not in lost}
    for place in given.keys() | known:
        there = len(log.order.get(place, ()))
        if given.get(place, 0) != there:
            yield f"{place}: {given.get(place, 0)} events were committed, {there} are in the log"


def _ordered(log: Log, given: Mapping[Key, int]) -> Iterator[str]:
    for place, numbers in log.order.items():
        if place in given and numbers != list(range(1, len(numbers) + 1)):
            yield f"{place} first appears in the order {numbers}"


def _effective(group: str, wanted: Mapping[Key, int], done: Mapping[Key, int]) -> Iterator[str]:
    if sum(done.values()) != sum(wanted.values()):
        yield f"{group} brought {sum(done.values())} of {sum(wanted.values())} events to effect"


def _sourceless(group: str, wanted: Mapping[Key, int], done: Mapping[Key, int]) -> Iterator[str]:
    for place in done.keys() - wanted.keys():
        yield f"{group} knows {place}, which nobody committed"


def _left(client: Client, service: str, group: str) -> Iterator[str]:
    for name in ("parked", "dead_letters"):
        rows = list(client[service][name].find({"group": group}))
        if rows:
            places = [
                f"{row['topic']} {row.get('key')}:{row.get('sequence')} {row.get('error')}"
                for row in rows[:3]
            ]
            yield f"{group} has {len(rows)} messages left in {name}: {'; '.join(places)}"


def _seats(client: Client) -> Iterator[str]:
    """Counted anew from the bookings, which the seats' own documents have no part in."""
    database = client["placement"]
    taken: Counter[str] = Counter()
    alive: Counter[str] = Counter()
    for row in database["bookings"].find({"state.status": {"$in": sorted(HOLDING)}}):
        taken[row["state"]["session"]] += row["state"]["people"]
        alive[f"{row['state']['group']} {row['state']['session']}"] += 1
    for row in database["seats"].find():
        if taken[row["_id"]] > row["maximum"]:
            yield f"session {row['_id']}: {taken[row['_id']]} people, {row['maximum']} seats"
        if taken[row["_id"]] != row["taken"]:
            yield f"session {row['_id']}: bookings hold {taken[row['_id']]}, seats {row['taken']}"
    for place, number in alive.items():
        if number > 1:
            yield f"group and session {place}: {number} bookings"


def messages(
    database: Database[dict[str, Any]], mails: Sequence[Mapping[str, Any]], domain: str
) -> Iterator[str]:
    """At least one e-mail per intent, one Message-ID each, every one of them in the ledger."""
    rows = {
        mail_id(row["_id"], domain): row
        for row in database["deliveries"].find({"state.channel": CATCHES_MAIL})
    }
    caught = Counter(str(mail["MessageID"]).strip("<>") for mail in mails)
    known = {id.strip("<>"): row for id, row in rows.items()}
    tried = set(database["attempts"].distinct("delivery"))
    for id, row in known.items():
        if row["state"]["status"] == "sent" and not caught[id]:
            yield f"delivery {row['_id']} counts as sent, and no e-mail was caught"
    for id in caught:
        if id not in known:
            yield f"an e-mail has the Message-ID {id}, which no delivery has"
        elif known[id]["_id"] not in tried:
            yield f"delivery {known[id]['_id']} was sent, and the ledger has no attempt"
    intents = Counter(
        (row["state"]["message"], row["state"]["recipient"]) for row in known.values()
    )
    for (message, recipient), number in intents.items():
        if number > 1:
            yield f"message {message} has {number} e-mails for {recipient}"


def _canaries(client: Client, log: Log, files: Sequence[Path], canary: str) -> Iterator[str]:
    for place in log.suspicious:
        yield f"personal data in clear at {place}"
    for file in files:
        if canary in file.read_text(encoding="utf-8", errors="replace"):
            yield f"personal data in the log {file.name}"
    for service in SERVICES:
        for name in ("parked", "dead_letters", "discarded"):
            for row in client[service][name].find({}, {"value": 0}):
                if canary in repr(row):
                    yield f"personal data beside a dead letter of {service}: {row['_id']}"


def _told_twice(log: Log) -> Iterator[str]:
    for place, said in log.contents.items():
        if len(said) > 1:
            yield f"{place} has {len(said)} contents"
