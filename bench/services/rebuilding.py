"""Row: `republish` and `rebuild` of much, by their own commands, while the service runs on.

Programmes are written as registration writes them, so that its archive, the log and placement's
read model hold them as in service. While the commands run, a centre goes on publishing programmes
over HTTP; the read model has to be equal to the log all the same.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from pymongo import MongoClient

from bench.services.end_to_end import sign_in
from bench.services.inside import context_inside
from bench.services.looking import has_read, until
from chassis.context import Context
from chassis.documents import New
from chassis.facts import fresh_id
from demo.client import Person
from deploy.local.stack import Stack
from services.registration.organisations.model import Level
from services.registration.programmes.model import Programme, publish
from services.registration.programmes.store import programmes

TOPIC = "registration.programmes"
CHUNK = 500
LOOKED_AFTER = 5000
MOST_WAITING = 20_000
TOO_LONG = 900.0
SLOWEST = 250
"""Events a second below which something stands still rather than takes its time."""
PAUSE = 0.1


def measure(events: int) -> list[dict[str, Any]]:
    """Seconds of both commands over so many programmes, each with its event and its label.

    Afterwards `verify` has to find nothing wrong in either service.
    """
    stack = Stack("bench")
    try:
        stack.start(fresh=True, follow=True)
        centre = sign_in(stack)
        client: MongoClient[dict[str, Any]] = MongoClient(stack.addresses["mongo"])
        began = time.monotonic()
        with context_inside(stack, "registration") as context:
            _write(context, centre.organisation, events)
        _caught_up(client, events)
        through = time.monotonic() - began
        stop, written = threading.Event(), list[str]()
        writer = threading.Thread(target=_go_on, args=(centre, stop, written))
        writer.start()
        try:
            sent, republishing = _timed(stack, "registration", "republish", "--topic", TOPIC)
            _caught_up(client, events)
            found, rebuilding = _timed(stack, "placement", "rebuild", "campaigns")
        finally:
            stop.set()
            writer.join()
        parked = client["placement"]["parked"].count_documents({})
        verified = {
            name: round(_timed(stack, name, "verify")[1], 1)
            for name in ("registration", "placement")
        }
    finally:
        stack.release()
    (rebuilt,) = found if isinstance(found, list) else [found]
    return [
        {
            "row": f"republish and rebuild of {events} aggregates while the service runs",
            "written_and_read_per_second": round(events / through),
            "republished": sent["sent"],
            "republish_seconds": round(republishing, 1),
            "rebuilt_messages": rebuilt["messages"],
            "rebuild_seconds": round(rebuilding, 1),
            "equal": rebuilt["equal"],
            "written_meanwhile": len(written),
            "parked": parked,
            "verify_seconds": verified,
        }
    ]


def _write(context: Context, centre: str, events: int) -> None:
    """In bulk, never further ahead of the relay than it may fall behind."""
    act = context.act()
    waiting = context.database["programmes"]
    for start in range(0, events, CHUNK):
        rows = []
        for number in range(start, min(start + CHUNK, events)):
            state = Programme(
                centre=centre, name=f"bench {number}", brand="gogong", level=Level.MIDDLE
            )
            rows.append(New(fresh_id(), state, publish(state)))
        programmes.create_many(act, rows)
        if (start + CHUNK) % LOOKED_AFTER == 0:
            until(lambda: not _far_ahead(waiting), "the relay to go on", TOO_LONG)


def _far_ahead(programmes: Any) -> bool:
    wanted = {"outbox.id": {"$exists": True}}
    return bool(programmes.count_documents(wanted, limit=MOST_WAITING) >= MOST_WAITING)


def _caught_up(client: MongoClient[dict[str, Any]], events: int) -> None:
    """Wait until all is published, and placement has read what registration's archive holds."""

    def looked() -> bool:
        waits = client["registration"]["programmes"].find_one(
            {"outbox.id": {"$exists": True}}, {"_id": 1}
        )
        return waits is None and has_read(client, "placement", "registration")

    until(looked, "placement to read all", max(TOO_LONG, events / SLOWEST))


def _go_on(centre: Person, stop: threading.Event, written: list[str]) -> None:
    body = {"name": "bench", "brand": "gogong", "level": "middle", "rounds": 1}
    while not stop.wait(PAUSE):
        written.append(centre.post("/api/v1/programmes", body)["id"])


def _timed(stack: Stack, service: str, *words: str) -> tuple[Any, float]:
    began = time.monotonic()
    done = stack.command(service, *words, "--json")
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])
    return json.loads(done.stdout), time.monotonic() - began
