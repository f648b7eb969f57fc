"""How long the system needs after a fault: until all that was committed before has its effect."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pymongo.errors import PyMongoError

from tests.chaos.faults import Injected
from tests.chaos.invariants import Client

EVERY_SECONDS = 0.25
FOLLOWED = {"programmes": "registration.programmes", "surveys": "registration.surveys"}
GROUP = "placement-project"


class Monitor(threading.Thread):
    """Samples what registration committed, and how much of it took effect in placement."""

    def __init__(self, client: Client, *apart: Sequence[str]) -> None:
        super().__init__(daemon=True, name="monitor")
        self._client = client
        self._apart = apart
        self.samples: list[tuple[float, int, int]] = []
        """When, events committed, events that took effect."""
        self.stop = threading.Event()

    def run(self) -> None:
        """Sample until stopped; while the database is away there is nothing to see."""
        while not self.stop.wait(EVERY_SECONDS):
            try:
                row = (time.monotonic(), self._committed(), self._effective())
            except PyMongoError:
                continue
            self.samples.append(row)

    def _left_out(self) -> list[str]:
        """Aggregates that wait for an operator, or that a restore has lost."""
        return [id for part in self._apart for id in part]

    def _committed(self) -> int:
        database = self._client["registration"]
        sound = {"_id": {"$nin": self._left_out()}}
        return sum(_sum(database[name], sound) for name in FOLLOWED)

    def _effective(self) -> int:
        wanted: dict[str, Any] = {"group": GROUP, "topic": {"$in": list(FOLLOWED.values())}}
        wanted["key"] = {"$nin": self._left_out()}
        return _sum(self._client["placement"]["guards"], wanted)

    def seconds(self, fault: Injected) -> float | None:
        """From the end of a fault until what was committed by then had its effect."""
        before = [row for row in self.samples if row[0] <= fault.end]
        goal = before[-1][1] if before else 0
        for at, _, effective in self.samples:
            if at > fault.end and effective >= goal:
                return at - fault.end
        return None


def _sum(collection: Any, wanted: dict[str, Any]) -> int:
    stages = [{"$match": wanted}, {"$group": {"_id": None, "total": {"$sum": "$sequence"}}}]
    rows = list(collection.aggregate(stages))
    return int(rows[0]["total"]) if rows else 0


def by_kind(monitor: Monitor, faults: Sequence[Injected]) -> dict[str, dict[str, float]]:
    """By kind of fault: how many, the median and the longest time to recover, in seconds."""
    found: dict[str, list[float]] = defaultdict(list)
    for one in faults:
        seconds = monitor.seconds(one)
        if seconds is not None:
            found[one.kind].append(seconds)
    return {
        kind: {
            "faults": len(times),
            "median": round(sorted(times)[len(times) // 2], 2),
            "longest": round(max(times), 2),
        }
        for kind, times in sorted(found.items())
    }
