"""Is the ledger complete? Asked by `verify`, in the words of an operator."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from chassis.act import Documents
from chassis.clock import now
from services.notifications.deliveries.model import LEASE

SOME = 20
"""How many ids of one kind of fault are named; whoever sees twenty has seen enough."""


def ledger(database: Documents) -> Iterator[str]:
    """Deliveries that count as sent without an accepted attempt, and attempts left open."""
    sent = {"state.channel": "email", "state.status": "sent"}
    stages: list[dict[str, Any]] = [
        {"$match": sent},
        {
            "$lookup": {
                "from": "attempts",
                "localField": "_id",
                "foreignField": "delivery",
                "pipeline": [{"$match": {"outcome": "accepted"}}, {"$limit": 1}],
                "as": "accepted",
            }
        },
        {"$match": {"accepted": []}},
        {"$limit": SOME},
        {"$project": {"_id": 1}},
    ]
    for row in database["deliveries"].aggregate(stages, allowDiskUse=True):
        yield f"ledger: {row['_id']} counts as sent, and no attempt was accepted"
    # A sender that died leaves attempts open; its heir closes them when it takes the delivery.
    before = now() - LEASE - timedelta(minutes=5)
    left = {"outcome": "begun", "began": {"$lt": before}}
    for row in database["attempts"].find(left, {"delivery": 1}).limit(SOME):
        yield f"ledger: an attempt of {row['delivery']} was begun and never ended"
