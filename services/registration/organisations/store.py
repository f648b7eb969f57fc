"""Organisations in MongoDB, and the reservation of what makes each of them unique."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page, Stored
from chassis.scope import within
from chassis.together import Question
from services.registration.organisations.model import Kind, Organisation, Relation

KEYS = "organisation_keys"
"""One document per key of an organisation; its `_id` is the key, so that no two can hold it."""


def _owners(state: Organisation) -> Owners:
    return Owners(centre=state.registrar, public=True)


organisations: Aggregates[Organisation] = Aggregates(
    "organisations",
    "registration.organisations",
    Organisation,
    _owners,
    indexes=[
        [("state.ties.other", 1)],
        [("state.kinds", 1), ("_id", 1)],
        [("state.parent", 1)],
    ],
)


def holder(act: Act, keys: Sequence[str], besides: str) -> str | None:
    """The other organisation that holds one of the keys, if any.

    No scope: an organisation exists once over all centres, and its keys are public data.
    """
    found = collection(act, KEYS).find_one(
        {"_id": {"$in": list(keys)}, "organisation": {"$ne": besides}}, session=act.session
    )
    return str(found["organisation"]) if found else None


def reserve(act: Act, organisation: str, keys: Sequence[str]) -> None:
    """Hold exactly these keys for an organisation, inside the act's transaction.

    Two acts that want one key at once conflict in the database; the driver runs the loser
    again, and it then finds the holder.
    """
    kept = collection(act, KEYS)
    kept.delete_many(
        {"organisation": organisation, "_id": {"$nin": list(keys)}}, session=act.session
    )
    for key in keys:
        kept.update_one(
            {"_id": key},
            {"$setOnInsert": {"organisation": organisation}},
            upsert=True,
            session=act.session,
        )


def holding(act: Act, other: str) -> list[Stored[Organisation]]:
    """The centres that have a tie to an organisation, whether it holds today or not."""
    return list(organisations.each(act, {"state.ties.other": other}))


def parts_of(act: Act, parent: str) -> list[Stored[Organisation]]:
    """The departments of an organisation."""
    return list(organisations.each(act, {"state.parent": parent}))


def page(
    act: Act, ids: Sequence[str] | None, kind: Kind | None, limit: int, after: str | None
) -> Page[Organisation]:
    """A page of organisations: of a list of ids, of a kind, or of both."""
    wanted: dict[str, Any] = {}
    if ids is not None:
        wanted["_id"] = {"$in": list(ids)}
    if kind is not None:
        wanted["state.kinds"] = kind.value
    return organisations.find(act, wanted, limit=limit, after=after)


def several(act: Act, ids: Iterable[str]) -> dict[str, Organisation]:
    """Organisations by id."""
    return {
        row.id: row.state for row in organisations.each(act, {"_id": {"$in": sorted(set(ids))}})
    }


def names(act: Act, ids: Iterable[str]) -> Question:
    """The names of organisations, and nothing else of them."""
    wanted = {"$match": within(act.scope, {"_id": {"$in": sorted(set(ids))}})}
    return Question(organisations.name, [wanted, {"$project": {"name": "$state.name"}}])


NAMED = "named"
"""Where a document brings an organisation along."""


def naming(act: Act) -> dict[str, Any]:
    """The stage by which documents bring the name of the organisation along whose id is theirs."""
    return {
        "$lookup": {
            "from": organisations.name,
            "localField": "_id",
            "foreignField": "_id",
            "pipeline": [{"$match": within(act.scope, {})}, {"$project": {"name": "$state.name"}}],
            "as": NAMED,
        }
    }


def serving(act: Act, other: str, further: Sequence[dict[str, Any]]) -> Question:
    """The versions of the centres that have a tie to an organisation, and what is beside them."""
    wanted = {"$match": within(act.scope, {"state.ties.other": other})}
    brought = {one["$lookup"]["as"]: 1 for one in further}
    return Question(
        organisations.name,
        [wanted, *further, {"$project": {"version": 1, "changed": 1, **brought}}],
    )


def matching(
    act: Act, centre: str, relations: Sequence[Relation], on: date, pattern: str, most: int
) -> list[tuple[Relation, str, str]]:
    """Relation, id and name of what a centre looks after on a day and whose name fits a pattern.

    Of each relation at most so many: those that fit earliest in their name come first. The ids of
    the relations never leave the database, so that a centre may have tens of thousands.
    """
    fits = {"$regex": pattern, "$options": "i"}
    among = [
        {"$match": within(act.scope, {"state.name": fits})},
        {
            "$project": {
                "name": "$state.name",
                "place": {
                    "$getField": {
                        "field": "idx",
                        "input": {
                            "$regexFind": {
                                "input": "$state.name",
                                "regex": pattern,
                                "options": "i",
                            }
                        },
                    }
                },
            }
        },
        {"$sort": {"place": 1, "name": 1, "_id": 1}},
        {"$limit": most},
    ]
    stages: list[dict[str, Any]] = [
        {"$match": within(act.scope, {"_id": centre})},
        {"$project": {one.value: _tied(one, on.isoformat()) for one in relations}},
    ]
    for one in relations:
        stages.append(
            {
                "$lookup": {
                    "from": organisations.name,
                    "localField": one.value,
                    "foreignField": "_id",
                    "pipeline": among,
                    "as": one.value,
                }
            }
        )
    rows = collection(act, organisations.name).aggregate(stages, session=act.session)
    return [
        (one, hit["_id"], hit["name"])
        for row in rows
        for one in relations
        for hit in row[one.value]
    ]


def _tied(relation: Relation, day: str) -> dict[str, Any]:
    """The other organisations of a relation that holds on a day, inside an aggregation."""
    holds = [
        {"$eq": ["$$tie.relation", relation.value]},
        {"$lte": ["$$tie.since", day]},
        {"$gte": [{"$ifNull": ["$$tie.until", day]}, day]},
    ]
    ties = {"input": "$state.ties", "as": "tie", "cond": {"$and": holds}}
    return {"$map": {"input": {"$filter": ties}, "as": "tie", "in": "$$tie.other"}}
