"""How often someone may guess: failures are counted by login and by address, in fixed windows."""

from datetime import UTC, datetime, timedelta

from chassis.errors import Problem

WINDOW = timedelta(minutes=15)
BY_LOGIN = 10
BY_ADDRESS = 100
"""A school's teachers share one address, so an address may fail more often than a login."""


class TooManyAttempts(Problem):
    """Guessing has to pause; nothing is said about whether the login exists."""

    status = 429

    def __init__(self, again_at: datetime) -> None:
        super().__init__("too_many_attempts", again_at=again_at)


def window(now: datetime) -> tuple[str, datetime]:
    """The name of the present window and the moment at which it ends."""
    number = int(now.timestamp() // WINDOW.total_seconds())
    ends = datetime.fromtimestamp((number + 1) * WINDOW.total_seconds(), UTC)
    return str(number), ends
