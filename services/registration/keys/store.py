"""Signing keys in MongoDB. The public half is public; the private half is sealed."""

from datetime import datetime

from chassis.act import Act
from chassis.documents import Aggregates, Owners, Stored
from services.registration.keys.model import SigningKey, Status

signing_keys: Aggregates[SigningKey] = Aggregates(
    "issuing_keys", "registration.keys", SigningKey, lambda _: Owners(public=True)
)


def published(act: Act) -> list[Stored[SigningKey]]:
    """The keys that are in use or will be, the oldest first."""
    wanted = {"state.status": Status.PUBLISHED.value}
    return list(signing_keys.each(act, wanted, sort="state.number"))


def signing(act: Act, now: datetime) -> Stored[SigningKey] | None:
    """The newest key that signs now."""
    return next((key for key in reversed(published(act)) if key.state.signs(now)), None)


def last_number(act: Act) -> int:
    """The number of the newest key ever made; 0 before the first."""
    rows = list(signing_keys.each(act, {}, sort="state.number"))
    return rows[-1].state.number if rows else 0
