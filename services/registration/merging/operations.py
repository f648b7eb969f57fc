"""Finding entries that are likely one organisation, comparing them, and making them one."""

from dataclasses import dataclass, replace

from chassis.act import Act
from chassis.documents import Receipt
from chassis.errors import Refused
from chassis.scope import Party
from services.registration.accounts import operations as accounts
from services.registration.acting import own_centre
from services.registration.applications import operations as applications
from services.registration.contacts import operations as contacts
from services.registration.invitations import operations as invitations
from services.registration.merging import model, store
from services.registration.merging.model import Line, Pair
from services.registration.openings import operations as openings
from services.registration.organisations import joining
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Organisation
from services.registration.organisations.operations import Joint
from services.registration.registry import operations as registry
from services.registration.surveys import operations as surveys


@dataclass(frozen=True, slots=True)
class Twins:
    """Two entries that are likely one, with their states."""

    pair: Pair
    one: Organisation
    other: Organisation


@dataclass(frozen=True, slots=True)
class Side:
    """One of two entries, with how much hangs on it."""

    id: str
    state: Organisation
    relations: tuple[str, ...]
    posts: int
    accounts: int
    contacts: int
    invitations: int
    answers: int
    offers: int
    mine: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What happens if one entry ends in the other."""

    survivor: Side
    gone: Side
    centres: int
    parts: int
    fills: tuple[str, ...]


def likely(act: Act) -> list[Twins]:
    """The pairs of the acting centre's register that are likely one organisation."""
    found = {row.id: row.state for row in registry.rows(act)}
    return [
        Twins(pair, found[pair.one], found[pair.other])
        for pair in model.pairs(found, store.apart(act))
    ]


def tell_apart(act: Act, one: str, other: str) -> None:
    """Two that look alike are two: they are not proposed again. Raises NotFound."""
    sides(act, one, other)
    store.tell_apart(act, own_centre(act), one, other)


def sides(act: Act, one: str, other: str) -> tuple[Side, Side, list[Line]]:
    """Two entries of the register side by side. Raises NotFound for what is not in it."""
    first, second = _side(act, one), _side(act, other)
    return first, second, model.lines(first.state, second.state)


def preview(act: Act, survivor: str, gone: str) -> Preview:
    """What would move. Raises NotFound or Refused where the two cannot become one."""
    joint = _joint(act, survivor, gone)
    return Preview(
        survivor=_side(act, survivor),
        gone=_side(act, gone),
        centres=len([id for id in joint.centres if id != own_centre(act)]),
        parts=len(joint.parts),
        fills=tuple(joining.filled(joint.survivor.state, joint.gone.state)),
    )


def merge(act: Act, survivor: str, gone: str) -> Receipt:
    """Make the two one: relations, posts, accounts, contacts, invitations and departments go to the
    survivor in one act; placement moves offers, requests and vetting when it hears of it."""

    def work(act: Act) -> Receipt:
        receipt = organisations.join(act, _joint(act, survivor, gone))
        ending, staying = (replace(act, scope=Party(id)) for id in (gone, survivor))
        accounts.move(ending, gone, survivor)
        contacts.move(ending, gone, survivor, staying)
        invitations.move(ending, gone, survivor)
        return receipt

    return act.together(work)


def _joint(act: Act, survivor: str, gone: str) -> Joint:
    """Answers name their school in three services' records; so an entry with answers survives."""
    found = organisations.joint(act, survivor, gone)
    ends, stays = (replace(act, scope=Party(id)) for id in (gone, survivor))
    if _answers(ends, gone):
        both = bool(_answers(stays, survivor))
        code = "merge_both_answered" if both else "merge_keep_answered"
        raise Refused(code, name=found.gone.state.name)
    return found


def _answers(act: Act, id: str) -> int:
    return surveys.answers_of(act, id) + applications.applications_of(act, id)


def _side(act: Act, id: str) -> Side:
    state, relations = registry.standing(act, id)
    within = replace(act, scope=Party(id))
    posts, people = accounts.counted(within, id)
    return Side(
        id=id,
        state=state,
        relations=tuple(one.value for one in relations),
        posts=posts,
        accounts=people,
        contacts=contacts.count(within, id),
        invitations=len(invitations.within(within, id)),
        answers=_answers(within, id),
        offers=openings.offers_of(act, id),
        mine=state.registrar == own_centre(act),
    )
