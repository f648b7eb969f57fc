"""The read models of organisations, relations and names, and every query on them.

What an organisation is (kinds, level, district) and what it is called are public facts. A
relation belongs to its centre and to the other party. A group's name belongs to nobody here but
the documents that name the group.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pymongo import UpdateOne

from chassis.act import Act, collection
from chassis.events.envelope import Received
from chassis.events.handlers import Write
from chassis.scope import within

ORGANISATIONS = "organisations"
RELATIONS = "relations"
LABELS = "labels"

INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    ORGANISATIONS: [[("parties", 1)]],
    RELATIONS: [[("centre", 1), ("relation", 1)], [("parties", 1), ("relation", 1)]],
    LABELS: [[("kind", 1)]],
}


def organisation_written(event: Received) -> list[Write]:
    """What an organisation is."""
    row = {**event.data, "centre": None, "parties": [event.key], "public": True}
    return [(ORGANISATIONS, UpdateOne({"_id": event.key}, {"$set": row}, upsert=True))]


def related(event: Received) -> list[Write]:
    """A relation of the centre that the event is about."""
    relation, other = event.data["relation"], event.data["other"]
    row = {
        "centre": event.key,
        "parties": [other],
        "public": False,
        "relation": relation,
        "other": other,
        "from": event.data["from"],
        "until": event.data["until"],
        "ended": False,
    }
    return [(RELATIONS, UpdateOne({"_id": _key(event)}, {"$set": row}, upsert=True))]


def relation_ended(event: Received) -> list[Write]:
    """The end of a relation; that it once held stays known."""
    return [(RELATIONS, UpdateOne({"_id": _key(event)}, {"$set": {"ended": True}}))]


def merged(event: Received) -> list[Write]:
    """An entry that was double: it ended in another one."""
    into = {"merged_into": event.data["into"]}
    return [(ORGANISATIONS, UpdateOne({"_id": event.key}, {"$set": into}))]


def label_written(event: Received) -> list[Write]:
    """What something is called. The topic carries the whole state, so it replaces."""
    row = {**event.data, "centre": None, "parties": [], "public": event.data["kind"] != "group"}
    return [(LABELS, UpdateOne({"_id": event.key}, {"$set": row}, upsert=True))]


def _key(event: Received) -> str:
    return f"{event.key}:{event.data['relation']}:{event.data['other']}"


def organisation(act: Act, id: str) -> dict[str, Any] | None:
    """What an organisation is, if it is within scope."""
    return collection(act, ORGANISATIONS).find_one(
        within(act.scope, {"_id": id}), session=act.session
    )


def organisations(act: Act, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Those of the organisations that are within scope, by id."""
    wanted = within(act.scope, {"_id": {"$in": sorted(set(ids))}})
    rows = collection(act, ORGANISATIONS).find(wanted, session=act.session)
    return {row["_id"]: row for row in rows}


def relations(act: Act, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The relations within scope that match, ended ones too."""
    rows = collection(act, RELATIONS).find(within(act.scope, dict(wanted)), session=act.session)
    return list(rows.sort("_id", 1))


def labels(act: Act, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The names within scope, by what they name."""
    wanted = within(act.scope, {"_id": {"$in": sorted(set(ids))}})
    return {row["_id"]: row for row in collection(act, LABELS).find(wanted, session=act.session)}
