"""Every query on surveys and on the timelines that placement and notifications extend."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pymongo import ReplaceOne

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page, Stored
from chassis.events.envelope import Received
from chassis.events.handlers import Write
from chassis.scope import within
from services.registration.surveys.model import COUNTS, Status, Survey


def _owners(survey: Survey) -> Owners:
    return Owners(centre=survey.centre, parties=(survey.school,))


surveys = Aggregates(
    "surveys",
    "registration.surveys",
    Survey,
    _owners,
    indexes=[
        [("state.campaign", 1), ("_id", 1)],
        [("centre", 1), ("created", -1), ("_id", -1)],
        [("centre", 1), ("state.school", 1), ("created", -1)],
    ],
)

TIMELINES = "timelines"
TIMELINE_INDEXES = [
    [("school", 1), ("campaign", 1), ("applicant", 1), ("at", 1)],
    [("centre", 1), ("campaign", 1), ("at", 1)],
]
MOST_ENTRIES = 500

PLACE_OF = ("centre", "campaign", "school", "group", "applicant")
"""What says whose an entry is; the rest of an event's data are its codes."""


RELEASED = "released"
"""The campaigns whose first release is over, as placement tells."""


def released(event: Received) -> list[Write]:
    """From now on a school leaves a campaign by its placements."""
    row = {
        "_id": event.data["campaign"],
        "centre": event.data["centre"],
        "parties": [],
        "public": True,
        "at": event.data["at"],
    }
    return [(RELEASED, ReplaceOne({"_id": row["_id"]}, row, upsert=True))]


def is_released(act: Act, campaign: str) -> bool:
    """Whether placement has told anybody of the campaign's result."""
    found = collection(act, RELEASED).find_one(
        within(act.scope, {"_id": campaign}), {"_id": 1}, session=act.session
    )
    return found is not None


def page(
    act: Act,
    campaign: str | None,
    status: Status | None,
    late: bool | None,
    limit: int,
    after: str | None,
) -> Page[Survey]:
    """Surveys in scope. A centre sees that a school has begun a draft; so may it telephone."""
    wanted: dict[str, Any] = {}
    if campaign is not None:
        wanted["state.campaign"] = campaign
    if status is not None:
        wanted["state.status"] = status.value
    if late is not None:
        wanted["state.late"] = late
    return surveys.find(act, wanted, limit=limit, after=after)


def published(act: Act, campaign: str) -> Iterator[tuple[str, int, int]]:
    """Id, sequence and version of the needs of each survey that has told anything."""
    rows = collection(act, surveys.name).find(
        within(act.scope, {"state.campaign": campaign, "sequence": {"$gt": 0}}),
        {"sequence": 1, "state.needs_version": 1},
        session=act.session,
    )
    for row in rows:
        yield row["_id"], row["sequence"], row["state"]["needs_version"]


def statuses(act: Act, campaign: str) -> dict[str, str]:
    """The status of each survey by school."""
    rows = collection(act, surveys.name).find(
        within(act.scope, {"state.campaign": campaign}),
        {"state.school": 1, "state.status": 1},
        session=act.session,
    )
    return {row["state"]["school"]: row["state"]["status"] for row in rows}


def count_of(act: Act, school: str) -> int:
    """How many surveys of a school within scope are not taken back."""
    wanted = {"state.school": school, "state.status": {"$ne": Status.WITHDRAWN.value}}
    return surveys.count(act, wanted)


def latest(act: Act, school: str, besides: str) -> Stored[Survey] | None:
    """What a school submitted last in any other campaign."""
    wanted = {
        "state.school": school,
        "state.campaign": {"$ne": besides},
        "state.status": {"$in": [one.value for one in COUNTS]},
    }
    row = collection(act, surveys.name).find_one(
        within(act.scope, wanted), sort=[("state.submitted_at", -1)], session=act.session
    )
    return None if row is None else surveys.stored(row)


def timeline(
    act: Act, school: str, campaign: str, applicant: str | None = None
) -> list[dict[str, Any]]:
    """What siblings told about this school in this campaign, oldest first.

    Entries of single applicants are apart from those of groups and of the whole school.
    """
    wanted = {"school": school, "campaign": campaign, "applicant": applicant}
    rows = (
        collection(act, TIMELINES)
        .find(within(act.scope, wanted), session=act.session)
        .sort([("at", 1), ("_id", 1)])
        .limit(MOST_ENTRIES)
    )
    return list(rows)


def standing(act: Act, campaigns: Sequence[str]) -> dict[str, Counter[str]]:
    """By campaign: what was told last of how many bookings and placements."""
    last = collection(act, TIMELINES).aggregate(
        [
            {
                "$match": within(
                    act.scope,
                    {
                        "campaign": {"$in": list(campaigns)},
                        "what": {"$regex": "^(booking|placement|attendance)[.]"},
                    },
                )
            },
            {"$sort": {"at": 1, "_id": 1}},
            {
                "$group": {
                    "_id": {"campaign": "$campaign", "subject": "$subject"},
                    "what": {"$last": "$what"},
                }
            },
            {"$group": {"_id": {"campaign": "$_id.campaign", "what": "$what"}, "n": {"$sum": 1}}},
        ],
        session=act.session,
    )
    found: dict[str, Counter[str]] = {}
    for row in last:
        found.setdefault(row["_id"]["campaign"], Counter())[row["_id"]["what"]] = row["n"]
    return found


def told(event: Received) -> list[Write]:
    """One entry of a school's timeline for an event of a sibling.

    A message belongs to the organisation that received it; what concerns no school or no
    campaign makes no entry.
    """
    data = event.data
    school = data.get("school") or data.get("organisation")
    if school is None or data.get("campaign") is None:
        return []
    entry = {
        "_id": event.id,
        "centre": data.get("centre"),
        "parties": [school],
        "school": school,
        "campaign": data["campaign"],
        "group": data.get("group"),
        "applicant": data.get("applicant"),
        "at": event.at,
        "what": event.type,
        "by": event.actor,
        "subject": event.key,
        "codes": {name: value for name, value in data.items() if name not in PLACE_OF},
    }
    return [(TIMELINES, ReplaceOne({"_id": event.id}, entry, upsert=True))]
