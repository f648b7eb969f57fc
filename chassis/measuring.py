"""The role `metrics`: shows over HTTP what the background roles of a worker measure.

They serve no HTTP themselves. Their numbers meet in PROMETHEUS_MULTIPROC_DIR, and this role, which
runs where IEUM_METRICS_PORT names a port, reads them from there. A web role on the same directory
shows the same numbers under `/metrics`.

What no role can say of itself is measured here for them: a relay that is dead does not tell how old
its outbox has become. A web role does so too whenever it is asked for its numbers, because a worker
that is dead as a whole takes this role with it.
"""

import os
import time

import pymongo
from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from pymongo.errors import PyMongoError

from chassis import metrics
from chassis.act import Documents
from chassis.context import Context
from chassis.leases import held
from chassis.logs import logger
from chassis.outboxes import waiting
from chassis.service import Service
from chassis.settings import metrics_port

LOOK_SECONDS = 5.0
#: Prometheus waits for ten seconds, and wants the other numbers also while the database is away.
ANSWER_SECONDS = 1.0


def run(context: Context, service: Service) -> None:
    """Serve and measure until asked to stop."""
    start_http_server(metrics_port() or 0, context.settings.bind, numbers())
    looking = Looking(context, service)
    while not context.stopping():
        context.beat()
        looking.now_and_then()
        context.wait(LOOK_SECONDS)


def numbers() -> CollectorRegistry:
    """What this process and those that share its directory have measured."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class Looking:
    """Looks at the database for one process, at most every `LOOK_SECONDS`."""

    def __init__(self, context: Context, service: Service) -> None:
        self._context, self._service = context, service
        self._looked = -LOOK_SECONDS

    def now_and_then(self) -> None:
        """Measure, unless it has just been done."""
        present = time.monotonic()
        if present - self._looked < LOOK_SECONDS:
            return
        self._looked = present
        try:
            with pymongo.timeout(ANSWER_SECONDS):
                look(self._context.database, self._service)
        except PyMongoError as error:
            # The database may be away; the numbers stay as they are, and the readiness says so.
            logger().warning("not_measured", error=type(error).__name__)


def look(database: Documents, service: Service) -> None:
    """Measure outboxes, leases, the audit chain and the service's own as they stand stored."""
    outboxes = waiting(database, service.aggregates)
    metrics.OUTBOX_OLDEST.labels(database.name).set(outboxes.oldest_seconds)
    metrics.QUARANTINED.labels(database.name).set(outboxes.quarantined)
    for role, one in held(database).items():
        metrics.LEASE_HELD.labels(service.name, role).set(bool(one.owners))
    unchained = sum(
        database[name].count_documents({"audited": False}) for name in ("published", "access")
    )
    metrics.AUDIT_WAITING.labels(service.name).set(unchained)
    for measure in service.measures:
        measure(database)
