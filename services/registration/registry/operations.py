"""Who stands in the centre's register, who of them has entered, and letters for those who have not.

Reads organisations, posts and invitations by their operations; changes nothing but by those.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chassis.act import Act
from chassis.documents import Receipt, Replayed, Stored
from chassis.errors import NotFound, Refused
from services.registration.accounts import operations as accounts
from services.registration.accounts.model import Post, Role
from services.registration.acting import own_centre, today
from services.registration.contacts.model import Reach
from services.registration.invitations import operations as invitations
from services.registration.invitations.model import Invitation, Status
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Organisation, Relation, Tie
from services.registration.organisations.relations import describe, ends_soon

LETTERS_MOST = 50
ROLE_OF = {
    Relation.SCHOOL: Role.SCHOOL,
    Relation.HOST: Role.HOST,
    Relation.OFFICE: Role.OFFICE,
    Relation.OPERATOR: Role.CENTRE,
}
"""As what somebody of a related organisation enters."""

DUTIES = {
    Role.SCHOOL: ("career_teacher", "grade_head", "homeroom_teacher", "approver"),
    Role.HOST: ("team_lead",),
    Role.OFFICE: ("coordinator",),
    Role.CENTRE: ("coordinator",),
}
"""The posts that a centre invites to, the usual one first."""


class Entry(StrEnum):
    """How far an organisation has come in."""

    HELD = "held"
    ENTERED = "entered"
    INVITED = "invited"
    EXPIRED = "expired"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Row:
    """An organisation of the register. `until` is when its open invitation runs out."""

    id: str
    state: Organisation
    relations: tuple[Relation, ...]
    entry: Entry
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who has entered with a code and waits for the centre's word."""

    invitation: str
    login: str
    reach: Reach


@dataclass(frozen=True, slots=True)
class Card:
    """One organisation with all that the centre knows of who speaks for it."""

    row: Row
    version: int
    own: bool
    mine: bool
    ties: tuple[Tie, ...]
    posts: tuple[Stored[Post], ...]
    invitations: tuple[Stored[Invitation], ...]
    waiting: tuple[Waiting, ...]
    role: Role | None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says: to whom, the code, and until when it opens."""

    name: str
    code: str
    until: datetime


def rows(act: Act) -> list[Row]:
    """Every organisation that stands in a relation to the acting centre today, by name."""
    centre, day = own_centre(act), today(act)
    relations: dict[str, list[Relation]] = defaultdict(list)
    for tie in describe(organisations.shown(act, centre).state.ties, day):
        if tie.relation not in relations[tie.other]:
            relations[tie.other].append(tie.relation)
    holders = {one.state.organisation for one in accounts.posts_within(act) if one.state.holder}
    sent: dict[str, list[Invitation]] = defaultdict(list)
    for invitation in invitations.within(act):
        sent[invitation.state.organisation].append(invitation.state)
    found = organisations.several(act, relations)
    listed = [
        _row(id, state, relations[id], id in holders, sent[id]) for id, state in found.items()
    ]
    return sorted(listed, key=lambda row: row.state.name)


def card(act: Act, id: str) -> Card:
    """One organisation of the register. Raises NotFound for one that the centre has nothing to
    do with."""
    centre = own_centre(act)
    if not _reachable(act, centre, id):
        raise NotFound()
    stored = organisations.shown(act, id)
    ties = tuple(
        tie
        for tie in describe(organisations.shown(act, centre).state.ties, today(act))
        if tie.other == id
    )
    posts = tuple(accounts.posts_of(act, id))
    sent = tuple(invitations.within(act, id))
    held = any(one.state.holder for one in posts)
    relations = [tie.relation for tie in ties]
    row = _row(id, stored.state, relations, held, [one.state for one in sent])
    waiting = []
    for one in sent:
        if one.state.status is Status.ENTERED and one.state.account:
            login, reach = accounts.entered(act, one.state.account)
            waiting.append(Waiting(one.id, login, reach))
    role = (
        Role.CENTRE
        if id == centre
        else next((ROLE_OF[one] for one in relations if one in ROLE_OF), None)
    )
    return Card(
        row=row,
        version=stored.version,
        own=id == centre,
        mine=stored.state.registrar == centre,
        ties=ties,
        posts=posts,
        invitations=sent,
        waiting=tuple(waiting),
        role=role,
    )


def standing(act: Act, id: str) -> tuple[Organisation, tuple[Relation, ...]]:
    """An organisation of the register and how it is related. Raises NotFound."""
    centre = own_centre(act)
    if not _reachable(act, centre, id):
        raise NotFound()
    ties = describe(organisations.shown(act, centre).state.ties, today(act))
    relations = dict.fromkeys(tie.relation for tie in ties if tie.other == id)
    return organisations.shown(act, id).state, tuple(relations)


def terms_ending(act: Act) -> list[tuple[str, str, Tie]]:
    """(id, name, relation) of the operators whose term ends soon."""
    state = organisations.shown(act, own_centre(act)).state
    ties = ends_soon(state.ties, today(act))
    names = organisations.names(act, [tie.other for tie in ties])
    return [(tie.other, names.get(tie.other, ""), tie) for tie in ties]


def registered(act: Act, id: str) -> Organisation:
    """An organisation that the acting centre registered, and may change. Raises NotFound."""
    state = organisations.shown(act, id).state
    if state.registrar != own_centre(act):
        raise NotFound()
    return state


def invite(act: Act, id: str, duty: str, email: str | None, language: str) -> Receipt:
    """Invite somebody of an organisation to a new post, by mail or by the code of a letter.

    A repeated command is answered as it was, so that a letter can be shown once more.
    """
    role = card(act, id).role
    if role is None:
        raise Refused("relation_missing")
    wanted = invitations.Wanted(
        organisation=id,
        role=role,
        duty=duty if duty in DUTIES[role] else DUTIES[role][0],
        email=email,
        language=language,
    )
    try:
        return invitations.invite(act, wanted)
    except Replayed as done:
        return done.receipt


def again(act: Act, invitation: str, email: str | None, language: str) -> Receipt:
    """Invite to the same post anew; what was sent before opens nothing any more."""
    try:
        return invitations.again(act, invitation, email, None, language)
    except Replayed as done:
        return done.receipt


def letters(act: Act, ids: Sequence[str], language: str) -> list[Letter]:
    """A letter with a code of its own for each organisation; repeated, the same letters."""
    return [
        letter(act, id, invite(_part(act, id), id, "", None, language))
        for id in list(dict.fromkeys(ids))[:LETTERS_MOST]
    ]


def letter(act: Act, organisation: str, receipt: Receipt) -> Letter:
    """What stands in the letter about an invitation that was just made."""
    return Letter(
        name=organisations.shown(act, organisation).state.name,
        code=str(receipt.extra["code"]),
        until=datetime.fromisoformat(str(receipt.extra["expires_at"])),
    )


def parents(act: Act, besides: str | None = None) -> list[tuple[str, str]]:
    """Which organisations of the register may have departments: those that have no parent."""
    return [
        (row.id, row.state.name)
        for row in rows(act)
        if row.state.parent is None and row.state.school_code is None and row.id != besides
    ]


def districts(found: Iterable[Row]) -> list[str]:
    """The codes of districts that are in use, to be proposed."""
    return sorted({row.state.district for row in found if row.state.district})


def _row(
    id: str,
    state: Organisation,
    relations: Sequence[Relation],
    held: bool,
    sent: Sequence[Invitation],
) -> Row:
    until = max((one.expires_at for one in sent if one.status is Status.OPEN), default=None)
    if any(one.status is Status.ENTERED for one in sent):
        entry = Entry.ENTERED
    elif held:
        entry = Entry.HELD
    elif until is not None:
        entry = Entry.INVITED
    else:
        ran_out = any(one.status is Status.EXPIRED for one in sent)
        entry = Entry.EXPIRED if ran_out else Entry.NOBODY
    return Row(id, state, tuple(relations), entry, until)


def _reachable(act: Act, centre: str, id: str) -> bool:
    """Whether the centre has to do with an organisation: it is related, or registered by it."""
    if organisations.looks_after(act, centre, id):
        return True
    return organisations.shown(act, id).state.registrar == centre


def _part(act: Act, id: str) -> Act:
    """The act for one of many: its own key, derived from the command's, so that each is repeated
    alike."""
    if act.command is None:
        return act
    return replace(act, command=replace(act.command, key=f"{act.command.key}|{id}"))
