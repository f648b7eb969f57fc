"""Database or broker away: told apart from a fault of ours, waited for, and said in a sentence.

Containers start in any order, and a server may be restarted under a running system. What needs one
then ends or waits, and says for what; nothing is lost, since nothing was acknowledged.
"""

import time
from collections.abc import Callable
from typing import Literal, TypeVar

import click
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from chassis.events.unavailable import unavailable
from chassis.logs import logger

R = TypeVar("R")
Server = Literal["database", "broker"]

NOT_LET_IN = 18
"""MongoDB's code for a user that it does not know (yet): the setup has not made it."""
AGAIN_SECONDS = 1.0
TELL_SECONDS = 5.0
SENTENCES: dict[Server, str] = {
    "database": "The database does not answer or does not let this service in ({error}): is it "
    "running, and are IEUM_MONGO_URI and its password right? `config` shows what is used.",
    "broker": "The broker does not answer or does not let this service in ({error}): is it "
    "running, and are IEUM_KAFKA_BOOTSTRAP and its password right? `config` shows what is used.",
}


waiting = click.option(
    "--wait",
    default=120.0,
    show_default=True,
    help="Seconds to wait for a database or broker that is still starting.",
)


def away(error: BaseException) -> Server | None:
    """Which server an error says is away; None if it says something else."""
    if isinstance(error, PyMongoError):
        refused = isinstance(error, OperationFailure) and error.code == NOT_LET_IN
        gone = isinstance(error, ConnectionFailure) or error.timeout
        return "database" if refused or gone else None
    return "broker" if unavailable(error) else None


def sentence(server: Server, error: BaseException) -> str:
    """What an operator reads instead of a traceback."""
    return SENTENCES[server].format(error=type(error).__name__)


def patient(work: Callable[[], R], seconds: float) -> R:
    """Do it as soon as the servers are there. After so many seconds their error is raised."""
    begun, tell_at = time.monotonic(), 0.0
    while True:
        try:
            return work()
        except Exception as error:
            server, present = away(error), time.monotonic()
            if server is None or present - begun >= seconds:
                raise
            if present >= tell_at:
                tell_at = present + TELL_SECONDS
                logger().warning("waiting", waits_for=server, error=type(error).__name__)
        time.sleep(AGAIN_SECONDS)
