"""Making, replacing and using the keys that sign tokens."""

import json
import time
from datetime import datetime, timedelta

from joserfc.jwk import OKPKey

from chassis import vault
from chassis.act import Act
from chassis.documents import Stored
from chassis.errors import Conflict, Refused, Unavailable
from chassis.facts import derived_id, stamp
from chassis.tokens import Identity, issue, sign_key
from services.registration.acting import in_public
from services.registration.keys import model, store
from services.registration.keys.model import OVERLAP, SigningKey, Status

CLOCKS_APART = timedelta(minutes=1)
"""A key that signs at once begins a little earlier, for copies whose clocks are behind."""

VISIBLE_TRIES = 100
VISIBLE_SECONDS = 0.02
"""How long a key that another copy wrote may take to be visible to majority reads."""


def ensure(act: Act) -> Stored[SigningKey]:
    """The key that signs now; the first one is made when none is there.

    A key's name comes from its number, so that two copies of the service make one key.
    """
    act = in_public(act)
    for _ in range(VISIBLE_TRIES):
        # The number is read before the keys, so that a key made in between is found, not doubled.
        number = store.last_number(act) + 1
        found = store.signing(act, act.now)
        if found is not None:
            return found
        try:
            _make(act, number, act.now - CLOCKS_APART)
        except Conflict:
            # Another copy has just made it, and a majority is about to know.
            time.sleep(VISIBLE_SECONDS)
    raise Unavailable("no_keys")


def sign(act: Act, identity: Identity, not_before: datetime) -> tuple[str, datetime]:
    """A token for an identity. It is dated after `not_before`, the account's last sign-out, since
    tokens carry whole seconds only."""
    key = ensure(act)
    private = vault.unseal(act, key.id, "private", key.state.private)
    if private is None:
        raise Unavailable("no_keys")
    moment = max(act.now, not_before + timedelta(seconds=1) - timedelta(milliseconds=1))
    return issue(key.state.kid, OKPKey.import_key(json.loads(private)), identity, moment)


def succeed(act: Act, id: str) -> None:
    """Make the next key ahead of the day on which this one stops signing."""
    stored = store.signing_keys.load(act, id)
    number = stored.state.number
    newest = store.last_number(act) == number
    if newest and stored.state.status is Status.PUBLISHED and act.now < stored.state.signs_until:
        _make(act, number + 1, stored.state.signs_until)
    store.signing_keys.save(act, stored, stored.state, due=[])


def rotate(act: Act) -> Stored[SigningKey]:
    """Replace the signing key now, say because its secret may be known.

    The old key verifies for a few minutes more, until every token of it has run out.
    """
    for old in store.published(act):
        state = old.state.model_copy(
            update={"signs_until": act.now, "not_after": act.now + OVERLAP}
        )
        _republish(act, old, state)
    _make(act, store.last_number(act) + 1, act.now - CLOCKS_APART)
    return ensure(act)


def revoke(act: Act, kid: str) -> None:
    """Let a key verify nothing any more: every token signed with it is void."""
    stored = store.signing_keys.get(act, kid)
    if stored.state.status is Status.RETIRED:
        raise Refused("key_retired")
    ends = min(stored.state.not_after, act.now)
    state = stored.state.model_copy(
        update={"status": Status.RETIRED, "signs_until": ends, "not_after": ends}
    )
    _republish(act, stored, state)


def _make(act: Act, number: int, begin: datetime) -> None:
    kid = _kid(act, number)
    key = OKPKey.generate_key("Ed25519")
    until, not_after = model.lifetime(begin)
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    state = SigningKey(
        kid=kid,
        number=number,
        public={name: public[name] for name in ("kty", "crv", "x")},
        private=vault.seal(act, kid, "private", json.dumps(key.as_dict(private=True))) or b"",
        not_before=begin,
        signs_until=until,
        not_after=not_after,
        signature="",
    )
    state = _signed(act, state)
    try:
        store.signing_keys.create(act, kid, state, [model.published(state)], due=model.due(state))
    except Refused:
        raise Conflict(kid) from None


def _kid(act: Act, number: int) -> str:
    """The same name in every copy of this service, and in no other house that shares a broker."""
    if act.keys is None or act.keys.root_public is None:
        raise Unavailable("no_keys")
    root = str(act.keys.root_public.as_dict(private=False)["x"])
    return derived_id("signing-key", act.database.name, root, str(number))


def _republish(act: Act, stored: Stored[SigningKey], state: SigningKey) -> None:
    state = _signed(act, state)
    store.signing_keys.save(act, stored, state, [model.published(state)], due=[])


def _signed(act: Act, state: SigningKey) -> SigningKey:
    if act.keys is None:
        raise Unavailable("no_keys")
    begin, end = stamp(state.not_before), stamp(state.not_after)
    signature = sign_key(act.keys, state.kid, state.public, begin, end)
    return state.model_copy(update={"signature": signature})
