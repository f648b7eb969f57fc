"""What can be done with posts and accounts. Signing in is the business of `sessions`."""

from dataclasses import dataclass

from chassis import audit, vault
from chassis.act import Act
from chassis.documents import Page, Receipt, Stored
from chassis.errors import FieldError, Invalid, NotFound
from services.registration.accounts import model, passwords, store
from services.registration.accounts.model import Account, AccountStatus, Post, Role
from services.registration.contacts import operations as contacts
from services.registration.contacts.model import Duty, Reach
from services.registration.organisations import operations as organisations

FIELDS = ("person", "email", "telephone")


@dataclass(frozen=True, slots=True)
class NewHolder:
    """Who takes a post: how she signs in, how she is reached, and what she calls the post."""

    login: str
    password: str
    words: Reach
    language: str = "ko"
    duty: str = ""


def create_post(act: Act, id: str, organisation: str, centre: str, role: Role, duty: str) -> Post:
    """A vacant post of an organisation."""
    organisations.shown(act, organisation)
    state = Post(organisation=organisation, centre=centre, role=role, duty=duty)
    store.posts.create(act, id, state)
    return state


def post(act: Act, id: str) -> Post:
    """A post within scope."""
    return store.posts.get(act, id).state


def posts_of(act: Act, organisation: str) -> list[Stored[Post]]:
    """The posts of an organisation within scope. Raises NotFound if it is not there."""
    organisations.shown(act, organisation)
    return store.posts_of(act, organisation)


def posts_within(act: Act) -> list[Stored[Post]]:
    """Every post within scope, whose organisation it may be."""
    return list(store.posts.each(act, {}))


def entered(act: Act, id: str) -> tuple[str, Reach]:
    """The login and the words of who waits for approval. The reading is put on record."""
    stored = store.accounts.get(act, id)
    audit.read_personal_data(act, "accounts", [id], "approval")
    return stored.state.login, _words(act, stored)


def open_account(act: Act, id: str, post_id: str, holder: NewHolder, pending: bool) -> Receipt:
    """An account for who is to hold a post. A pending one waits for the centre's approval.

    Runs inside the caller's transaction. The post itself is taken by `install`.
    """
    model.check_credentials(holder.login, holder.password)
    there = store.posts.get(act, post_id).state
    if not store.reserve_login(act, holder.login, id):
        raise Invalid([FieldError("/login", "login_taken", {"login": holder.login})])
    words = holder.words
    sealed = {field: vault.seal(act, id, field, getattr(words, field)) for field in FIELDS}
    state = Account(
        login=holder.login,
        password=passwords.hashed(holder.password),
        organisation=there.organisation,
        centre=there.centre,
        role=there.role,
        posts=(post_id,),
        sealed={field: content for field, content in sealed.items() if content is not None},
        language=holder.language,
        status=AccountStatus.PENDING if pending else AccountStatus.ACTIVE,
        tokens_not_before=act.now,
    )
    return store.accounts.create(act, id, state, model.open_account(state))


def install(act: Act, post_id: str, account: str, replaces: str | None) -> None:
    """Put an account into its post, and whoever handed the post over out of it.

    Messages for the post go to the new holder from now on. Runs inside a transaction.
    """
    stored = store.posts.get(act, post_id)
    there = stored.state
    if replaces is not None and there.holder == replaces:
        leave_post(act, replaces, post_id)
        there = model.vacate(there)
    taken = model.take_post(there, account, act.now)
    store.posts.save(act, stored, taken)
    holder = store.accounts.get(act, account)
    words = _words(act, holder)
    if taken.role is not Role.ADMIN and (words.email or words.telephone):
        contacts.hold_post(
            act,
            post_id,
            model.speaks_for(taken.organisation, taken.centre, taken.role),
            taken.centre,
            Duty(taken.role.value),
            words,
            holder.state.language,
        )


def name_post(act: Act, id: str, duty: str) -> None:
    """Call a post what its holder calls it."""
    stored = store.posts.get(act, id)
    if stored.state.duty != duty:
        store.posts.save(act, stored, model.named(stored.state, duty))


def leave_post(act: Act, account: str, post_id: str) -> None:
    """Take a post from an account; the last one gone, the account has ended."""
    stored = store.accounts.get(act, account)
    state, events = model.leave_post(stored.state, post_id, act.now)
    store.accounts.save(act, stored, state, events)


def approve(act: Act, id: str) -> None:
    """Let a pending account in. Runs inside the caller's transaction."""
    stored = store.accounts.get(act, id)
    state, events = model.approve(stored.state)
    store.accounts.save(act, stored, state, events)


def suspend(act: Act, id: str) -> Receipt:
    """Shut an account out at once, at every service."""
    stored = store.accounts.load(act, id)
    state, events = model.suspend(stored.state, act.now)
    return store.accounts.save(act, stored, state, events)


def end_term(act: Act, centre: str, operator: str) -> int:
    """The contract of a centre's operator has ended: its staff are shut out of the centre at once,
    and messages for their posts reach them no more. Returns how many.

    Runs inside the caller's transaction. A centre may let somebody in again by `restore`.
    """
    staff = store.staff(act, centre, operator)
    for stored in staff:
        state, events = model.suspend(stored.state, act.now)
        store.accounts.save(act, stored, state, events)
        for post_id in state.posts:
            contacts.forget_post(act, post_id)
    return len(staff)


def counted(act: Act, organisation: str) -> tuple[int, int]:
    """(posts, accounts that may sign in) of an organisation within scope."""
    signing = [row for row in store.of_organisation(act, organisation) if row.state.may_sign_in]
    return len(store.posts_of(act, organisation)), len(signing)


def move(act: Act, gone: str, survivor: str) -> None:
    """Whoever belonged to one organisation belongs to another from now on.

    Tokens given out before name the one that is gone and are void; the session gives new ones.
    Runs inside the caller's transaction.
    """
    for post in store.posts_of(act, gone):
        state = post.state.model_copy(update={"organisation": survivor})
        store.posts.save(act, post, state)
    for row in store.of_organisation(act, gone):
        account, events = model.move(row.state, survivor, act.now)
        store.accounts.save(act, row, account, events)


def restore(act: Act, id: str) -> Receipt:
    """Let a suspended account in again."""
    stored = store.accounts.load(act, id)
    state, events = model.restore(stored.state)
    return store.accounts.save(act, stored, state, events)


def sign_out_everywhere(act: Act, id: str) -> Receipt:
    """Make every token of the account void from now on."""
    stored = store.accounts.get(act, id)
    state, events = model.sign_out_everywhere(stored.state, act.now)
    return store.accounts.save(act, stored, state, events)


def change_password(act: Act, id: str, old: str, new: str) -> Receipt:
    """A new password, for who knows the old one."""
    stored = store.accounts.get(act, id)
    if not passwords.matches(stored.state.password, old):
        raise Invalid([FieldError("/old", "password_wrong")])
    model.check_credentials(stored.state.login, new)
    state, events = model.change_password(stored.state, passwords.hashed(new), act.now)
    return store.accounts.save(act, stored, state, events)


def account_of(act: Act, login: str) -> str | None:
    """The account that a login belongs to."""
    return store.account_of(act, login)


def account(act: Act, id: str) -> Stored[Account]:
    """An account within scope."""
    return store.accounts.get(act, id)


def listed(act: Act, organisation: str | None, limit: int, after: str | None) -> Page[Account]:
    """Accounts within scope, without anything personal."""
    return store.page(act, organisation, limit, after)


def create_user(act: Act, organisation: str, role: Role, duty: str, holder: NewHolder) -> Receipt:
    """An account with a post of its own, made by an operator's command on the service.

    Repeating it for a login that is there changes nothing and answers that account.
    """
    there = store.account_of(act, holder.login)
    if there is not None:
        found = store.accounts.get(act, there)
        return Receipt(
            id=found.id, version=found.version, sequence=found.sequence, state=found.state.status
        )
    post_id, id = act.new_id("post"), act.new_id("account")

    def work(act: Act) -> Receipt:
        create_post(act, post_id, organisation, organisation, role, duty)
        receipt = open_account(act, id, post_id, holder, pending=False)
        install(act, post_id, id, replaces=None)
        return receipt

    return act.together(work)


def _words(act: Act, stored: Stored[Account]) -> Reach:
    try:
        return Reach(
            **{
                field: vault.unseal(act, stored.id, field, stored.state.sealed.get(field))
                for field in FIELDS
            }
        )
    except NotFound:
        return Reach()
