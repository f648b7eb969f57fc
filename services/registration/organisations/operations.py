"""What can be done with organisations and the relations between them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.act import Act
from chassis.beside import Beside
from chassis.documents import Page, Receipt, Stored
from chassis.errors import FieldError, Invalid, NotFound, Refused
from chassis.facts import Event
from chassis.together import Question, answers
from services.registration.acting import in_public, own_centre, today
from services.registration.organisations import joining, model, relations, store
from services.registration.organisations.model import (
    Details,
    Kind,
    Organisation,
    Relation,
    Status,
    Tie,
)

centre_beside = Beside(store.organisations, "state.centre")
"""The centre of what names one, such as a campaign."""


def register(act: Act, details: Details, tie: Tie | None = None) -> Receipt:
    """Register an organisation, and relate the acting centre to it in the same act.

    `tie.other` is filled in here. Raises Refused with the name of the organisation that is there
    already, so that the centre can relate itself to that one instead.
    """
    centre = own_centre(act)
    id = act.new_id("organisation")

    def work(act: Act) -> Receipt:
        receipt = _create(act, id, details, registrar=centre)
        if tie is not None:
            own = store.organisations.get(act, centre)
            other = store.organisations.get(in_public(act), id)
            state, events = relations.relate(
                own.state, other.state, tie.model_copy(update={"other": id})
            )
            store.organisations.save(act, own, state, events, due=relations.due(state))
        return receipt

    return act.together(work)


def found_centre(act: Act, details: Details) -> Receipt:
    """Register an organisation that runs placements itself; it is its own registrar.

    For operators' commands and administrators, since no centre can stand above it.
    """
    id = act.new_id("organisation")
    return act.together(lambda act: _create(act, id, details, registrar=id))


def change(act: Act, id: str, details: Details, status: Status | None = None) -> Receipt:
    """Replace the details of an organisation that the acting centre registered."""

    def work(act: Act) -> Receipt:
        stored = store.organisations.load(act, id)
        state, events = model.change(stored.state, details, status)
        _parent(act, id, details)
        _refuse_duplicate(act, id, state)
        store.reserve(act, id, state.keys)
        return store.organisations.save(act, stored, state, events)

    return act.together(work)


def relate(act: Act, centre: str, tie: Tie) -> Receipt:
    """Relate a centre to another organisation."""
    stored = store.organisations.load(act, centre)
    other = _other(act, tie.other)
    state, events = relations.relate(stored.state, other.state, tie)
    return store.organisations.save(act, stored, state, events, due=relations.due(state))


def end_relation(act: Act, centre: str, relation: Relation, other: str) -> Receipt:
    """End a relation of a centre now."""
    stored = store.organisations.load(act, centre)
    state, events = relations.end_relation(stored.state, relation, other)
    return store.organisations.save(act, stored, state, events, due=relations.due(state))


def expire_relations(act: Act, centre: str) -> None:
    """Tell which terms have run out; called when their due time has come."""
    stored = store.organisations.load(act, centre)
    state, events = relations.expire_relations(stored.state, today(act))
    store.organisations.save(act, stored, state, events, due=relations.due(state))


def shown(act: Act, id: str) -> Stored[Organisation]:
    """An organisation as anyone may read it. Raises NotFound."""
    return store.organisations.get(in_public(act), id)


def listed(
    act: Act,
    relation: Relation | None = None,
    kind: Kind | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[Organisation]:
    """Organisations: all, or those that stand in a relation to the acting centre today."""
    ids = None if relation is None else related(act, own_centre(act), relation)
    return store.page(in_public(act), ids, kind, limit, after)


def related(act: Act, centre: str, relation: Relation) -> tuple[str, ...]:
    """The ids of the organisations in a relation to a centre today."""
    return shown(act, centre).state.tied(relation, today(act))


def operates(act: Act, centre: str, other: str) -> bool:
    """Whether an organisation runs a centre by contract today."""
    return other in related(act, centre, Relation.OPERATOR)


def looks_after(act: Act, centre: str, other: str) -> bool:
    """Whether an organisation is the centre itself, or stands in any relation to it today."""
    ties, day = shown(act, centre).state.ties, today(act)
    return other == centre or any(tie.other == other and tie.holds(day) for tie in ties)


def serving_question(
    act: Act, organisation: str, further: Sequence[dict[str, Any]] = ()
) -> Question:
    """Which centres stand in a relation to an organisation, with what `further` brings along of
    each; the answer is for `serving`."""
    return store.serving(in_public(act), organisation, further)


def serving(
    act: Act, organisation: str, answer: Iterable[Mapping[str, Any]]
) -> dict[str, Organisation]:
    """The centres that stand in a relation to an organisation today, by id."""
    day = today(act)
    return {
        id: centre
        for id, centre in centre_beside.several(in_public(act), answer).items()
        if any(tie.other == organisation and tie.holds(day) for tie in centre.ties)
    }


def names_question(act: Act, ids: Iterable[str]) -> Question:
    """The display names of organisations: documents with `_id` and `name`."""
    return store.names(in_public(act), ids)


def centres_of(act: Act, organisation: str, supervised: bool = False) -> tuple[str, ...]:
    """The centres that stand in a relation to an organisation today; only those that it
    supervises, if that is asked."""
    day = today(act)
    return tuple(
        centre.id
        for centre in store.holding(in_public(act), organisation)
        if any(
            tie.other == organisation
            and tie.holds(day)
            and (not supervised or tie.relation is Relation.OFFICE)
            for tie in centre.state.ties
        )
    )


def names(act: Act, ids: Iterable[str]) -> dict[str, str]:
    """The display names of organisations by id."""
    if not (wanted := set(ids)):
        return {}
    (found,) = answers(act, store.names(in_public(act), wanted))
    return {row["_id"]: row["name"] for row in found}


def naming(act: Act) -> dict[str, Any]:
    """The stage by which documents whose `_id` is an organisation's bring its name; for `named`."""
    return store.naming(in_public(act))


def named(answer: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The names by id that documents brought along; empty where no such organisation is known."""
    return {row["_id"]: next((one["name"] for one in row[store.NAMED]), "") for row in answer}


def matching(
    act: Act, centre: str, relations: Sequence[Relation], pattern: str, most: int
) -> list[tuple[Relation, str, str]]:
    """Relation, id and name of what a centre looks after today and whose name fits a pattern."""
    return store.matching(in_public(act), centre, relations, today(act), pattern, most)


def several(act: Act, ids: Iterable[str]) -> dict[str, Organisation]:
    """Organisations by id, as anyone may read them."""
    return store.several(in_public(act), ids)


@dataclass(frozen=True, slots=True)
class Joint:
    """What moves when one entry ends in another."""

    survivor: Stored[Organisation]
    gone: Stored[Organisation]
    centres: tuple[str, ...]
    """The centres that hold a relation to the one that ends."""
    parts: tuple[tuple[str, Organisation], ...]
    """Its departments."""


def joint(act: Act, survivor: str, gone: str) -> Joint:
    """The two entries and what hangs on the one that would end.

    Raises NotFound unless the acting centre registered the one that would end and has to do with
    the survivor, Refused where the two cannot be one.
    """
    public, centre = in_public(act), own_centre(act)
    ends, stays = store.organisations.load(act, gone), shown(act, survivor)
    if stays.state.registrar != centre and not looks_after(act, centre, survivor):
        raise NotFound()
    joining.check(stays.state, ends.state, (survivor, gone))
    day = today(act)
    return Joint(
        stays,
        ends,
        tuple(
            one.id
            for one in store.holding(public, gone)
            if joining.retied(one.state.ties, gone, survivor, day)[0]
        ),
        tuple((one.id, one.state) for one in store.parts_of(public, gone)),
    )


def join(act: Act, found: Joint) -> Receipt:
    """End one entry in the other: details, keys, relations of every centre, and departments.

    Runs inside the caller's transaction. Who belongs to it is moved by the features that know.
    """
    survivor, gone = found.survivor.id, found.gone.id
    closed, events = joining.ended(found.gone.state, survivor)
    store.reserve(act, gone, ())
    receipt = store.organisations.save(act, found.gone, closed, events)
    state, told = joining.grown(found.survivor.state, found.gone.state)
    _refuse_duplicate(act, survivor, state)
    store.reserve(act, survivor, state.keys)
    store.organisations.save(act, found.survivor, state, told)
    for id, part in found.parts:
        child, told = joining.brought_up(part, survivor)
        _refuse_duplicate(act, id, child)
        store.reserve(act, id, child.keys)
        store.organisations.save(act, shown(act, id), child, told)
    for centre in found.centres:
        _retie(act, centre, gone, survivor, state)
    return receipt


def _retie(act: Act, centre: str, gone: str, survivor: str, state: Organisation) -> None:
    stored = shown(act, centre)
    moved, fresh = joining.retied(stored.state.ties, gone, survivor, today(act))
    own, events = stored.state, list[Event]()
    # First the new relation, then the end of the old one: nobody is without a centre in between.
    for tie in fresh:
        own, told = relations.relate(own, state, tie)
        events += told
    for relation in dict.fromkeys(tie.relation for tie in moved):
        own, told = relations.end_relation(own, relation, gone)
        events += told
    store.organisations.save(act, stored, own, events, due=relations.due(own))


def _create(act: Act, id: str, details: Details, registrar: str) -> Receipt:
    state, events = model.register(details, registrar)
    _parent(act, id, details)
    _refuse_duplicate(act, id, state)
    store.reserve(act, id, state.keys)
    return store.organisations.create(act, id, state, events)


def _refuse_duplicate(act: Act, id: str, state: Organisation) -> None:
    there = store.holder(act, state.keys, besides=id)
    if there is not None:
        raise Refused("organisation_exists", name=shown(act, there).state.name, organisation=there)


def _parent(act: Act, id: str, details: Details) -> None:
    if details.parent is None:
        return
    if details.parent == id:
        raise Invalid([FieldError("/parent", "parent_itself")])
    try:
        shown(act, details.parent)
    except NotFound:
        raise Invalid([FieldError("/parent", "organisation_unknown")]) from None


def _other(act: Act, id: str) -> Stored[Organisation]:
    try:
        return shown(act, id)
    except NotFound:
        raise Invalid([FieldError("/other", "organisation_unknown")]) from None
