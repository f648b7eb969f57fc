"""How the relations of a centre come and go: hosts, schools, owner, operator, office."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from chassis.errors import FieldError, Invalid, Refused
from chassis.facts import KST, Due, Event, in_ms
from services.registration.organisations.model import (
    LEARNERS,
    OFFICES,
    Organisation,
    Relation,
    Status,
    Tie,
)

NOTICE = timedelta(days=60)
"""How long before the end of an operator's term the centre is told of it."""


def relate(
    state: Organisation,
    other: Organisation,
    tie: Tie,
) -> tuple[Organisation, list[Event]]:
    """The centre with one more relation. The same relation twice at one time is refused."""
    errors: list[FieldError] = []
    if tie.until is not None and tie.until < tie.since:
        errors.append(FieldError("/until", "until_before_since", {"since": tie.since.isoformat()}))
    if tie.relation is Relation.SCHOOL and not LEARNERS & set(other.kinds):
        errors.append(FieldError("/other", "not_a_school", {"name": other.name}))
    if tie.relation is Relation.OFFICE and not OFFICES & set(other.kinds):
        errors.append(FieldError("/other", "not_an_office", {"name": other.name}))
    if tie.relation is Relation.OPERATOR and tie.until is None:
        errors.append(FieldError("/until", "operator_needs_term"))
    if errors:
        raise Invalid(errors)
    if other.status is Status.CLOSED:
        raise Refused("organisation_closed", name=other.name)
    for known in state.ties:
        same = known.relation is tie.relation and known.other == tie.other
        if same and _overlap(known, tie):
            raise Refused("relation_exists", name=other.name)
    changed = state.model_copy(update={"ties": (*state.ties, tie)})
    event = Event(
        "organisation.related",
        {
            "relation": tie.relation.value,
            "other": tie.other,
            "from": tie.since.isoformat(),
            "until": tie.until.isoformat() if tie.until else None,
        },
    )
    return changed, [event]


def end_relation(
    state: Organisation, relation: Relation, other: str
) -> tuple[Organisation, list[Event]]:
    """The centre without a relation, from now on; the events keep that it was there."""
    rest = tuple(t for t in state.ties if (t.relation, t.other) != (relation, other))
    if len(rest) == len(state.ties):
        raise Refused("relation_missing")
    return state.model_copy(update={"ties": rest}), [_ended(relation, other)]


def expire_relations(state: Organisation, today: date) -> tuple[Organisation, list[Event]]:
    """Tell which terms ran out; past ties are dropped, since the events keep them."""
    over = [t for t in state.ties if t.until is not None and t.until < today]
    rest = tuple(t for t in state.ties if t not in over)
    still = {(t.relation, t.other) for t in rest}
    gone = sorted({(t.relation, t.other) for t in over} - still)
    return state.model_copy(update={"ties": rest}), [_ended(*pair) for pair in gone]


def due(state: Organisation) -> list[Due]:
    """When the next term of a relation has run out: the midnight in Seoul after its last day."""
    ends = [t.until for t in state.ties if t.until is not None]
    if not ends:
        return []
    after = min(ends) + timedelta(days=1)
    return [Due(in_ms(datetime(after.year, after.month, after.day, tzinfo=KST)), "relation_ends")]


def ends_soon(ties: Sequence[Tie], on: date) -> list[Tie]:
    """The contracts of operators that run out within `NOTICE`: time to renew or to hand over.

    One that is followed by another term of the same operator does not end.
    """
    terms = [
        (tie, tie.until)
        for tie in ties
        if tie.relation is Relation.OPERATOR and tie.until is not None
    ]
    return [
        tie
        for tie, until in terms
        if tie.holds(on)
        and until - on <= NOTICE
        and not any(next.other == tie.other and last > until for next, last in terms)
    ]


def describe(ties: Sequence[Tie], on: date) -> list[Tie]:
    """The relations that hold on a day, in the order of their begin."""
    return sorted((t for t in ties if t.holds(on)), key=lambda t: (t.since, t.other))


def _overlap(one: Tie, two: Tie) -> bool:
    starts = one.until is None or two.since <= one.until
    ends = two.until is None or one.since <= two.until
    return starts and ends


def _ended(relation: Relation, other: str) -> Event:
    return Event("organisation.relation_ended", {"relation": relation.value, "other": other})
