"""Sessions: an opaque secret in a cookie, revocable at once, behind tokens of ten minutes."""

import hashlib
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=2)


class Session(BaseModel):
    """A session. `id` is in every token; the secret itself is stored only as a hash."""

    model_config = ConfigDict(frozen=True)

    id: str
    account: str
    created: datetime
    used: datetime

    def alive(self, now: datetime) -> bool:
        """Whether the session may still be used."""
        return now < self.left_alone(self.used)

    def left_alone(self, used: datetime) -> datetime:
        """When the session ends if it was last used then."""
        return min(self.created + LONGEST, used + IDLE)

    @property
    def ends(self) -> datetime:
        """The moment after which it is dropped, whatever happens."""
        return self.created + LONGEST


def hash_of(secret: str) -> str:
    """What is stored of a session's secret."""
    return hashlib.sha256(f"session|{secret}".encode()).hexdigest()
