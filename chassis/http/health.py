"""Is the process alive, can it serve, and what does it measure."""

import os

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from pymongo.errors import PyMongoError

from chassis.context import Context


def register(app: Flask, context: Context) -> None:
    """Add `/health/live`, `/health/ready` and `/metrics`."""

    @app.get("/health/live")
    def live() -> Response:
        return Response("alive\n", content_type="text/plain")

    @app.get("/health/ready")
    def ready() -> Response:
        """Ready means a writable primary and no pending recovery; Kafka may be away."""
        try:
            hello = context.database.client.admin.command("hello")
            house = context.database["house"].find_one({"_id": "recover"})
        except PyMongoError:
            return Response("no database\n", 503, content_type="text/plain")
        if not hello.get("isWritablePrimary"):
            return Response("no primary\n", 503, content_type="text/plain")
        if house is not None and house.get("needed"):
            return Response("recover first\n", 503, content_type="text/plain")
        return Response("ready\n", content_type="text/plain")

    @app.get("/metrics")
    def measured() -> Response:
        registry = REGISTRY
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
