"""The role `timers`: when an aggregate's due time has come, call the operation.

A timer is only a reminder: the operation checks version and state itself, and a deadline is
enforced in the command, whether or not a timer has fired. The clock is the database's.
"""

import time
from datetime import datetime
from typing import Any

from bson.codec_options import CodecOptions

from chassis import metrics
from chassis.clock import shift
from chassis.context import Context
from chassis.errors import Conflict, Problem
from chassis.events.handlers import Timer
from chassis.leases import Lease, stable_name
from chassis.logs import logger
from chassis.service import Service

LEASE_SECONDS = 10.0
EVERY_SECONDS = 0.25
AGAIN_SECONDS = 30.0
BATCH = 100


def run(context: Context, service: Service) -> None:
    """Call what is due while holding the lease."""
    owner = stable_name(context.settings.replica, "timers")
    lease = Lease(context.database, "timers", owner, LEASE_SECONDS)
    rested: dict[tuple[str, str], float] = {}
    while not context.stopping():
        context.beat()
        if not lease.take():
            context.wait(1)
            continue
        if not call_due(context, service, rested):
            context.wait(EVERY_SECONDS)
    lease.leave()


def call_due(context: Context, service: Service, rested: dict[tuple[str, str], float]) -> int:
    """Call what is due now, at most a batch of each kind. Returns how many were called.

    `rested` holds when a due time that failed may be tried again, so that one that cannot be done
    does not keep the others from being done.
    """
    aware: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
    told = context.database.command("hello", codec_options=aware)
    present: datetime = told["localTime"] + shift()
    called = 0
    names: dict[str, dict[str, Timer]] = {}
    for timer in service.timers.all.values():
        names.setdefault(timer.aggregates.name, {})[timer.name] = timer
    for collection, timers in names.items():
        rows = context.database[collection].find({"due.at": {"$lte": present}}, {"due": 1})
        for row in rows.limit(BATCH):
            for due in row["due"]:
                if due["at"] > present or due["name"] not in timers:
                    continue
                key = (row["_id"], due["name"])
                if rested.get(key, 0.0) > time.monotonic():
                    continue
                if _call(context, timers[due["name"]], row["_id"], due):
                    rested.pop(key, None)
                else:
                    rested[key] = time.monotonic() + AGAIN_SECONDS
                called += 1
                context.beat()
    return called


def _call(context: Context, timer: Timer, id: str, due: dict[str, Any]) -> bool:
    """Call one due time and forget it. False if it has to be tried again."""
    act = context.act(seed=f"{id}|{due['name']}|{due['at'].isoformat()}")
    try:
        timer.call(act, id)
    except Conflict:
        return False
    except Problem as problem:
        # The state has moved on and the rule says no: the reminder has lost its point.
        logger().info("timer_moot", aggregate=id, name=due["name"], code=problem.code)
    except Exception as error:  # noqa: BLE001 - one aggregate must not stop the others' time
        logger().error("timer_failed", aggregate=id, name=due["name"], exc_info=error)
        return False
    context.database[timer.aggregates.name].update_one(
        {"_id": id}, {"$pull": {"due": {"name": due["name"], "at": due["at"]}}}
    )
    metrics.TIMERS.labels(context.settings.service, due["name"]).inc()
    return True
