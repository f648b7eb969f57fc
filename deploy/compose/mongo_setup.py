"""Prepare the database: the replica set, and one user per service that sees only its own database.

Idempotent. During its very first start the server answers, stops and starts again, so everything
here is tried until it holds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from chassis import logs
from chassis.away import patient
from chassis.contracts import SERVICES

HOST = "mongo:27017"
REPLICA_SET = "rs0"
SECRETS = Path("/run/secrets")
LIMIT = 120.0
NOT_YET_INITIALIZED = 94
USER_EXISTS = 51003


def prepare(client: MongoClient[dict[str, Any]]) -> bool:
    """Do what is left to do; True when nothing is."""
    try:
        client.admin.command("replSetGetStatus")
    except OperationFailure as failure:
        if failure.code != NOT_YET_INITIALIZED:
            raise
        member = {"_id": 0, "host": HOST}
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
        return False
    if not client.admin.command("hello").get("isWritablePrimary"):
        return False
    for service in SERVICES:
        password = (SECRETS / f"mongo_{service}").read_text(encoding="ascii").strip()
        # readWrite covers collections, indexes and the renames of a rebuild, in this database only.
        roles = [{"role": "readWrite", "db": service}]
        try:
            client[service].command("createUser", service, pwd=password, roles=roles)
        except OperationFailure as failure:
            if failure.code != USER_EXISTS:
                raise
            client[service].command("updateUser", service, pwd=password, roles=roles)
    return True


def once(password: str) -> None:
    """One attempt. Raises AutoReconnect while the server is not so far.

    What it refuses meanwhile has many codes: it is without its replica set, then without its root
    user, then no primary.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(
        HOST,
        directConnection=True,
        username="root",
        password=password,
        serverSelectionTimeoutMS=2000,
        timeoutMS=10_000,
    )
    with client:
        try:
            ready = prepare(client)
        except OperationFailure as failure:
            raise AutoReconnect(f"{HOST} is not ready: {failure}") from failure
        if not ready:
            raise AutoReconnect(f"{HOST} is no primary yet")


def main() -> None:
    """Try until it holds or two minutes are over; the log says so meanwhile."""
    logs.configure("setup", "mongo")
    password = (SECRETS / "mongo_root").read_text(encoding="ascii").strip()
    patient(lambda: once(password), LIMIT)
    sys.stdout.write(f"replica set {REPLICA_SET} with {len(SERVICES)} users is ready\n")


if __name__ == "__main__":
    main()
