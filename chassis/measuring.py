"""The role `metrics`: shows over HTTP what the background roles of a worker measure.

They serve no HTTP themselves. Their numbers meet in PROMETHEUS_MULTIPROC_DIR, and this role, which
runs where IEUM_METRICS_PORT names a port, reads them from there. A web role on the same directory
shows the same numbers under `/metrics`.
"""

import os

from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from chassis.context import Context


def port() -> int | None:
    """The port on which a worker shows its metrics; None where it shows none."""
    return int(os.environ.get("IEUM_METRICS_PORT") or 0) or None


def run(context: Context) -> None:
    """Serve until asked to stop."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    start_http_server(port() or 0, context.settings.bind, registry)
    while not context.stopping():
        context.beat()
        context.wait(1)
