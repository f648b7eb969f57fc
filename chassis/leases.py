"""Leases on the database's own clock: who does what only one process may do.

A lease does not fence: its holder may sleep past the end and act on (a zombie). What it does then
is caught where it lands, by the consumers' guard or by a conditional write.
"""

import contextlib
import math
import os
import re
import socket
import time
from dataclasses import dataclass
from typing import Any

from pymongo.errors import DuplicateKeyError

from chassis import metrics
from chassis.act import Documents
from chassis.logs import logger


def stable_name(replica: str, role: str) -> str:
    """The name of a copy of a role that survives its restart, so that it takes up its own lease."""
    return f"{socket.gethostname()}/{replica}/{role}"


RENEWED_IN_A_LEASE = 4
SLOTS = 16
"""How many copies of one role may work beside each other."""


class Lease:
    """One named lease. `take` also renews; it is True while this process is the holder.

    It asks the database four times in a lease's time, however often it is called: a write for each
    turn of a role's loop would be most of what an idle service does.
    """

    def __init__(self, database: Documents, name: str, owner: str, seconds: float) -> None:
        self._leases = database["leases"]
        self._name = name
        self._owner = f"{owner}#{os.getpid()}"
        self._stable = owner
        self._milliseconds = int(seconds * 1000)
        self._service = database.name
        self._pause = seconds / RENEWED_IN_A_LEASE
        self._renew_at = 0.0
        self._made = False
        self._held = False

    def _make(self) -> None:
        # `$$NOW` may not stand in an upsert, so the document is made first.
        if not self._made:
            with contextlib.suppress(DuplicateKeyError):
                self._leases.insert_one(
                    {"_id": self._name, "owner": "", "stable": "", "expires": None, "turns": 0}
                )
            self._made = True

    def take(self) -> bool:
        """Take the lease if it is free, ours, or left by this copy's former life; else False."""
        # The clock runs on while a process is frozen, so one that wakes asks before it acts.
        asked = time.monotonic()
        if self._held and asked < self._renew_at:
            return True
        self._make()
        wanted: dict[str, Any] = {
            "_id": self._name,
            "$or": [
                {"owner": self._owner},
                {"stable": self._stable},
                {"expires": None},
                {"$expr": {"$lt": ["$expires", "$$NOW"]}},
            ],
        }
        mine = {"$eq": ["$owner", self._owner]}
        change = {
            "owner": self._owner,
            "stable": self._stable,
            "expires": {"$add": ["$$NOW", self._milliseconds]},
            "turns": {"$add": ["$turns", {"$cond": [mine, 0, 1]}]},
        }
        held = self._leases.find_one_and_update(wanted, [{"$set": change}]) is not None
        if held and not self._held:
            metrics.LEASE_TAKEN.labels(self._service, self._name).inc()
            logger().info("lease_taken", lease=self._name)
        self._held = held
        self._renew_at = asked + self._pause
        return held

    def leave(self) -> None:
        """Give the lease up, so that another need not wait for its end."""
        self._held = False
        self._leases.update_one(
            {"_id": self._name, "owner": self._owner}, {"$set": {"expires": None}}
        )


@dataclass(frozen=True, slots=True)
class Held:
    """Who does a role now, and for how many seconds nobody has; endless where it was given up."""

    owners: tuple[str, ...]
    free_seconds: float


def held(database: Documents) -> dict[str, Held]:
    """Each role that was ever done here, on the database's own clock, which no rehearsal moves.

    Copies hold a slot each; one that is held is enough.
    """
    stages: list[dict[str, Any]] = [
        {"$sort": {"_id": 1}},
        {"$project": {"owner": 1, "past": {"$subtract": ["$$NOW", "$expires"]}}},
    ]
    found: dict[str, Held] = {}
    for row in database["leases"].aggregate(stages):
        role = re.sub(r"-\d+$", "", row["_id"])
        past = math.inf if row["past"] is None else row["past"] / 1000
        before = found.get(role, Held((), math.inf))
        owners = (*before.owners, row["owner"]) if past < 0 else before.owners
        found[role] = Held(owners, max(0.0, min(before.free_seconds, past)))
    return found


def lowest(database: Documents, role: str, owner: str, seconds: float) -> tuple[Lease, int] | None:
    """The lowest free of the slots that the copies of a role hold, and its number; None if none is.

    Of a role that several may do at once, too, the database can tell so that nobody does it.
    """
    for slot in range(SLOTS):
        lease = Lease(database, f"{role}-{slot}", owner, seconds)
        if lease.take():
            return lease, slot
    return None
