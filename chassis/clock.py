"""The present moment, and the only way to another one.

Rehearsals and demonstrations are played in their own time: `IEUM_CLOCK_SHIFT` moves every clock
of the house by whole seconds, the database's among them. It is zero in service. Leases and
back-off measure durations, so they stay on the unshifted clock.
"""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from chassis.facts import in_ms


@cache
def shift() -> timedelta:
    """How far the house's time lies from the machine's."""
    return timedelta(seconds=int(os.environ.get("IEUM_CLOCK_SHIFT") or 0))


def now() -> datetime:
    """The present moment, aware UTC, cut to milliseconds."""
    return in_ms(datetime.now(UTC) + shift())


def database_now() -> Any:
    """The same moment as an expression on the database's own clock, for a write's filter."""
    milliseconds = int(shift().total_seconds() * 1000)
    return {"$add": ["$$NOW", milliseconds]} if milliseconds else "$$NOW"
