"""What messages need to know of others, as read models: relations, campaigns, answers, offers.

The writers are pure functions from an event to writes; `projections.py` binds them to the topics.
"""

from collections.abc import Iterable
from typing import Any

from pymongo import DeleteOne, ReplaceOne

from chassis.act import Act, collection
from chassis.events.envelope import Received
from chassis.events.handlers import Write
from chassis.scope import within

INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    "relations": [[("centre", 1), ("relation", 1)], [("other", 1)]],
    "campaigns": [],
    "answers": [[("campaign", 1), ("school", 1)]],
    "groups": [[("survey", 1)]],
    "offer_labels": [],
    "campaign_labels": [],
    "merged": [],
}


def relation_written(event: Received) -> list[Write]:
    """A centre and another organisation are related from now on, or not any more."""
    id = f"{event.key}:{event.data['relation']}:{event.data['other']}"
    if event.type == "organisation.relation_ended":
        return [("relations", DeleteOne({"_id": id}))]
    row = {
        "_id": id,
        "centre": event.key,
        "parties": [event.data["other"]],
        "relation": event.data["relation"],
        "other": event.data["other"],
        "from": event.data["from"],
        "until": event.data["until"],
    }
    return [("relations", ReplaceOne({"_id": id}, row, upsert=True))]


def merged_written(event: Received) -> list[Write]:
    """An entry that was double ended in another one."""
    row = {"_id": event.key, "centre": None, "parties": [], "into": event.data["into"]}
    return [("merged", ReplaceOne({"_id": event.key}, row, upsert=True))]


def campaign_written(event: Received) -> list[Write]:
    """The campaign as it stands after the event."""
    names = ("status", "opens_at", "deadline", "hosts_reply_by", "schools_confirm_by", "window")
    row = {
        "_id": event.key,
        "centre": event.data["centre"],
        "parties": [],
        **{name: event.data[name] for name in names},
    }
    return [("campaigns", ReplaceOne({"_id": event.key}, row, upsert=True))]


def answer_written(event: Received) -> list[Write]:
    """A school's survey and its groups. Groups of an earlier version stay: a placement made
    before may still name them."""
    owners = {"centre": event.data["centre"], "parties": [event.data["school"]]}
    row = {
        "_id": event.key,
        **owners,
        "campaign": event.data["campaign"],
        "school": event.data["school"],
        "standing": event.type != "survey.withdrawn",
    }
    writes: list[Write] = [("answers", ReplaceOne({"_id": event.key}, row, upsert=True))]
    for group in event.data.get("groups", []):
        known = {
            "_id": group["id"],
            **owners,
            "survey": event.key,
            "level": group["level"],
            "grade": group.get("grade"),
            "people": group["people"],
        }
        writes.append(("groups", ReplaceOne({"_id": group["id"]}, known, upsert=True)))
    return writes


def offer_label_written(event: Received) -> list[Write]:
    """What an offer is called and where it takes place."""
    names = ("title", "team_name", "place", "meeting_point", "telephone")
    row: dict[str, Any] = {"_id": event.key, "centre": None, "parties": []}
    row.update({name: event.data.get(name) for name in names})
    return [("offer_labels", ReplaceOne({"_id": event.key}, row, upsert=True))]


def campaign_label_written(event: Received) -> list[Write]:
    """What a campaign is called."""
    row = {"_id": event.key, "centre": None, "parties": [], "name": event.data["name"]}
    return [("campaign_labels", ReplaceOne({"_id": event.key}, row, upsert=True))]


def by_id(act: Act, name: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Rows of a read model by their id."""
    wanted = within(act.scope, {"_id": {"$in": sorted(set(ids))}})
    return {row["_id"]: row for row in collection(act, name).find(wanted, session=act.session)}


def schools_of(act: Act, centre: str) -> list[str]:
    """The schools that a centre serves."""
    wanted = within(act.scope, {"centre": centre, "relation": "centre_school"})
    rows = collection(act, "relations").find(wanted, session=act.session)
    return sorted({row["other"] for row in rows})


def centres_of(act: Act, organisation: str) -> list[str]:
    """The centres that an organisation is related to."""
    wanted = within(act.scope, {"other": organisation})
    rows = collection(act, "relations").find(wanted, session=act.session)
    return sorted({row["centre"] for row in rows})


def answered(act: Act, campaign: str) -> set[str]:
    """The schools whose survey of the campaign stands."""
    wanted = within(act.scope, {"campaign": campaign, "standing": True})
    rows = collection(act, "answers").find(wanted, session=act.session)
    return {row["school"] for row in rows}


def survivors(act: Act, ids: Iterable[str]) -> dict[str, str]:
    """Into which organisation each of these was merged; those that were not are left out."""
    return {id: row["into"] for id, row in by_id(act, "merged", ids).items()}
