"""What changed, from which value to which, so that every earlier state can be shown again.

Places are JSON pointers in which a group is named by its id rather than by its position, since
positions shift. `replayed` is the proof that nothing is lost: it builds the answers from changes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.registration.surveys.answers import Answers, Group

Deed = Literal["drafted", "submitted", "amended", "withdrawn", "admitted"]


class Change(BaseModel):
    """One value before and after. None stands for "was not there"."""

    model_config = ConfigDict(frozen=True)

    pointer: str
    before: Any = None
    after: Any = None


class Entry(BaseModel):
    """Who did what, when; `codes` holds what else has to be known, as codes and ids."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    by: str
    deed: Deed
    changes: tuple[Change, ...] = ()
    codes: dict[str, str] = {}


def _flat(answers: Answers, only: Mapping[str, set[str]] | None = None) -> dict[str, Any]:
    """Every value by its pointer; of the groups in `only` the fields that are named there."""
    found: dict[str, Any] = {
        "/remarks": answers.remarks,
        "/groups": [group.id for group in answers.groups],
    }
    for group in answers.groups:
        named = only.get(group.id) if only else None
        values = group.model_dump(mode="json", by_alias=True, include=named)
        for name, value in values.items():
            if name != "id":
                found[f"/groups/{group.id}/{name}"] = value
    return found


def changes(before: Answers, after: Answers) -> tuple[Change, ...]:
    """Every value that differs, in the order of the pointers."""
    earlier, later = ({group.id: group for group in one.groups} for one in (before, after))
    differing = {
        id: {
            name for name in Group.model_fields if getattr(earlier[id], name) != getattr(one, name)
        }
        for id, one in later.items()
        if id in earlier
    }
    old, new = _flat(before, differing), _flat(after, differing)
    return tuple(
        Change(pointer=pointer, before=old.get(pointer), after=new.get(pointer))
        for pointer in sorted(old.keys() | new.keys())
        if pointer not in old or pointer not in new or old[pointer] != new[pointer]
    )


def replayed(entries: Iterable[Entry]) -> Answers:
    """The answers after these entries, built from nothing but the changes."""
    values = _flat(Answers())
    for entry in entries:
        for change in entry.changes:
            values[change.pointer] = change.after
    groups = []
    for id in values["/groups"]:
        prefix = f"/groups/{id}/"
        group = {
            pointer.removeprefix(prefix): value
            for pointer, value in values.items()
            if pointer.startswith(prefix)
        }
        groups.append({"id": id, **group})
    return Answers.model_validate({"groups": groups, "remarks": values["/remarks"]})


def drafted(
    entries: tuple[Entry, ...], before: Answers, after: Answers, at: datetime, by: str
) -> tuple[Entry, ...]:
    """The history with a draft edit added.

    Autosaves of one person in a row become one entry, with the value before the first and after
    the last: a page saves every second, and nobody wants to read that.
    """
    if entries and entries[-1].deed == "drafted" and entries[-1].by == by:
        entries, before = entries[:-1], replayed(entries[:-1])
    made = changes(before, after)
    if not made:
        return entries
    return (*entries, Entry(at=at, by=by, deed="drafted", changes=made))
