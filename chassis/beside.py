"""Aggregates brought along with the document that names them, by the same question.

A command that asks for one thing after the other spends its time on the way to the database. What
is brought along is as fresh as what it comes with, and its state is read once for each version.
"""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from chassis.act import Act
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
        (one,) = found
        key = (act.database.name, one["_id"], one["version"], one["changed"])
        state = self._read.get(key)
        if state is None:
            if len(self._read) >= MOST_READ:
                self._read.clear()
            state = self._read[key] = self._aggregates.stored(one).state
        return state
