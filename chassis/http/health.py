"""Is the process alive, can it serve, and what does it measure."""

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pymongo.errors import PyMongoError

from chassis.context import Context
from chassis.measuring import Looking, numbers
from chassis.service import Service

READY = "ready"


def readiness(context: Context) -> str:
    """Whether the service can serve: `READY`, or what is in the way."""
    try:
        hello = context.database.client.admin.command("hello")
        house = context.database["house"].find_one({"_id": "recover"})
    except PyMongoError:
        return "no database"
    if not hello.get("isWritablePrimary"):
        return "no primary"
    return "recover first" if house is not None and house.get("needed") else READY


def register(app: Flask, context: Context, service: Service) -> None:
    """Add `/health/live`, `/health/ready` and `/metrics`."""
    looking = Looking(context, service)

    @app.get("/health/live")
    def live() -> Response:
        return Response("alive\n", content_type="text/plain")

    @app.get("/health/ready")
    def ready() -> Response:
        """Ready means a writable primary and no pending recovery; Kafka may be away."""
        found = readiness(context)
        status = 200 if found == READY else 503
        return Response(f"{found}\n", status, content_type="text/plain")

    @app.get("/metrics")
    def measured() -> Response:
        """The numbers of all processes of this directory, and what the database says just now."""
        looking.now_and_then()
        return Response(generate_latest(numbers()), content_type=CONTENT_TYPE_LATEST)
