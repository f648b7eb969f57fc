"""What waits in the outboxes of a service, counted by the database itself.

In an outage tens of thousands of aggregates wait, and alarms and pages ask every few seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.act import Documents
from chassis.clock import now
from chassis.documents import Aggregates


@dataclass(frozen=True, slots=True)
class Waiting:
    """Aggregates with events to publish, events set aside, and the age of the oldest other one."""

    aggregates: int
    quarantined: int
    oldest_seconds: float


def waiting(database: Documents, aggregates: Sequence[Aggregates[Any]]) -> Waiting:
    """What waits now. An aggregate with a quarantined event waits for a person, and has no age."""
    aside = {"$filter": {"input": "$outbox", "cond": {"$eq": ["$$this.quarantined", True]}}}
    stages: list[dict[str, Any]] = [
        {"$match": {"outbox.id": {"$exists": True}}},
        {"$project": {"aside": {"$size": aside}, "time": {"$first": "$outbox.time"}}},
        {
            "$group": {
                "_id": None,
                "aggregates": {"$sum": 1},
                "quarantined": {"$sum": "$aside"},
                "oldest": {"$min": {"$cond": ["$aside", None, "$time"]}},
            }
        },
    ]
    found = [row for one in aggregates for row in database[one.name].aggregate(stages)]
    oldest = min((row["oldest"] for row in found if row["oldest"]), default=None)
    age = (now() - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0.0
    return Waiting(
        aggregates=sum(row["aggregates"] for row in found),
        quarantined=sum(row["quarantined"] for row in found),
        oldest_seconds=max(0.0, age),
    )
