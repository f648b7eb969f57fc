"""The keys that sign tokens: made ahead, published under the root key's signature, replaced.

A key is published an hour before it signs, so that every service knows it by then; it stays
valid for one token's life after the next one has taken over.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from chassis.facts import Due, Event, stamp

LIFE = timedelta(days=30)
AHEAD = timedelta(hours=1)
OVERLAP = timedelta(minutes=15)
"""Longer than a token lives (ten minutes), so that no token outlives its key."""


class Status(StrEnum):
    """A retired key verifies nothing any more."""

    PUBLISHED = "published"
    RETIRED = "retired"


class SigningKey(BaseModel):
    """The state of a signing key. `private` is sealed text; `public` is the JWK as published."""

    model_config = ConfigDict(frozen=True)

    kid: str
    number: int
    public: dict[str, str]
    private: bytes
    not_before: datetime
    signs_until: datetime
    not_after: datetime
    signature: str
    status: Status = Status.PUBLISHED

    def signs(self, now: datetime) -> bool:
        """Whether new tokens may be signed with it now."""
        return self.status is Status.PUBLISHED and self.not_before <= now < self.signs_until


def lifetime(begin: datetime) -> tuple[datetime, datetime]:
    """Until when a key that begins at `begin` signs, and until when it verifies."""
    until = begin + LIFE
    return until, until + OVERLAP


def due(state: SigningKey) -> list[Due]:
    """When the next key has to be made: ahead of the day this one stops signing."""
    if state.status is not Status.PUBLISHED:
        return []
    return [Due(state.signs_until - AHEAD, "succeed")]


def published(state: SigningKey) -> Event:
    """The public half, for everyone who verifies tokens."""
    return Event(
        "key.published",
        {
            "kid": state.kid,
            "jwk": state.public,
            "not_before": stamp(state.not_before),
            "not_after": stamp(state.not_after),
            "signature": state.signature,
        },
    )
