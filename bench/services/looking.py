"""Looking into the databases of a running stack, so seldom and so cheaply that it costs the
services next to nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from pymongo import MongoClient

from demo.client import NeverHappened

Client = MongoClient[dict[str, Any]]
LOOK_SECONDS = 0.25


def until(looked: Callable[[], bool], what: str, seconds: float) -> None:
    """Look four times a second until it is so. Raises NeverHappened after so many seconds."""
    end = time.monotonic() + seconds
    while not looked():
        if time.monotonic() > end:
            raise NeverHappened(f"waited {seconds:.0f} s for {what}")
        threading.Event().wait(LOOK_SECONDS)


def has_read(client: Client, reader: str, owner: str) -> bool:
    """Whether all groups of a reader have come to the last event that an owner has archived.

    One seek in an index for each partition: to count what was read takes seconds from a million on.
    """
    for row in client[reader]["offsets"].find({"topic": {"$regex": f"^{owner}[.]"}}):
        place = {"topic": row["topic"], "partition": row["partition"]}
        last = client[owner]["published"].find_one(place, {"offset": 1}, sort=[("offset", -1)])
        if last is not None and row["next"] <= last["offset"]:
            return False
    return True


def processor_seconds(client: Client) -> float:
    """Processor time of the database so far, of its own threads and of the system for it."""
    spent = client.admin.command("serverStatus")["extra_info"]
    return float(spent["user_time_us"] + spent["system_time_us"]) / 1e6
