"""What can be done with programmes."""

from collections.abc import Iterable, Mapping
from typing import Any

from chassis.act import Act
from chassis.beside import Beside
from chassis.documents import Page, Receipt, Stored
from chassis.errors import Refused
from chassis.scope import Centre
from services.registration.acting import in_public, own_centre
from services.registration.programmes import model, store
from services.registration.programmes.model import Programme, Status

beside = Beside(store.programmes, "state.programme")
"""The programme of what names one, such as a campaign."""


def publish(act: Act, state: Programme) -> Receipt:
    """Publish a programme of the acting centre; `state.centre` is filled in here."""
    state = state.model_copy(update={"centre": own_centre(act)})
    return store.programmes.create(act, act.new_id("programme"), state, model.publish(state))


def change(act: Act, id: str, wanted: Programme) -> Receipt:
    """Publish a programme anew with other details."""
    stored = store.programmes.load(act, id)
    if stored.state.status is Status.RETIRED:
        raise Refused("programme_retired")
    state = wanted.model_copy(update={"centre": stored.state.centre})
    return store.programmes.save(act, stored, state, model.publish(state))


def retire(act: Act, id: str) -> Receipt:
    """Take no new campaign of a programme."""
    stored = store.programmes.load(act, id)
    state, events = model.retire(stored.state)
    return store.programmes.save(act, stored, state, events)


def shown(act: Act, id: str) -> Stored[Programme]:
    """A programme as anyone may read it."""
    return store.programmes.get(in_public(act), id)


def brought(act: Act, rows: Iterable[Mapping[str, Any]]) -> dict[str, Programme]:
    """The programmes that documents brought along (`beside.stage`), by id."""
    heads = {head["_id"]: head for row in rows for head in row[beside.name]}
    return beside.several(in_public(act), heads.values())


def own(act: Act, id: str) -> Stored[Programme]:
    """A programme of the acting centre."""
    return store.programmes.get(act, id)


def listed(act: Act, limit: int, after: str | None) -> Page[Programme]:
    """A centre's own programmes; for everyone else all that are published."""
    reader = act if isinstance(act.scope, Centre) else in_public(act)
    return store.page(reader, limit, after)
