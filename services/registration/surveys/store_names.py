"""Groups by what they are called: asked in the database, of which only names come back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.act import Act, collection
from chassis.scope import within
from services.registration.surveys import store

NAMES = {
    "state.campaign": 1,
    "state.school": 1,
    **{f"state.draft.groups.{name}": 1 for name in ("class_name", "grade", "people")},
}


@dataclass(frozen=True, slots=True)
class Named:
    """A group that has a name, with its school and campaign."""

    campaign: str
    school: str
    class_name: str
    grade: int | None
    people: int | None


def called(act: Act, pattern: str, most: int) -> list[Named]:
    """The named groups of surveys in which a group's name fits a pattern, newest surveys first."""
    fits = {"$regex": pattern, "$options": "i"}
    return list(_groups(act, {"state.draft.groups.class_name": fits}, most))


def of_schools(act: Act, schools: Sequence[str], most: int) -> list[Named]:
    """The named groups of some schools' surveys, newest surveys first."""
    return list(_groups(act, {"state.school": {"$in": list(schools)}}, most))


def _groups(act: Act, wanted: dict[str, Any], most: int) -> Iterator[Named]:
    rows = (
        collection(act, store.surveys.name)
        .find(within(act.scope, wanted), NAMES, session=act.session)
        .sort([("created", -1), ("_id", -1)])
        .limit(most)
    )
    for row in rows:
        state = row["state"]
        for group in state["draft"]["groups"]:
            if group["class_name"]:
                yield Named(state["campaign"], state["school"], **group)
