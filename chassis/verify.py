"""Does a service hold what it promises? One sentence for each fault, for an operator and a monitor.

Everything is checked against the service's own record: numbers against the archive, outboxes
against the clock, read models against the log, the audit chain against its hashes and its signed
heads; and what a service adds of its own, such as the ledger of what was sent.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pymongo

from chassis import audit, heads
from chassis.act import Documents
from chassis.clock import now
from chassis.context import Context
from chassis.contracts import owned_by
from chassis.events.rebuild import NotCaughtUp, Rebuild
from chassis.facts import stamp
from chassis.service import Service

SECONDS = 600.0
"""How long one question to the database may take; the archive of years is read."""


def faults(context: Context, service: Service, age: float = 60.0) -> list[str]:
    """Every fault found. An event may wait `age` seconds in an outbox before it is one."""
    with pymongo.timeout(SECONDS):
        found = [
            *_holes(context.database, service),
            *_behind(context.database, service),
            *_waiting(context.database, service, age),
            *_chain(context),
            *(fault for check in service.checks for fault in check(context.database)),
        ]
    return [*found, *_read_models(context, service)]


def _holes(database: Documents, service: Service) -> Iterator[str]:
    """Numbers that were given but are not in the archive, per key of each own log."""
    logs = [topic.name for topic in owned_by(service.name) if topic.guard == "log"]
    stages: list[dict[str, Any]] = [
        {"$match": {"topic": {"$in": logs}}},
        {
            "$group": {
                "_id": {"topic": "$topic", "key": "$key"},
                "first": {"$min": "$sequence"},
                "last": {"$max": "$sequence"},
                "there": {"$sum": 1},
            }
        },
        {
            "$match": {
                "$expr": {"$or": [{"$ne": ["$first", 1]}, {"$ne": ["$last", "$there"]}]},
            }
        },
    ]
    for row in database["published"].aggregate(stages, allowDiskUse=True):
        place = row["_id"]
        yield (
            f"{place['topic']} {place['key']}: {row['there']} events are archived, "
            f"numbered {row['first']} to {row['last']}"
        )


def _behind(database: Documents, service: Service) -> Iterator[str]:
    """Aggregates whose last number is not the archive's last one plus what waits."""
    for one in service.aggregates:
        if one.topic not in {
            topic.name for topic in owned_by(service.name) if topic.guard == "log"
        }:
            continue
        stages: list[dict[str, Any]] = [
            {
                "$project": {
                    "sequence": 1,
                    "logged": {
                        "$filter": {
                            "input": "$outbox",
                            "as": "one",
                            "cond": {"$eq": ["$$one.topic", one.topic]},
                        }
                    },
                }
            },
            {
                "$lookup": {
                    "from": "published",
                    "localField": "_id",
                    "foreignField": "key",
                    "pipeline": [
                        {"$match": {"topic": one.topic}},
                        {"$group": {"_id": None, "last": {"$max": "$sequence"}}},
                    ],
                    "as": "archived",
                }
            },
        ]
        for row in database[one.name].aggregate(stages, allowDiskUse=True):
            archived = row["archived"][0]["last"] if row["archived"] else 0
            last = max([archived, *(entry["sequence"] for entry in row["logged"])])
            if last != row["sequence"]:
                yield (
                    f"{one.name} {row['_id']}: counts {row['sequence']} events, "
                    f"of which archive and outbox know {last}"
                )


def _waiting(database: Documents, service: Service, age: float) -> Iterator[str]:
    """What should have been published by now."""
    before = stamp(now() - timedelta(seconds=age))
    for one in service.aggregates:
        for row in database[one.name].find({"outbox.id": {"$exists": True}}, {"outbox": 1}):
            first = row["outbox"][0]
            if first.get("quarantined"):
                yield f"{one.name} {row['_id']}: {first['id']} was refused ({first.get('why')})"
            elif first["time"] < before:
                yield f"{one.name} {row['_id']}: {first['id']} waits since {first['time']}"


def _chain(context: Context) -> Iterator[str]:
    broken = audit.verify(context.database)
    if broken:
        yield f"audit chain: {broken}"
    for fault in heads.faults(context.database, context.keys):
        yield f"audit chain: {fault}"


def _read_models(context: Context, service: Service) -> Iterator[str]:
    """Read models that the log would make otherwise."""
    for projection in service.projections.all.values():
        if not projection.topics:
            continue
        try:
            done = Rebuild(context, service, projection).run(swap=False)
        except NotCaughtUp as error:
            yield f"read model {error}"
            continue
        if not done["equal"]:
            yield f"read model {projection.name}: differs from the log; `rebuild {projection.name}`"
