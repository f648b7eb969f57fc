"""What can be done with programmes."""

from collections.abc import Iterable

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


def several(act: Act, ids: Iterable[str]) -> dict[str, Programme]:
    """Programmes by id, as anyone may read them."""
    wanted = {"_id": {"$in": sorted(set(ids))}}
    return {row["_id"]: state for row, state in beside.where(in_public(act), wanted)}


def own(act: Act, id: str) -> Stored[Programme]:
    """A programme of the acting centre."""
    return store.programmes.get(act, id)


def listed(act: Act, limit: int, after: str | None) -> Page[Programme]:
    """A centre's own programmes; for everyone else all that are published."""
    reader = act if isinstance(act.scope, Centre) else in_public(act)
    return store.page(reader, limit, after)
