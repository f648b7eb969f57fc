"""The real broker and database for tests: one stack for all sessions that run at the same time."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pymongo import MongoClient

from deploy.local.stack import Stack

NAME = "test"


@dataclass(frozen=True)
class Servers:
    """Where the broker and the database of the session listen."""

    kafka: str
    mongo: str


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Start or find broker and database; stop them when the last session that uses them ends.

    IEUM_KEEP=1 leaves them running for the next session (`python -m deploy.local down --name test`
    stops them then).
    """
    stack = Stack(NAME, services=())
    keep = os.environ.get("IEUM_KEEP") == "1"
    try:
        stack.start(follow=True, throwaway=True)
        if keep:
            stack.layout.keep.touch()
        yield Servers(stack.addresses["kafka"], stack.addresses["mongo"])
    finally:
        stack.release()


@contextmanager
def fresh_database(servers: Servers) -> Iterator[str]:
    """Give a database name that nobody else uses, and drop the database afterwards."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    try:
        yield name
    finally:
        client: MongoClient[dict[str, object]] = MongoClient(servers.mongo, timeoutMS=10_000)
        with client:
            for found in client.list_database_names():
                if found.startswith(name):
                    client.drop_database(found)
