"""A school's surveys in all campaigns at a glance: how each stands.

It is a question to be asked together with others (`chassis.together`). What the database can leave
out it leaves out: a page that opens each day must not carry every wish and every step.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.scope import within
from chassis.together import Question
from services.registration.surveys import store
from services.registration.surveys.answers import Answers
from services.registration.surveys.history import Deed
from services.registration.surveys.model import COUNTS, Status

COUNTED: tuple[Deed, ...] = ("submitted", "amended", "admitted")
"""By these deeds the draft becomes what counts; each later edit of it adds another."""

SUBMITTED = "submitted"
"""In the place of a draft: it is what was submitted."""


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


def own_question(act: Act, school: str) -> Question:
    """What the school has begun, in whichever campaign."""
    # Answers are long: they are compared only where the last deed does not say that draft and
    # submission are one.
    counted = {"$in": [{"$last": "$state.history.deed"}, list(COUNTED)]}
    same = {"$or": [counted, {"$eq": ["$state.draft", "$state.submitted"]}]}
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
        "draft": {"$cond": [same, SUBMITTED, "$state.draft"]},
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
            dirty=row["draft"] != SUBMITTED,
            submitted_at=row["submitted_at"],
            changed=row["changed"],
            draft=_draft(row["draft"]),
            names={
                one["id"]: (one["class_name"], number) for number, one in enumerate(row["names"], 1)
            },
        )
        for row in answer
    }


def _draft(found: Any) -> Answers | None:
    return None if found in (None, SUBMITTED) else Answers.model_validate(found)
