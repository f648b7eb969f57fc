"""How often the holders of links have answered wrongly when asked what only they should know."""

from datetime import datetime

from pymongo import IndexModel, ReturnDocument

from chassis.act import Act, collection
from chassis.clock import shift

TRIES = "link_tries"
INDEXES = {TRIES: [IndexModel("ends", expireAfterSeconds=0)]}


def tried(act: Act, name: str, ends: datetime) -> int:
    """Count one more try before it is looked at, so that many at once cannot all pass.

    No scope: whoever tries has not shown yet who it is. The database drops the counter by its
    own, unshifted clock.
    """
    found = collection(act, TRIES).find_one_and_update(
        {"_id": name},
        {"$inc": {"count": 1}, "$setOnInsert": {"ends": ends - shift()}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
        session=act.session,
    )
    return 0 if found is None else int(found["count"])


def forget(act: Act, name: str) -> None:
    """Drop the counter after a right answer."""
    collection(act, TRIES).delete_one({"_id": name}, session=act.session)
