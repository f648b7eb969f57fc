"""Which errors say that a server is away or slow, and nothing about what was sent or read."""

from kafka.errors import RetriableError, SaslAuthenticationFailedError
from pymongo.errors import PyMongoError

from chassis.events.broker import BrokerAway


def unavailable(error: BaseException) -> bool:
    """Whether the broker is away, still starting, or does not know this service (yet)."""
    return isinstance(error, BrokerAway | RetriableError | SaslAuthenticationFailedError)


def slow_or_met(error: PyMongoError) -> bool:
    """Whether a transaction ended for want of time, or because another wrote the same."""
    return error.timeout or error.has_error_label("TransientTransactionError")
