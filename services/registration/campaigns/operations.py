"""What can be done with campaigns. The manifest is made by `closing`, which knows the surveys."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import yaml

from chassis.act import Act
from chassis.beside import Beside
from chassis.contracts import CONTRACTS
from chassis.documents import Page, Receipt, Stored
from chassis.errors import Conflict, FieldError, Invalid, NotFound, Refused
from chassis.facts import Event
from chassis.scope import Centre, Party
from services.registration.acting import in_public, own_centre
from services.registration.campaigns import model, plan, store
from services.registration.campaigns.model import Campaign, Status
from services.registration.campaigns.plan import Plan
from services.registration.organisations import operations as organisations
from services.registration.programmes import operations as programmes
from services.registration.programmes.model import Status as ProgrammeStatus

beside = Beside(store.campaigns, "state.campaign")
"""The campaign of what names one."""

Step = Callable[[Campaign], tuple[Campaign, list[Event]] | None]
"""A step of the clock: the next state and what is told, or None if there is nothing to do."""


@cache
def known_fields() -> frozenset[str]:
    """The codes of fields that a campaign may offer."""
    found = yaml.safe_load((CONTRACTS / "fields.yaml").read_text())
    return frozenset(found["fields"])


def draft(act: Act, wanted: Plan) -> Receipt:
    """A new campaign of the acting centre, seen by its staff only. Without a number of its own
    it names the centre's."""
    centre = own_centre(act)
    if errors := faults(act, dict(wanted)):
        raise Invalid(errors)
    _running(act, wanted)
    phone = wanted.phone or organisations.shown(act, centre).state.phone
    state = Campaign(**{**wanted.model_dump(), "phone": phone}, centre=centre)
    return store.campaigns.create(act, act.new_id("campaign"), state)


def replan(act: Act, id: str, changes: dict[str, Any]) -> Receipt:
    """Change what is named in `changes`. An announced deadline moves only before it has passed,
    by the database's clock as well as by ours."""
    stored = store.campaigns.load(act, id)
    wanted = Plan.model_validate({**stored.state.plan().model_dump(), **changes})
    unknown = _unknown(act, wanted.programme)
    state, events = model.replan(stored.state, wanted, act.now, known_fields(), unknown)
    _running(act, wanted)
    announced = stored.state.status is not Status.DRAFT
    return store.campaigns.save(
        act,
        stored,
        state,
        events,
        due=model.due(state),
        before=stored.state.deadline if announced else None,
    )


def faults(act: Act, said: Mapping[str, Any], id: str | None = None) -> list[FieldError]:
    """What has to be mended in a plan, as far as it is said (fields by name): a new one, or
    another one of the campaign with this id."""
    unknown = _unknown(act, said["programme"]) if "programme" in said else []
    if id is None:
        return [*unknown, *plan.faults(said, known_fields())]
    return [*unknown, *model.faults(own(act, id).state, said, act.now, known_fields())]


def faults_in_changes(
    act: Act, id: str, changes: Mapping[str, Any], unread: frozenset[str]
) -> list[FieldError]:
    """What has to be mended in the plan that `changes` would make of a campaign's, as far as it
    is known: nothing is said of fields that were sent and could not be read. Raises NotFound."""
    merged = {**dict(own(act, id).state.plan()), **changes}
    known = {name: value for name, value in merged.items() if name not in unread}
    return faults(act, known, id)


def announce(act: Act, id: str) -> Receipt:
    """Make a campaign public."""
    stored = store.campaigns.load(act, id)
    if errors := plan.faults(dict(stored.state.plan()), known_fields()):
        raise Invalid(errors)
    state, events = model.announce(stored.state, act.now)
    return store.campaigns.save(act, stored, state, events, due=model.due(state))


def cancel(act: Act, id: str, reason: str) -> Receipt:
    """Call a campaign off."""
    stored = store.campaigns.load(act, id)
    state, events = model.cancel(stored.state, reason)
    return store.campaigns.save(act, stored, state, events, due=model.due(state))


def remind(act: Act, id: str) -> Receipt:
    """Remind the schools that have not answered; to whom it goes is decided when it is sent."""
    stored = store.campaigns.load(act, id)
    state, events = model.remind(stored.state, act.now)
    return store.campaigns.save(act, stored, state, events)


def open_(act: Act, id: str) -> None:
    """Open a campaign; called when its due time has come."""
    _step(act, id, lambda state: model.open_(state, act.now))


def close(act: Act, id: str) -> None:
    """Take no more answers; called when the deadline has come."""
    _step(act, id, lambda state: model.close(state, act.now))


def seal(act: Act, id: str, manifest: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Close a campaign with the manifest of what had arrived."""
    _step(act, id, lambda state: model.seal(state, manifest))


def amend(act: Act, id: str, manifest: dict[str, dict[str, dict[str, Any]]], cause: str) -> None:
    """Give a closed campaign a new manifest after something was admitted."""
    _step(act, id, lambda state: model.amend(state, manifest, cause))


def shown(act: Act, id: str) -> Stored[Campaign]:
    """A campaign: its own centre sees drafts too, everyone else what was announced."""
    if isinstance(act.scope, Centre):
        try:
            return store.campaigns.get(act, id)
        except NotFound:
            return store.campaigns.get(in_public(act), id)
    return store.campaigns.get(in_public(act), id)


def beneath(act: Act) -> list[dict[str, Any]]:
    """The stages by which centres bring what they have announced along, and the programmes of it,
    each once; for `of_centres` and `programmes.brought`."""
    public = in_public(act)
    return [store.beneath(public), programmes.beside.stage(public, field=store.PROGRAMMES)]


def of_centres(act: Act, centres: Iterable[Mapping[str, Any]]) -> dict[str, Campaign]:
    """The campaigns that these centres' documents brought along, by id."""
    heads = [head for centre in centres for head in centre[store.BENEATH]]
    return beside.several(in_public(act), heads)


def own(act: Act, id: str) -> Stored[Campaign]:
    """A campaign of the acting centre. Raises NotFound for another's."""
    return store.campaigns.get(act, id)


def titles(act: Act, most: int) -> dict[str, str]:
    """The names of the acting centre's campaigns by id, those that close last first."""
    own_centre(act)
    return {id: name for id, name, _ in store.titles(act, most)}


def listed(act: Act, status: Status | None, limit: int, after: str | None) -> Page[Campaign]:
    """A centre's own campaigns; for a school or host those of its centres; else all announced."""
    if isinstance(act.scope, Centre):
        return store.page(act, None, status, limit, after)
    centres = organisations.centres_of(act, act.scope.id) if isinstance(act.scope, Party) else None
    return store.page(in_public(act), centres, status, limit, after)


def _step(act: Act, id: str, step: Step) -> None:
    """Save a step of the clock.

    A reminder that comes early (another machine's clock is ahead) must be kept, hence Conflict:
    the timers try it again.
    """
    stored = store.campaigns.load(act, id)
    done = step(stored.state)
    if done is None:
        if model.due(stored.state):
            raise Conflict(id)
        return
    state, events = done
    store.campaigns.save(act, stored, state, events, due=model.due(state))


def _unknown(act: Act, programme: str) -> list[FieldError]:
    try:
        programmes.own(act, programme)
    except NotFound:
        return [FieldError("/programme", "programme_unknown")]
    return []


def _running(act: Act, wanted: Plan) -> None:
    """Raise Refused for a programme that takes no more campaigns."""
    if programmes.own(act, wanted.programme).state.status is ProgrammeStatus.RETIRED:
        raise Refused("programme_retired")
