"""A school's surveys in all campaigns at a glance: how each stands, and each group last.

Both are questions to be asked together with others (`chassis.together`). What the database can
leave out it leaves out: a page that opens each day must not carry every wish and every step.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.act import Act, collection
from chassis.scope import within
from chassis.together import Question
from services.registration.surveys import store
from services.registration.surveys.answers import Answers
from services.registration.surveys.model import COUNTS, Status

ATTENDED, CONDITION = "attendance.recorded", "booking.conditioned"
IN_PASSING = ("placement.resized", "placement.corrected", "placement.conditioned")
"""These tell of a change within a state: what the group waits for stays what it was."""

ENDED = (
    ATTENDED,
    "placement.cancelled",
    "placement.expired",
    "placement.not_selected",
    "placement.postponed",
    "placement.withdrawn",
)
"""After these nothing of the group is shown, so that their words stay where they are."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A survey as it was saved last. `draft` is there where it is not what was submitted."""

    id: str
    counts: bool
    dirty: bool
    submitted_at: datetime | None
    changed: datetime
    draft: Answers | None
    names: dict[str, tuple[str, int]]
    """What each group is called, and its number."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was told last of one group; `decide_by` of each condition that a host has put."""

    group: str
    what: str
    subject: str
    codes: Mapping[str, Any]
    conditions: tuple[str, ...]


def own_question(act: Act, school: str) -> Question:
    """What the school has begun, in whichever campaign."""
    same = {"$eq": ["$state.draft", "$state.submitted"]}
    names = {
        "$map": {
            "input": {"$ifNull": ["$state.submitted.groups", "$state.draft.groups"]},
            "as": "one",
            "in": {"id": "$$one.id", "class_name": "$$one.class_name"},
        }
    }
    shown = {
        "campaign": "$state.campaign",
        "status": "$state.status",
        "submitted_at": "$state.submitted_at",
        "changed": 1,
        "dirty": {"$not": [same]},
        "draft": {"$cond": [same, None, "$state.draft"]},
        "names": names,
    }
    wanted = {"$match": within(act.scope, {"state.school": school})}
    return Question(store.surveys.name, [wanted, {"$project": shown}])


def own(answer: Iterable[Mapping[str, Any]]) -> dict[str, Kept]:
    """What the school has begun, by campaign."""
    return {
        row["campaign"]: Kept(
            id=row["_id"],
            counts=Status(row["status"]) in COUNTS,
            dirty=row["dirty"],
            submitted_at=row["submitted_at"],
            changed=row["changed"],
            draft=None if row["draft"] is None else Answers.model_validate(row["draft"]),
            names={
                one["id"]: (one["class_name"], number) for number, one in enumerate(row["names"], 1)
            },
        )
        for row in answer
    }


def told_question(act: Act, school: str) -> Question:
    """What siblings told last about each of the school's groups, in whichever campaign.

    Of bookings it asks only whether a host ever put a condition; `told` asks for the rest then.
    """
    wanted = {
        "school": school,
        "applicant": None,
        "group": {"$nin": [None, ""]},
        "what": {"$in": [ATTENDED, CONDITION, re.compile("^placement[.]")]},
    }
    passing = {"$in": ["$what", list(IN_PASSING)]}
    condition = {"$eq": ["$what", CONDITION]}
    step = {"at": "$at", "id": "$_id"}
    # The greatest step is the last one: documents are compared by their first fields first.
    last = {**step, "what": "$what", "subject": "$subject", "codes": "$codes"}
    grouped = {
        "_id": {"campaign": "$campaign", "group": "$group"},
        "last": {"$max": {"$cond": [{"$or": [condition, passing]}, None, last]}},
        "since": {"$push": {"$cond": [passing, {**step, "codes": "$codes"}, "$$REMOVE"]}},
        "conditions": {"$max": condition},
    }
    later = {"$filter": {"input": "$since", "cond": {"$gt": ["$$this.at", "$last.at"]}}}
    ended = {"$in": ["$last.what", list(ENDED)]}
    shown = {
        "last.what": 1,
        "last.subject": 1,
        "last.codes": {"$cond": [ended, {}, "$last.codes"]},
        "since": {"$cond": [ended, [], later]},
        "conditions": 1,
    }
    return Question(
        store.TIMELINES,
        [
            {"$match": within(act.scope, wanted)},
            {"$group": grouped},
            {"$match": {"last": {"$ne": None}}},
            {"$project": shown},
        ],
    )


def told(act: Act, school: str, answer: Iterable[Mapping[str, Any]]) -> dict[str, list[Standing]]:
    """How each group stands, by campaign."""
    rows = list(answer)
    asked = _asked(act, school, [row["_id"] for row in rows if row["conditions"]])
    found: dict[str, list[Standing]] = defaultdict(list)
    for row in rows:
        campaign, group = row["_id"]["campaign"], row["_id"]["group"]
        codes = dict(row["last"]["codes"])
        for since in sorted(row["since"], key=_step):
            codes |= since["codes"]
        found[campaign].append(
            Standing(
                group=group,
                what=row["last"]["what"],
                subject=row["last"]["subject"],
                codes=codes,
                conditions=_open_conditions(asked.get((campaign, group), ())),
            )
        )
    return found


def _asked(
    act: Act, school: str, places: Sequence[Mapping[str, str]]
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What was told of the bookings of some groups; nothing is asked where there are none."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    if not places:
        return found
    wanted = {
        "school": school,
        "applicant": None,
        "what": re.compile("^booking[.]"),
        "campaign": {"$in": sorted({one["campaign"] for one in places})},
        "group": {"$in": sorted({one["group"] for one in places})},
    }
    kept = ("campaign", "group", "at", "what", "subject", "codes.status", "codes.decide_by")
    for row in collection(act, store.TIMELINES).find(
        within(act.scope, wanted), dict.fromkeys(kept, 1), session=act.session
    ):
        found[row["campaign"], row["group"]].append(row)
    return found


def _open_conditions(asked: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Until when each condition may be taken or left that no later answer has ended."""
    open_: dict[str, Any] = {}
    for row in sorted(asked, key=lambda row: (row["at"], row["_id"])):
        if row["what"] == CONDITION:
            open_[row["subject"]] = row["codes"].get("decide_by")
        elif row["codes"].get("status") != "conditioned":
            open_.pop(row["subject"], None)
    return tuple(until for until in open_.values() if until)


def _step(row: Mapping[str, Any]) -> tuple[datetime, str]:
    return row["at"], row["id"]
