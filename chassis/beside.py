"""Aggregates brought along with the document that names them, by the same question.

A command that asks for one thing after the other spends its time on the way to the database. What
is brought along is as fresh as what it comes with, and its state is read once for each version.
"""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from chassis.act import Act, collection
from chassis.documents import Aggregates
from chassis.errors import NotFound
from chassis.scope import within

T = TypeVar("T", bound=BaseModel)

MOST_READ = 200


class Beside(Generic[T]):
    """One kind of aggregate, and the field by which others name it."""

    def __init__(self, aggregates: Aggregates[T], field: str) -> None:
        self._aggregates = aggregates
        self._field = field
        self._read: dict[tuple[Any, ...], T] = {}

    def stage(self, act: Act) -> dict[str, Any]:
        """The stage of an aggregation that brings it along, if it is within the act's scope."""
        return {
            "$lookup": {
                "from": self._aggregates.name,
                "localField": self._field,
                "foreignField": "_id",
                "pipeline": [{"$match": within(act.scope, {})}],
                "as": f"beside_{self._aggregates.name}",
            }
        }

    def state(self, act: Act, row: Mapping[str, Any]) -> T:
        """The state that a document brought along. Raises NotFound if it brought none."""
        found = row[f"beside_{self._aggregates.name}"]
        if not found:
            raise NotFound()
        return self._state(act, found[0])

    def where(self, act: Act, wanted: Mapping[str, Any]) -> list[tuple[dict[str, Any], T]]:
        """The documents within the act's scope that match, by id, each with its state."""
        rows = collection(act, self._aggregates.name).find(
            within(act.scope, dict(wanted)), session=act.session
        )
        return [(row, self._state(act, row)) for row in rows.sort("_id", 1)]

    def _state(self, act: Act, one: Mapping[str, Any]) -> T:
        key = (act.database.name, one["_id"], one["version"], one["changed"])
        state = self._read.get(key)
        if state is None:
            if len(self._read) >= MOST_READ:
                self._read.clear()
            state = self._read[key] = self._aggregates.stored(one).state
        return state
