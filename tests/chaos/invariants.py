"""What must hold after the faults, read from outside: acknowledgements, log and databases."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from chassis.events.broker import Admin, scan
from chassis.settings import Settings
from deploy.local.stack import Stack

TOPIC = "registration.programmes"
CONSUMERS = ("placement",)
Client = MongoClient[dict[str, Any]]


def aggregates(client: Client) -> dict[str, int]:
    """By id: the last sequence that registration gave."""
    rows = client["registration"]["programmes"].find({}, {"sequence": 1})
    return {row["_id"]: row["sequence"] for row in rows}


def effects(client: Client, service: str) -> dict[str, int]:
    """By id: how far a consumer has come."""
    wanted = {"group": f"{service}-project", "topic": TOPIC}
    rows = client[service]["guards"].find(wanted, {"key": 1, "sequence": 1})
    return {row["key"]: row["sequence"] for row in rows}


def drained(client: Client, seconds: float) -> float | None:
    """Wait until effects equal committed events. Seconds it took, None if they never did."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        try:
            given = aggregates(client)
            waiting = client["registration"]["programmes"].count_documents(
                {"outbox.id": {"$exists": True}}
            )
            if not waiting and all(effects(client, name) == given for name in CONSUMERS):
                return time.monotonic() - begin
        except PyMongoError:
            # The database may itself be on its way back; asked again until the limit.
            time.sleep(0.5)
        time.sleep(0.5)
    return None


def faults(stack: Stack, client: Client, told: dict[str, int]) -> tuple[list[str], Counter[str]]:
    """Every broken invariant by its name, and what was counted."""
    given = aggregates(client)
    order, contents, duplicates = _log(stack, set(given))
    found: list[str] = []
    for id, sequence in told.items():
        if given.get(id, 0) < sequence:
            found.append(f"I1: {id}:{sequence} was acknowledged, stored are {given.get(id, 0)}")
    total = sum(given.values())
    distinct = sum(len(numbers) for numbers in order.values())
    if total != distinct:
        found.append(f"I2: {total} events were committed, {distinct} are in the log")
    for id, numbers in order.items():
        if numbers != list(range(1, len(numbers) + 1)):
            found.append(f"I3: {id} first appears in the order {numbers}")
    for name in CONSUMERS:
        done = effects(client, name)
        if sum(done.values()) != total:
            found.append(f"I2: {name} brought {sum(done.values())} of {total} events to effect")
        strange = set(done) - set(given)
        if strange:
            found.append(f"I4: {name} knows {len(strange)} programmes without a source")
        parked = client[name]["parked"].count_documents({"topic": TOPIC})
        dead = client[name]["dead_letters"].count_documents({"topic": TOPIC})
        if parked or dead:
            found.append(f"I7: {name} has {parked} parked and {dead} dead messages left")
    doubled = [place for place, said in contents.items() if len(said) > 1]
    if doubled:
        found.append(f"I11: {len(doubled)} numbers have two contents, such as {doubled[0]}")
    counted = Counter(programmes=len(given), events=total, distinct=distinct, duplicates=duplicates)
    return found, counted


def _log(
    stack: Stack, ids: set[str]
) -> tuple[dict[str, list[int]], dict[tuple[str, int], set[bytes]], int]:
    """Per key the sequences in the order of first appearance; contents by number; duplicates."""
    settings = Settings(service="registration", kafka_bootstrap=stack.addresses["kafka"])
    admin = Admin(settings)
    places = [(TOPIC, part) for part in range(admin.described([TOPIC])[TOPIC][1])]
    ends = admin.ends(places)
    admin.close()
    order: dict[str, list[int]] = defaultdict(list)
    contents: dict[tuple[str, int], set[bytes]] = defaultdict(set)
    duplicates = 0
    for batch in scan(settings, {}, ends):
        for record in batch:
            id = (record.key or b"").decode()
            if id not in ids:
                order[id].append(-1)
                continue
            sequence = int(dict(record.headers)["ce_sequence"])
            contents[id, sequence].add(record.value)
            if sequence in order[id]:
                duplicates += 1
            else:
                order[id].append(sequence)
    return dict(order), dict(contents), duplicates
