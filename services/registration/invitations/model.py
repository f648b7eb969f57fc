"""Invitations: the way to an account, by a link in an e-mail or by a one-time code in a letter.

An invitation to a school travels by 공문 and not to a known teacher's address: whoever enters
with its code is let in only when the centre approves. A link that went to an address the centre
wrote down needs no second look. Only a hash of either secret is stored; both are used once.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from chassis.errors import Refused
from chassis.facts import Due, Event, stamp
from services.registration.accounts.model import Role

LASTS = timedelta(days=14)
CODE_SIGNS = 12
CODE_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Signs of a code: no I, L, O, U, 0 and 1, since it is read aloud and typed from paper."""


class Way(StrEnum):
    """How the secret reaches the invited."""

    EMAIL = "email"
    CODE = "code"


class Status(StrEnum):
    """Where an invitation stands; `entered` waits for the centre's approval."""

    OPEN = "open"
    ENTERED = "entered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Invitation(BaseModel):
    """The state of an invitation. `replaces` is the account that hands its post over."""

    model_config = ConfigDict(frozen=True)

    organisation: str
    centre: str | None
    role: Role
    post: str
    way: Way
    secret_hash: str
    expires_at: datetime
    replaces: str | None = None
    account: str | None = None
    status: Status = Status.OPEN


def secret(key: bytes, invitation: str, way: Way) -> str:
    """The invitation's secret, the same each time the command is repeated, stored nowhere.

    A code has twelve signs of an alphabet of 30: 58 bits, behind a rate limit and an expiry.
    """
    digest = hmac.digest(key, f"invitation|{way}|{invitation}".encode(), hashlib.sha256)
    if way is Way.EMAIL:
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    number = int.from_bytes(digest, "big")
    signs = []
    for _ in range(CODE_SIGNS):
        number, place = divmod(number, len(CODE_ALPHABET))
        signs.append(CODE_ALPHABET[place])
    return "-".join("".join(signs[at : at + 4]) for at in range(0, CODE_SIGNS, 4))


def hash_of(typed: str) -> str:
    """What is stored of a secret, and looked up. Hyphens and case of a typed code are ignored."""
    text = typed.strip()
    if len(text) <= CODE_SIGNS + 4:
        text = "".join(sign for sign in text.upper() if sign.isalnum())
    return hashlib.sha256(f"invitation|{text}".encode()).hexdigest()


def due(state: Invitation) -> list[Due]:
    """When an open invitation runs out."""
    return [Due(state.expires_at, "expire")] if state.status is Status.OPEN else []


def check(state: Invitation, now: datetime) -> None:
    """Raise Refused with the reason why nobody may enter by this invitation any more."""
    if state.status is Status.WITHDRAWN:
        raise Refused("invitation_withdrawn")
    if state.status is Status.EXPIRED or (state.status is Status.OPEN and now >= state.expires_at):
        raise Refused("invitation_expired", at=state.expires_at)
    if state.status is not Status.OPEN:
        raise Refused("invitation_used")


def enter(state: Invitation, account: str, now: datetime) -> Invitation:
    """The invitation used. By code the centre has to approve; by link it is accepted at once."""
    check(state, now)
    status = Status.ACCEPTED if state.way is Way.EMAIL else Status.ENTERED
    return state.model_copy(update={"account": account, "status": status})


def approve(state: Invitation) -> Invitation:
    """The centre approves who entered with the code."""
    if state.status is not Status.ENTERED:
        raise Refused("invitation_not_entered")
    return state.model_copy(update={"status": Status.ACCEPTED})


def refuse(state: Invitation) -> Invitation:
    """The centre does not know who entered with the code; a new invitation has to be made."""
    if state.status is not Status.ENTERED:
        raise Refused("invitation_not_entered")
    return state.model_copy(update={"status": Status.REFUSED})


def expire(state: Invitation, now: datetime) -> Invitation | None:
    """The expired invitation, or None if it was used, withdrawn or has time left."""
    if state.status is not Status.OPEN or now < state.expires_at:
        return None
    return state.model_copy(update={"status": Status.EXPIRED})


def withdraw(state: Invitation) -> Invitation:
    """An open invitation taken back, say because the letter went astray."""
    if state.status is not Status.OPEN:
        raise Refused("invitation_used")
    return state.model_copy(update={"status": Status.WITHDRAWN})


def invited(
    state: Invitation,
    name: str,
    email: str | None,
    telephone: str | None,
    revealed: str,
    language: str,
) -> Event:
    """The sealed event that lets notifications write, or someone call."""
    by_mail = state.way is Way.EMAIL
    return Event(
        "contact.invited",
        {
            "organisation": state.organisation,
            "name": name,
            "email": email,
            "telephone": telephone,
            "link_path": f"/invitations/accept?token={revealed}"
            if by_mail
            else "/invitations/accept",
            "code": None if by_mail else revealed,
            "expires_at": stamp(state.expires_at),
            "language": language,
        },
    )
