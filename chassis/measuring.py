"""The role `metrics`: shows over HTTP what the background roles of a worker measure.

They serve no HTTP themselves. Their numbers meet in PROMETHEUS_MULTIPROC_DIR, and this role, which
runs where IEUM_METRICS_PORT names a port, reads them from there. A web role on the same directory
shows the same numbers under `/metrics`.

It also measures what no role can say of itself: a relay that is dead does not tell how old its
outbox has become.
"""

import os
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from pymongo.errors import PyMongoError

from chassis import metrics
from chassis.act import Documents
from chassis.clock import now
from chassis.context import Context
from chassis.documents import Aggregates
from chassis.logs import logger
from chassis.settings import metrics_port

LOOK_SECONDS = 5.0


def run(
    context: Context,
    aggregates: Sequence[Aggregates[Any]],
    measures: Sequence[Callable[[Documents], None]] = (),
) -> None:
    """Serve and measure until asked to stop."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    start_http_server(metrics_port() or 0, context.settings.bind, registry)
    while not context.stopping():
        context.beat()
        try:
            look(context.database, context.settings.service, aggregates)
            for measure in measures:
                measure(context.database)
        except PyMongoError as error:
            # The database may be away; the numbers stay as they are, and the readiness says so.
            logger().warning("not_measured", error=type(error).__name__)
        context.wait(LOOK_SECONDS)


def look(database: Documents, service: str, aggregates: Sequence[Aggregates[Any]]) -> None:
    """Measure outboxes, leases and the audit chain as they stand in the database."""
    _outboxes(database, aggregates)
    _leases(database, service)
    waiting = sum(
        database[name].count_documents({"audited": False}) for name in ("published", "access")
    )
    metrics.AUDIT_WAITING.labels(service).set(waiting)


def _outboxes(database: Documents, aggregates: Sequence[Aggregates[Any]]) -> None:
    quarantined, oldest = 0, list[str]()
    for one in aggregates:
        waiting = {"outbox.id": {"$exists": True}}
        for row in database[one.name].find(waiting, {"outbox.time": 1, "outbox.quarantined": 1}):
            held = sum(bool(entry.get("quarantined")) for entry in row["outbox"])
            quarantined += held
            if not held:
                oldest.append(row["outbox"][0]["time"])
    age = 0.0
    if oldest:
        age = max(0.0, (now() - datetime.fromisoformat(min(oldest))).total_seconds())
    metrics.OUTBOX_OLDEST.labels(database.name).set(age)
    metrics.QUARANTINED.labels(database.name).set(quarantined)


def _leases(database: Documents, service: str) -> None:
    """Copies of a consumer have a slot each; one that is held is enough."""
    held: dict[str, bool] = {}
    stages: list[dict[str, Any]] = [{"$project": {"held": {"$gt": ["$expires", "$$NOW"]}}}]
    for row in database["leases"].aggregate(stages):
        name = re.sub(r"-\d+$", "", row["_id"])
        held[name] = held.get(name, False) or row["held"]
    for name, one in held.items():
        metrics.LEASE_HELD.labels(service, name).set(one)
