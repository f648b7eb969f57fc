"""A school's surveys in several campaigns at once: two questions for any number of campaigns."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.act import Act, collection
from chassis.beside import Beside
from chassis.scope import within
from services.registration.surveys import store
from services.registration.surveys.model import Survey, survey_id

_beside = Beside(store.surveys, "state.survey")


@dataclass(frozen=True, slots=True)
class Kept:
    """A survey as it was saved last, and when."""

    id: str
    state: Survey
    changed: datetime


def own(act: Act, school: str, campaigns: Iterable[str]) -> dict[str, Kept]:
    """What the school has begun, by campaign."""
    ids = sorted(survey_id(campaign, school) for campaign in campaigns)
    found = _beside.where(act, {"_id": {"$in": ids}})
    return {state.campaign: Kept(row["_id"], state, row["changed"]) for row, state in found}


def told(act: Act, school: str, campaigns: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """What siblings told about the school's groups, by campaign, oldest first."""
    wanted = {"school": school, "campaign": {"$in": sorted(campaigns)}, "applicant": None}
    rows = collection(act, store.TIMELINES).find(within(act.scope, wanted), session=act.session)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.sort([("at", 1), ("_id", 1)]):
        if len(found[row["campaign"]]) < store.MOST_ENTRIES:
            found[row["campaign"]].append(row)
    return found
