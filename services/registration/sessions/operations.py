"""Signing in and out, renewing tokens, and ending every session of an account."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.documents import Stored
from chassis.errors import NotFound, Unauthenticated
from chassis.facts import fresh_id
from chassis.roles import Role
from chassis.together import Question, answers
from chassis.tokens import Identity
from services.registration.accounts import operations as accounts
from services.registration.accounts import passwords
from services.registration.accounts.model import Account
from services.registration.acting import only
from services.registration.attempts import operations as attempts
from services.registration.keys import operations as keys
from services.registration.organisations import operations as organisations
from services.registration.sessions import model, store
from services.registration.sessions.model import Session


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A token, whom it speaks for, and the session behind it."""

    token: str
    expires_at: datetime
    identity: Identity
    session_ends: datetime
    secret: str | None = None
    last_sign_in: datetime | None = None


def sign_in(act: Act, login: str, password: str, address: str) -> SignedIn:
    """Open a session. Raises Unauthenticated, the same for an unknown login as for a wrong
    password, and TooManyAttempts."""
    login = login.strip().lower()
    attempts.refuse_guessing(act, login, address)
    account = _known(act, login)
    if not passwords.matches(account.state.password if account else None, password):
        account = None
    if account is None or not account.state.may_sign_in:
        attempts.failed(act, login, address)
        raise Unauthenticated("wrong_login")
    _refuse_ended_term(act, account.state)
    attempts.succeeded(act, login, address)
    secret = secrets.token_urlsafe(32)
    session = Session(id=fresh_id(), account=account.id, created=act.now, used=act.now)
    store.put(act, model.hash_of(secret), session)
    before = store.signed_in(act, account.id, act.now)
    return _token(act, account, session, secret, before)


def renew(act: Act, secret: str) -> SignedIn:
    """A new token for a session that lives. Raises Unauthenticated."""
    session, account = _session(act, secret)
    store.touch(act, model.hash_of(secret), act.now)
    return _token(act, account, session, None, store.last_sign_in(act, account.id))


def sign_out(act: Act, secret: str) -> None:
    """End the session; its last token runs out within ten minutes."""
    store.drop(act, model.hash_of(secret))


def sign_out_everywhere(act: Act, secret: str) -> None:
    """End every session of the account and make all its tokens void."""
    session, _ = _session(act, secret)
    store.drop_all(act, session.account)
    accounts.sign_out_everywhere(only(act, session.account), session.account)


def change_password(act: Act, secret: str, old: str, new: str) -> None:
    """A new password; every session ends, since one of them may be a stranger's."""
    session, _ = _session(act, secret)
    accounts.change_password(only(act, session.account), session.account, old, new)
    store.drop_all(act, session.account)


def before_question(account: str) -> Question:
    """When the acting account signed in the time before this one; for `before_in`."""
    return store.sign_in_before(account)


def before_in(answer: Iterable[Mapping[str, Any]]) -> datetime | None:
    """The time in the answer; None at the first sign-in."""
    return next((row.get("before") for row in answer), None)


def before(act: Act, account: str) -> datetime | None:
    """When the acting account signed in the time before this one."""
    (answer,) = answers(act, before_question(account))
    return before_in(answer)


def end_sessions(act: Act, account: str) -> int:
    """End every session of an account that was shut out."""
    return store.drop_all(act, account)


def _known(act: Act, login: str) -> Stored[Account] | None:
    id = accounts.account_of(act, login)
    return accounts.account(only(act, id), id) if id else None


def _session(act: Act, secret: str) -> tuple[Session, Stored[Account]]:
    session = store.get(act, model.hash_of(secret)) if secret else None
    if session is None or not session.alive(act.now):
        raise Unauthenticated()
    try:
        account = accounts.account(only(act, session.account), session.account)
    except NotFound:
        raise Unauthenticated() from None
    shut_out = session.created < account.state.tokens_not_before
    if shut_out or not account.state.may_sign_in:
        raise Unauthenticated()
    _refuse_ended_term(act, account.state)
    return session, account


def _refuse_ended_term(act: Act, state: Account) -> None:
    """Staff of a contracted operator act for the centre while the contract's term lasts."""
    centre, own = state.acts_for, state.organisation
    if centre != own and not organisations.operates(act, centre, own):
        raise Unauthenticated("operator_term_over")


def _token(
    act: Act,
    account: Stored[Account],
    session: Session,
    secret: str | None,
    before: datetime | None,
) -> SignedIn:
    state = account.state
    role = Role(state.role.value)
    identity = Identity(
        account=account.id,
        organisation=state.acts_for,
        role=role,
        post=state.posts[0],
        centres=_centres(act, state, role),
        session=session.id,
        session_ends=int(session.left_alone(act.now).timestamp()),
    )
    token, expires = keys.sign(act, identity, state.tokens_not_before)
    return SignedIn(token, expires, identity, session.ends, secret, before)


def _centres(act: Act, state: Account, role: Role) -> tuple[str, ...]:
    """The centres that a role may see: its own, those it supervises, those it works with."""
    if role is Role.CENTRE:
        return (state.acts_for,)
    if role is Role.ADMIN:
        return ()
    return organisations.centres_of(act, state.organisation, supervised=role is Role.OFFICE)
