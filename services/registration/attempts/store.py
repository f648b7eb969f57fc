"""Counters of failed attempts. A counter says nothing about a person and ends with its window."""

from datetime import datetime

from pymongo import IndexModel

from chassis.act import Act, collection
from chassis.clock import shift

ATTEMPTS = "attempts"
INDEXES = {ATTEMPTS: [IndexModel("ends", expireAfterSeconds=0)]}


def failures(act: Act, names: list[str]) -> dict[str, int]:
    """How often each counter was raised in its window.

    No scope: failed attempts are counted before anyone has signed in.
    """
    rows = collection(act, ATTEMPTS).find({"_id": {"$in": names}}, session=act.session)
    return {str(row["_id"]): int(row["count"]) for row in rows}


def count(act: Act, name: str, ends: datetime) -> None:
    """Raise a counter by one. The database drops it by its own, unshifted clock."""
    collection(act, ATTEMPTS).update_one(
        {"_id": name}, {"$inc": {"count": 1}, "$setOnInsert": {"ends": ends - shift()}}, upsert=True
    )


def forget(act: Act, name: str) -> None:
    """Drop a counter after a success."""
    collection(act, ATTEMPTS).delete_one({"_id": name})
