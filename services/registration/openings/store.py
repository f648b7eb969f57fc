"""What hosts offer, as far as the survey shows it: days and seats by field."""

from typing import Any

from pymongo import DeleteOne, ReplaceOne

from chassis.act import Act, collection
from chassis.events.envelope import Received
from chassis.events.handlers import Write
from chassis.scope import within

OFFERED = "offered"
INDEXES = [[("centre", 1), ("campaign", 1)], [("parties", 1)]]


def offered(event: Received) -> list[Write]:
    """The offer as it stands now. Offers are public: every school may see what there is."""
    data = event.data
    document = {
        "_id": event.key,
        "centre": data["centre"],
        "parties": [data["host"]],
        "public": True,
        "campaign": data["campaign"],
        "field": data["field"],
        "kind": data["kind"],
        "sessions": [
            {"start": one["start"], "seats": one["maximum"]}
            for one in data["sessions"]
            if one["status"] == "open"
        ],
    }
    return [(OFFERED, ReplaceOne({"_id": event.key}, document, upsert=True))]


def withdrawn(event: Received) -> list[Write]:
    """The offer is no longer there."""
    return [(OFFERED, DeleteOne({"_id": event.key}))]


def for_campaign(act: Act, centre: str, campaign: str) -> list[dict[str, Any]]:
    """The offers to a campaign, and those that a centre's campaigns all may use."""
    wanted = {"centre": centre, "campaign": {"$in": [campaign, None]}}
    return list(collection(act, OFFERED).find(within(act.scope, wanted), session=act.session))


def count_of(act: Act, host: str) -> int:
    """How many published offers of a host are within scope."""
    wanted = within(act.scope, {"parties": host})
    return collection(act, OFFERED).count_documents(wanted, session=act.session)
