"""How late are we? Asked by the role `metrics`, because a sender that is dead cannot say it."""

from chassis import metrics
from chassis.act import Documents
from chassis.clock import now

WAITING = {"notices": "waiting", "deliveries": "queued"}
"""What waits for its time, by collection and status. What is tried again later has a later time."""


def measure(database: Documents) -> None:
    """Measure for how long the oldest message whose time has come has waited, in seconds."""
    present, times = now(), []
    for name, status in WAITING.items():
        wanted = {"state.status": status, "state.due_at": {"$lte": present}}
        row = database[name].find_one(wanted, {"state.due_at": 1}, sort=[("state.due_at", 1)])
        if row is not None:
            times.append(row["state"]["due_at"])
    age = (present - min(times)).total_seconds() if times else 0.0
    metrics.DELIVERY_WAITING.labels(database.name).set(age)
