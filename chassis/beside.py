"""Aggregates brought along with the document that names them, by the same question.

A command that asks for one thing after the other spends its time on the way to the database. What
is brought along is as fresh as what it comes with: its version. Its state is read when that version
is new, and once for each version; a centre with its hundred schools need not travel with each
request of each of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from chassis.act import Act, collection
from chassis.documents import Aggregates
from chassis.errors import NotFound
from chassis.scope import Filter, within

T = TypeVar("T", bound=BaseModel)

MOST_READ = 200


class Beside(Generic[T]):
    """One kind of aggregate, and the field by which others name it."""

    def __init__(self, aggregates: Aggregates[T], field: str) -> None:
        self._aggregates = aggregates
        self._field = field
        self.name = f"beside_{aggregates.name}"
        self._read: dict[tuple[Any, ...], T] = {}

    def stage(
        self, *acts: Act, further: Sequence[dict[str, Any]] = (), field: str | None = None
    ) -> dict[str, Any]:
        """The stage of an aggregation that brings its version along, and what `further` brings.

        It comes if it is within the scope of one of the acts. `field` is where documents name it,
        if not in the usual place; it may name several.
        """
        return {
            "$lookup": {
                "from": self._aggregates.name,
                "localField": field or self._field,
                "foreignField": "_id",
                "pipeline": [{"$match": _seen(acts, {})}, *further, _head(further)],
                "as": self.name,
            }
        }

    def head(
        self, *acts: Act, id: str, further: Sequence[dict[str, Any]] = ()
    ) -> Mapping[str, Any]:
        """The same as a question of its own: a document to ask `state` of. Raises NotFound."""
        act, wanted = acts[0], {"$match": _seen(acts, {"_id": id})}
        rows = collection(act, self._aggregates.name).aggregate(
            [wanted, *further, _head(further)], session=act.session
        )
        return {self.name: list(rows)}

    def brought(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a document brought along, to ask others for their part. Raises NotFound."""
        found: list[Mapping[str, Any]] = row[self.name]
        if not found:
            raise NotFound()
        return found[0]

    def state(self, *acts: Act, row: Mapping[str, Any]) -> T:
        """The state that a document brought along. Raises NotFound if it brought none."""
        act, head = acts[0], self.brought(row)
        kept = self._read.get(_key(act, head))
        if kept is not None:
            return kept
        wanted = _seen(acts, {"_id": head["_id"]})
        found = collection(act, self._aggregates.name).find_one(wanted, session=act.session)
        if found is None:
            raise NotFound()
        return self._state(act, found)

    def several(self, act: Act, heads: Iterable[Mapping[str, Any]]) -> dict[str, T]:
        """The states, by id, of documents whose versions are known.

        What this process has not read yet, and is within the act's scope, comes by one question.
        """
        known = [(head["_id"], self._read.get(_key(act, head))) for head in heads]
        found = {id: state for id, state in known if state is not None}
        fresh = [id for id, state in known if state is None]
        if fresh:
            found |= {row["_id"]: state for row, state in self.where(act, {"_id": {"$in": fresh}})}
        return found

    def where(self, act: Act, wanted: Mapping[str, Any]) -> list[tuple[dict[str, Any], T]]:
        """The documents within the act's scope that match, by id, each with its state."""
        rows = collection(act, self._aggregates.name).find(
            within(act.scope, dict(wanted)), session=act.session
        )
        return [(row, self._state(act, row)) for row in rows.sort("_id", 1)]

    def _state(self, act: Act, one: Mapping[str, Any]) -> T:
        key = _key(act, one)
        state = self._read.get(key)
        if state is None:
            if len(self._read) >= MOST_READ:
                self._read.clear()
            state = self._read[key] = self._aggregates.stored(one).state
        return state


def _key(act: Act, one: Mapping[str, Any]) -> tuple[Any, ...]:
    return (act.database.name, one["_id"], one["version"], one["changed"])


def _head(further: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The stage that leaves a document's version and what was brought along with it."""
    brought = {one["$lookup"]["as"]: 1 for one in further}
    return {"$project": {"version": 1, "changed": 1, **brought}}


def _seen(acts: Sequence[Act], wanted: Filter) -> Filter:
    """The filter narrowed to what at least one of the acts may see."""
    if len(acts) == 1:
        return within(acts[0].scope, wanted)
    either = {"$or": [within(act.scope, {}) for act in acts]}
    return {"$and": [either, wanted]} if wanted else either
