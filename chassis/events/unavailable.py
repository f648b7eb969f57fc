"""Which errors say that the broker is away, and nothing about what was sent or read."""

from kafka.errors import RetriableError, SaslAuthenticationFailedError

from chassis.events.broker import BrokerAway


def unavailable(error: BaseException) -> bool:
    """Whether the broker is away, still starting, or does not know this service (yet)."""
    return isinstance(error, BrokerAway | RetriableError | SaslAuthenticationFailedError)
