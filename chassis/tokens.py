"""Tokens: EdDSA, ten minutes, verified offline by every service.

Registration signs with a key of its own making and publishes the public half as `key.published`,
countersigned by the root key. Each service keeps the public keys it has heard of in
`signing_keys` and trusts one only if the root's signature is good.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jwt import JWTClaimsRegistry

from chassis.act import Documents
from chassis.clock import now
from chassis.errors import Unauthenticated, Unavailable
from chassis.facts import fresh_id
from chassis.roles import Role
from chassis.secrets import Keys
from chassis.vouching import Vouch

K = TypeVar("K")
ALGORITHM = "EdDSA"
ISSUER = "ieum"
MINUTES = 10
REREAD_SECONDS = 5.0
MOST_KEPT = 2000
LEEWAY_SECONDS = 5
"""How far the clocks of the issuing and the verifying machine may lie apart."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token speaks for."""

    account: str
    organisation: str
    role: Role
    post: str = ""
    centres: tuple[str, ...] = ()
    session: str = ""
    expires: int = 0
    session_ends: int = 0
    """When the session ends if nobody does anything, in seconds; 0 where it is not known."""


def countersigned(kid: str, jwk: dict[str, str], not_before: str, not_after: str) -> bytes:
    """The bytes that the root signs for a public key."""
    return "\x1f".join((kid, jwk["crv"], jwk["x"], not_before, not_after)).encode()


def sign_key(keys: Keys, kid: str, jwk: dict[str, str], not_before: str, not_after: str) -> str:
    """The root's signature over a signing key, in hex. Only registration has the root's key."""
    if keys.root_private is None:
        raise Unavailable("no_keys")
    raw: Any = keys.root_private.private_key
    signature: bytes = raw.sign(countersigned(kid, jwk, not_before, not_after))
    return signature.hex()


def trusted(keys: Keys, row: dict[str, Any]) -> bool:
    """Whether the root key signed this published key."""
    if keys.root_public is None:
        return False
    raw: Any = keys.root_public.public_key
    message = countersigned(row["kid"], row["jwk"], row["not_before"], row["not_after"])
    try:
        raw.verify(bytes.fromhex(row["signature"]), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def issue(kid: str, key: OKPKey, identity: Identity, now: datetime) -> tuple[str, datetime]:
    """A token for ten minutes and the moment it expires."""
    expires = now + timedelta(minutes=MINUTES)
    claims = {
        "iss": ISSUER,
        "aud": [ISSUER],
        "sub": identity.account,
        "org": identity.organisation,
        "role": identity.role.value,
        "post": identity.post,
        "centres": list(identity.centres),
        "sid": identity.session,
        "ses": identity.session_ends,
        "jti": fresh_id(),
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()) - 5,
        "exp": int(expires.timestamp()),
    }
    header = {"alg": ALGORITHM, "kid": kid, "typ": "at+jwt"}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM]), expires


def _seconds() -> float:
    return now().timestamp()


def _keep(kept: dict[str, K], name: str, value: K) -> None:
    """Remember; what has become too much is forgotten as a whole."""
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[name] = value


class Verifier:
    """Checks tokens with the keys that this service has heard of.

    An unknown `kid` re-reads the keys at most once in five seconds, so that a flood of made-up
    tokens does not become a flood of queries.
    """

    def __init__(
        self,
        database: Documents,
        keys: Keys,
        clock: Callable[[], float] = _seconds,
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._known: dict[str, tuple[OKPKey, float, float]] = {}
        self._read_at = -REREAD_SECONDS
        self._verified: dict[str, tuple[Identity, int, str]] = {}
        self._claims = JWTClaimsRegistry(
            now=lambda: int(self._clock()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": ISSUER},
            sub={"essential": True},
            role={"essential": True, "values": [role.value for role in Role]},
            exp={"essential": True},
            nbf={"essential": True},
        )

    def verify(self, token: str) -> Identity:
        """Whom the token speaks for. Raises Unauthenticated, or Unavailable without any key."""
        identity, vouch = self.claimed(token)
        vouch.settle()
        return identity

    def claimed(self, token: str) -> tuple[Identity, Vouch]:
        """The same as far as the token itself says it. Whether its account was shut out meanwhile
        is to be asked still, before anything is done for it."""
        kept = self._verified.get(token)
        if kept is None:
            kept = self._opened(token)
            _keep(self._verified, token, kept)
        identity, issued, kid = kept
        # The signature of the same bytes stays good; time and keys go on.
        self._key(kid)
        if identity.expires + LEEWAY_SECONDS <= self._clock():
            raise Unauthenticated("token_expired")
        return identity, Vouch(self._database, identity.account, issued)

    def _opened(self, token: str) -> tuple[Identity, int, str]:
        """What a token says, with its time of issue and its key, once all of it is checked."""
        try:
            found = jwt.decode(token, self._find, algorithms=[ALGORITHM])
            if found.header.get("typ") != "at+jwt":
                raise Unauthenticated()
            self._claims.validate(found.claims)
        except (JoseError, ValueError) as error:
            code = "token_expired" if "expired" in type(error).__name__.lower() else "sign_in"
            raise Unauthenticated(code) from error
        claims = found.claims
        identity = Identity(
            account=claims["sub"],
            organisation=claims.get("org", ""),
            role=Role(claims["role"]),
            post=claims.get("post", ""),
            centres=tuple(claims.get("centres", ())),
            session=claims.get("sid", ""),
            expires=int(claims["exp"]),
            session_ends=int(claims.get("ses", 0)),
        )
        return identity, int(claims["iat"]), found.header.get("kid", "")

    def _find(self, token: Any) -> OKPKey:
        return self._key(token.headers().get("kid", ""))

    def _key(self, kid: str) -> OKPKey:
        """A key that is good now. Raises Unauthenticated, or Unavailable without any."""
        if kid not in self._known and self._clock() - self._read_at >= REREAD_SECONDS:
            self._read()
        if not self._known:
            raise Unavailable("no_keys")
        if kid not in self._known:
            raise Unauthenticated()
        key, not_before, not_after = self._known[kid]
        if not not_before - 60 <= self._clock() <= not_after:
            raise Unauthenticated()
        return key

    def _read(self) -> None:
        rows = self._database["signing_keys"].find()
        self._known = {
            row["kid"]: (
                OKPKey.import_key(row["jwk"]),
                datetime.fromisoformat(row["not_before"]).timestamp(),
                datetime.fromisoformat(row["not_after"]).timestamp(),
            )
            for row in rows
            if trusted(self._keys, row)
        }
        if self._known:
            self._read_at = self._clock()
