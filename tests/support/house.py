"""A service's context on the real broker and database, and waiting for conditions."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from chassis import secrets
from chassis.context import Context, open_context
from chassis.contracts import topics
from chassis.database import prepare
from chassis.events.topics import Admin
from chassis.service import Service
from chassis.settings import Settings
from tests.support.stack import Servers

R = TypeVar("R")
_SECRETS = Path(mkdtemp(prefix="ieum-secrets-"))
_TOPICS: set[str] = set()


def eventually(ask: Callable[[], R], seconds: float = 20.0, what: str = "the condition") -> R:
    """Ask again and again until the answer is true; the answer. Fails after the limit."""
    end = time.monotonic() + seconds
    while True:
        found = ask()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}, last answer: {found!r}")
        time.sleep(0.02)


def context_of(service: Service, servers: Servers, database: str) -> Context:
    """Settings, keys and a prepared database of a service; topics exist on the broker.

    Services share one set of keys, as they would in a running system.
    """
    secrets.make(_SECRETS)
    settings = Settings(
        service=service.name,
        mongo_uri=servers.mongo,
        database=f"{database}_{service.name}",
        kafka_bootstrap=servers.kafka,
        secrets=_SECRETS,
        public_address="http://localhost",
        digest_seconds=0,
        recover_check=False,
        replica=database,
    )
    if servers.kafka not in _TOPICS:
        admin = Admin(settings)
        admin.make(list(topics().values()))
        admin.close()
        _TOPICS.add(servers.kafka)
    context = open_context(settings)
    prepare(context.database, service.aggregates, service.indexes)
    return context
