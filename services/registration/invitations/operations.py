"""Inviting someone to a post, entering, and handing a post over (인수인계)."""

from dataclasses import dataclass

from chassis.act import Act
from chassis.documents import Page, Receipt, Replayed, Stored
from chassis.errors import FieldError, Forbidden, Invalid, NotFound, Refused, Unavailable
from chassis.scope import Centre, Party
from services.registration.accounts import operations as accounts
from services.registration.accounts.model import Role
from services.registration.accounts.operations import NewHolder
from services.registration.acting import only, own_organisation
from services.registration.attempts import operations as attempts
from services.registration.contacts import model as contact_rules
from services.registration.contacts.operations import contact_of_post
from services.registration.invitations import model, store
from services.registration.invitations.model import LASTS, Invitation, Status, Way
from services.registration.organisations import operations as organisations


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to invite to what, and how it is to reach them. No e-mail address means a code."""

    organisation: str
    role: Role
    duty: str
    post: str | None = None
    email: str | None = None
    telephone: str | None = None
    language: str = "ko"


def invite(act: Act, wanted: Wanted) -> Receipt:
    """Invite to a vacant post (a new one unless it is named). A code is answered once, for the
    letter; repeating the same command answers it again, though it is stored nowhere."""
    _refuse_foreign_role(act, wanted)
    _refuse_unknown(act, wanted)
    return _invite(act, wanted, replaces=None)


def hand_over(
    act: Act, post: str, email: str | None, telephone: str | None, language: str
) -> Receipt:
    """Invite a successor to a held post. Until she enters, the present holder stays."""
    held = accounts.post(act, post)
    wanted = Wanted(
        organisation=held.organisation,
        role=held.role,
        duty=held.duty,
        post=post,
        email=email,
        telephone=telephone,
        language=language,
    )
    return _invite(act, wanted, replaces=held.holder)


def add_colleague(act: Act, duty: str, email: str, language: str) -> Receipt:
    """Invite a second teacher or an approver into the own organisation, by mail.

    Who holds a post there answers for whom it lets in; the new post is of the same kind.
    """
    own = own_organisation(act)
    posts = [one.state for one in accounts.posts_of(act, own)]
    if not posts:
        raise NotFound()
    wanted = Wanted(own, posts[0].role, duty, email=email, language=language)
    return _invite(act, wanted, replaces=None, centre=posts[0].centre)


def check(act: Act, typed: str, address: str) -> None:
    """Whether somebody may enter with this link or code, before anything else is asked for.

    Raises Refused or NotFound as entering would; nothing is used up.
    """
    state = _of(act, typed, address)[1]
    model.check(state, act.now)


def accept(act: Act, typed: str, holder: NewHolder, address: str) -> Receipt:
    """Enter with a link's token or a letter's code, and choose how to sign in.

    By link the account is open at once; by code it waits until the centre approves.
    """
    id, found = _of(act, typed, address)
    account = act.new_id("account")
    opened = only(
        act,
        *(one for one in (id, found.post, account, found.replaces) if one),
        contact_of_post(found.post),
    )
    words = contact_rules.reach(holder.words.person, holder.words.email, holder.words.telephone)

    def work(act: Act) -> Receipt:
        stored = store.invitations.load(act, id)
        state = model.enter(stored.state, account, act.now)
        receipt = store.invitations.save(
            act, stored, state, due=model.due(state), extra={"account": account}
        )
        pending = state.status is Status.ENTERED
        chosen = NewHolder(holder.login, holder.password, words, holder.language)
        accounts.open_account(act, account, state.post, chosen, pending)
        if holder.duty:
            accounts.name_post(act, state.post, holder.duty)
        if not pending:
            accounts.install(act, state.post, account, state.replaces)
        return receipt

    return opened.together(work)


def approve(act: Act, id: str) -> Receipt:
    """The centre knows who entered with the code: the account is open and holds its post."""

    def work(act: Act) -> Receipt:
        stored = store.invitations.load(act, id)
        state = model.approve(stored.state)
        account = _account(state)
        accounts.approve(act, account)
        accounts.install(act, state.post, account, state.replaces)
        return store.invitations.save(act, stored, state)

    return act.together(work)


def refuse(act: Act, id: str) -> Receipt:
    """The centre does not know who entered: the account ends before it began."""

    def work(act: Act) -> Receipt:
        stored = store.invitations.load(act, id)
        state = model.refuse(stored.state)
        accounts.leave_post(act, _account(state), state.post)
        return store.invitations.save(act, stored, state)

    return act.together(work)


def withdraw(act: Act, id: str) -> Receipt:
    """Take an open invitation back."""
    stored = store.invitations.load(act, id)
    state = model.withdraw(stored.state)
    return store.invitations.save(act, stored, state, due=model.due(state))


def again(act: Act, id: str, email: str | None, telephone: str | None, language: str) -> Receipt:
    """Invite anew to the same post. An invitation that is still open is taken back by this act,
    so that never two secrets open one post."""
    old = store.invitations.get(act, id).state
    if old.status in (Status.ENTERED, Status.ACCEPTED):
        raise Refused("invitation_used")
    post = accounts.post(act, old.post)
    if post.holder is not None and post.holder != old.replaces:
        raise Refused("post_held")
    wanted = Wanted(
        organisation=old.organisation,
        role=old.role,
        duty=post.duty,
        post=old.post,
        email=email,
        telephone=telephone,
        language=language,
    )
    return _invite(act, wanted, old.replaces, old.centre, instead_of=id)


def one(act: Act, id: str) -> Invitation:
    """An invitation within scope."""
    return store.invitations.get(act, id).state


def within(act: Act, organisation: str | None = None) -> list[Stored[Invitation]]:
    """Every invitation within scope, of one organisation if it is named; the newest first."""
    found = store.each(act, organisation)
    return sorted(found, key=lambda one: one.created, reverse=True)


def move(act: Act, gone: str, survivor: str) -> None:
    """What was sent for one organisation opens another from now on; the secrets stay good."""
    for stored in store.each(act, gone):
        state = stored.state.model_copy(update={"organisation": survivor})
        store.invitations.save(act, stored, state)


def expire(act: Act, id: str) -> None:
    """Let an invitation run out; called when its due time has come."""
    stored = store.invitations.load(act, id)
    state = model.expire(stored.state, act.now) or stored.state
    store.invitations.save(act, stored, state, due=model.due(state))


def listed(act: Act, status: Status | None, limit: int, after: str | None) -> Page[Invitation]:
    """Invitations within scope; those that were entered wait for the centre."""
    return store.page(act, status, limit, after)


def _invite(
    act: Act,
    wanted: Wanted,
    replaces: str | None,
    centre: str | None = None,
    instead_of: str | None = None,
) -> Receipt:
    reachable = bool(wanted.email or wanted.telephone)
    told = contact_rules.reach(None, wanted.email, wanted.telephone) if reachable else None
    name = organisations.shown(act, wanted.organisation).state.name
    id, new_post = act.new_id("invitation"), act.new_id("post")
    way = Way.EMAIL if wanted.email else Way.CODE
    revealed = model.secret(_key(act), id, way)
    centre = centre or _centre(act, wanted)
    state = Invitation(
        organisation=wanted.organisation,
        centre=centre,
        role=wanted.role,
        post=wanted.post or new_post,
        way=way,
        secret_hash=model.hash_of(revealed),
        expires_at=act.now + LASTS,
        replaces=replaces,
    )
    events = (
        [model.invited(state, name, told.email, told.telephone, revealed, wanted.language)]
        if told
        else []
    )

    def work(act: Act) -> Receipt:
        receipt = store.invitations.create(act, id, state, events, due=model.due(state))
        if wanted.post is None:
            accounts.create_post(
                act, new_post, wanted.organisation, centre, wanted.role, wanted.duty
            )
        if instead_of is not None:
            _take_back(act, instead_of)
        return receipt

    try:
        receipt = act.together(work)
    except Replayed as done:
        first = store.invitations.get(act, id).state
        raise Replayed(_with_code(done.receipt, way, revealed, first), done.status_then) from None
    return _with_code(receipt, way, revealed, state)


def _of(act: Act, typed: str, address: str) -> tuple[str, Invitation]:
    """The invitation of a secret; who guesses is slowed down. Raises NotFound."""
    secret_hash = model.hash_of(typed)
    attempts.refuse_guessing(act, secret_hash, address)
    id = store.by_secret(act, secret_hash)
    if id is None:
        attempts.failed(act, secret_hash, address)
        raise NotFound("invitation_unknown")
    return id, store.invitations.get(only(act, id), id).state


def _take_back(act: Act, id: str) -> None:
    stored = store.invitations.get(act, id)
    if stored.state.status is Status.OPEN:
        state = model.withdraw(stored.state)
        store.invitations.save(act, stored, state, due=model.due(state))


def _with_code(receipt: Receipt, way: Way, revealed: str, state: Invitation) -> Receipt:
    extra: dict[str, object] = {"post": state.post, "expires_at": state.expires_at.isoformat()}
    if way is Way.CODE:
        extra["code"] = revealed
    return receipt.model_copy(update={"extra": extra})


def _centre(act: Act, wanted: Wanted) -> str:
    """Which centre looks after the post: the acting one; else the post's own."""
    if isinstance(act.scope, Centre):
        return act.scope.id
    if wanted.post is not None:
        return accounts.post(act, wanted.post).centre or wanted.organisation
    return wanted.organisation


def _refuse_foreign_role(act: Act, wanted: Wanted) -> None:
    """A centre invites its schools, hosts and offices, and staff only into itself or into the
    operator that runs it by contract."""
    if isinstance(act.scope, Party):
        raise Forbidden("only_centre")
    if not isinstance(act.scope, Centre):
        return
    if wanted.role is Role.ADMIN:
        raise Forbidden("only_admin")
    own, theirs = own_organisation(act), wanted.organisation
    if (
        wanted.role is Role.CENTRE
        and theirs != own
        and not organisations.operates(act, own, theirs)
    ):
        raise Forbidden("only_own_staff")


def _refuse_unknown(act: Act, wanted: Wanted) -> None:
    """The organisation and a named post must be there, and the post vacant and its own.

    Who holds a post speaks for its organisation, so that a centre fills only those posts that
    belong to it or to an organisation that it looks after.
    """
    try:
        organisations.shown(act, wanted.organisation)
    except NotFound:
        raise Invalid([FieldError("/organisation", "organisation_unknown")]) from None
    if isinstance(act.scope, Centre) and not organisations.looks_after(
        act, act.scope.id, wanted.organisation
    ):
        raise Invalid([FieldError("/organisation", "organisation_unrelated")])
    if wanted.post is None:
        return
    try:
        post = accounts.post(act, wanted.post)
    except NotFound:
        raise Invalid([FieldError("/post", "post_unknown")]) from None
    if (post.organisation, post.role) != (wanted.organisation, wanted.role):
        raise Invalid([FieldError("/post", "post_unknown")])
    if post.holder is not None:
        raise Refused("post_held")


def _account(state: Invitation) -> str:
    if state.account is None:
        raise Refused("invitation_not_entered")
    return state.account


def _key(act: Act) -> bytes:
    if act.keys is None or act.keys.kek is None:
        raise Unavailable("no_vault_key")
    return act.keys.kek
