"""An offer's content of which a part cannot be read: so that all that is wrong is told at once.

Each field, and each session written by hand, is read alone. What cannot be read is replaced by
something against which no rule speaks; its own fault is told by whoever knows its shape.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from chassis.errors import FieldError
from services.placement.offers.content import Content, Recurring, Slot, faults

T = TypeVar("T", bound=BaseModel)
_ANY_SLOT = Slot(
    start=datetime(2024, 1, 1, 10, tzinfo=UTC), end=datetime(2024, 1, 1, 12, tzinfo=UTC)
)
_ANY_RULE = Recurring(
    weekdays=[1], begins="10:00", ends="12:00", first="2024-01-01", last="2024-01-02"
)
MOST = 200


def faults_in(sent: Mapping[str, Any], codes: dict[str, frozenset[str]]) -> list[FieldError]:
    """What the rules of an offer find in what can be read of it."""
    content, read = _content(sent, codes)
    return [one for one in faults(content, codes) if one.pointer.split("/")[1] in read]


def _content(
    sent: Mapping[str, Any], codes: dict[str, frozenset[str]]
) -> tuple[Content, frozenset[str]]:
    """The content with something in the place of what is missing, and what was read."""
    said: dict[str, Any] = {}
    for name, field in Content.model_fields.items():
        kind: Any = Annotated[field.annotation, field]
        with suppress(ValidationError, KeyError):
            said[name] = TypeAdapter(kind).validate_python(sent[name])
    for name, any_one in (("slots", _ANY_SLOT), ("recurring", _ANY_RULE)):
        if isinstance(sent.get(name), list):
            said[name] = [_one(value, any_one) for value in sent[name][:MOST]]
    read = frozenset(said)
    if said.get("team_name") or ("team" in sent and "team" not in said):
        # A team that is named has an id, and one that cannot be read is none the less a team.
        said["team"] = said.get("team") or "named"
    neutral = {
        "title": "",
        "field": min(codes["fields"]),
        "kind": min(codes["kinds"]),
        "place_code": "",
        "minimum": 0,
        "maximum": 10_000,
    }
    return Content.model_construct(**{**neutral, **said}), read


def _one(value: Any, otherwise: T) -> T:
    try:
        return type(otherwise).model_validate(value)
    except ValidationError:
        return otherwise
