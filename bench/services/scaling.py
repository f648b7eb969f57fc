"""Rows: ten times the events take ten times the time, and more consumers cost no more each.

Wall time says as much about the rest of the machine as about us; so each row also says processor
time, of us and of the database, and the exponents are of that. A relay's and a consumer's own
memory is what stays with them between two sizes. Events are made as they are needed, so that a
million (`--only scale --events 10000 1000000`) needs no more memory than ten thousand.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from bench.services.looking import processor_seconds
from bench.services.piping import BATCH
from chassis import logs
from chassis.context import Context
from chassis.documents import New
from chassis.events import relay, roles
from chassis.events.broker import Place, Publisher
from chassis.events.topics import Admin, scan
from chassis.facts import fresh_id
from tests.service.chassis import victim
from tests.service.chassis.programmes import TOPIC, Programme, producer, programmes, published
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database

CHUNK = 5000
TOLD_AFTER = 100_000
CONSUMERS = (1, 2, 4)
PAGE = os.sysconf("SC_PAGE_SIZE")


def measure(servers: Servers, sizes: Sequence[int], events: int) -> list[dict[str, Any]]:
    """Both rows: growing sizes, then growing numbers of consumers on `events` messages."""
    return [_growing(servers, sizes), _together(servers, events)]


def _growing(servers: Servers, sizes: Sequence[int]) -> dict[str, Any]:
    rows = [_piped(servers, size) for size in sizes]
    first, last = rows[0], rows[-1]
    steps = math.log(last["events"] / first["events"])
    return {
        "row": f"scale: {sizes[0]} to {sizes[-1]} events from outbox to effect",
        "sizes": rows,
        **{
            f"exponent_of_{said}": round(math.log(last[name] / first[name]) / steps, 3)
            for said, name in (
                ("processor_time", "processor_seconds"),
                ("the_databases_processor_time", "database_processor_seconds"),
                ("time", "seconds"),
            )
        },
        "bar": 1.05,
        "memory_grown_mb": round(last["memory_mb"] - first["memory_mb"], 1),
    }


def _piped(servers: Servers, events: int) -> dict[str, Any]:
    """So many events through relay and consumer; what it took without their making."""
    with fresh_database(servers) as name:
        writer = context_of(producer(), servers, name)
        reader = context_of(victim.service(), servers, name)
        publisher = Publisher(writer.settings)
        starts = _ends(writer)
        meter = _Meter(servers)
        for start in range(0, events, CHUNK):
            _write(writer, min(CHUNK, events - start))
            with meter:
                while rows := relay.pending(writer.database, [programmes]):
                    relay.publish(writer.database, publisher, rows)
            if start and start % TOLD_AFTER == 0:
                print(f"  {time.strftime('%H:%M:%S')} {start} of {events} relayed", flush=True)
        with meter:
            applied = _follow(reader, starts, _ends(writer))
        if applied != events:
            raise RuntimeError(f"{applied} of {events} took effect: the times would say nothing")
    gc.collect()
    return {
        "events": events,
        "seconds": round(meter.seconds, 2),
        "processor_seconds": round(meter.processor, 2),
        "database_processor_seconds": round(meter.database, 2),
        "memory_mb": round(_memory(), 1),
    }


class _Meter:
    """Adds up what passes inside it: time, and processor time of this process and the database."""

    def __init__(self, servers: Servers) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(servers.mongo)
        self.seconds = self.processor = self.database = 0.0

    def __enter__(self) -> None:
        self._began = self._now()

    def __exit__(self, *_: object) -> None:
        at, used, database = (b - a for a, b in zip(self._began, self._now(), strict=True))
        self.seconds += at
        self.processor += used
        self.database += database

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), processor_seconds(self._client)


def _write(context: Context, events: int) -> None:
    act = context.act()
    for start in range(0, events, 1000):
        rows = [
            New(fresh_id(), Programme(), [published(1)]) for _ in range(min(1000, events - start))
        ]
        programmes.create_many(act, rows)


def _ends(context: Context) -> dict[Place, int]:
    admin = Admin(context.settings)
    _, parts = admin.described([TOPIC])[TOPIC]
    found: dict[Place, int] = admin.ends([(TOPIC, part) for part in range(parts)])
    admin.close()
    return found


def _follow(context: Context, starts: dict[Place, int], ends: dict[Place, int]) -> int:
    """Bring to effect what lies between; how many messages that were."""
    follower = roles.projector(context, victim.service())
    follower._prepare()
    for (topic, part), offset in starts.items():
        wanted = {"group": follower.group, "topic": topic, "partition": part}
        context.database["offsets"].update_one(wanted, {"$set": {"next": offset}})
    follower._places = dict(starts)
    number = 0
    for records in scan(context.settings, starts, ends):
        for start in range(0, len(records), BATCH):
            follower.apply(records[start : start + BATCH])
        number += len(records)
    return number


def _memory() -> float:
    """What this process holds now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


def _together(servers: Servers, events: int) -> dict[str, Any]:
    """The same log read by one consumer and by several at once."""
    with fresh_database(servers) as name:
        writer = context_of(producer(), servers, name)
        starts = _ends(writer)
        publisher = Publisher(writer.settings)
        for start in range(0, events, CHUNK):
            _write(writer, min(CHUNK, events - start))
            while rows := relay.pending(writer.database, [programmes]):
                relay.publish(writer.database, publisher, rows)
        ends = _ends(writer)
    rows = [_read(servers, starts, ends, count) for count in CONSUMERS]
    costs = [row["processor_us_per_event"] for row in rows]
    return {
        "row": "scale: consumers, each with a log of its own",
        "events": events,
        "consumers": rows,
        "about_their_middle": round((max(costs) - min(costs)) / (max(costs) + min(costs)), 3),
        "bar": 0.15,
    }


def _read(
    servers: Servers, starts: dict[Place, int], ends: dict[Place, int], count: int
) -> dict[str, Any]:
    """So many consumers at once, each reading all of the log into a database of its own."""
    with fresh_database(servers) as name:
        several = multiprocessing.get_context("spawn")
        began = time.perf_counter()
        with several.Pool(count) as pool:
            calls = [(servers, f"{name}_{number}", starts, ends) for number in range(count)]
            found = pool.starmap(_consume, calls, chunksize=1)
    number = sum(one[0] for one in found)
    return {
        "consumers": count,
        "events": number,
        "seconds": round(time.perf_counter() - began, 2),
        "processor_us_per_event": round(sum(one[1] for one in found) / number * 1e6, 1),
    }


def _consume(
    servers: Servers, name: str, starts: dict[Place, int], ends: dict[Place, int]
) -> tuple[int, float]:
    """In a process of its own: messages read, and processor seconds that took."""
    logs.configure("bench", "bench", "error")
    context = context_of(victim.service(), servers, name)
    used = time.process_time()
    number = _follow(context, starts, ends)
    return number, time.process_time() - used
