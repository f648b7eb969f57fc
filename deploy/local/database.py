"""A real mongod as a replica set of one: transactions, change streams and majority writes."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.local import machine

REPLICA_SET = "rs0"
FAULTS = "IEUM_FAULTS"
"""A stack that is started with this variable has a database that can be told to fail."""


def command(directory: Path, port: int) -> list[str]:
    """Return the command that runs mongod on `directory`, created if it is not there."""
    directory.mkdir(parents=True, exist_ok=True)
    return [
        str(machine.mongod()),
        "--replSet",
        REPLICA_SET,
        "--bind_ip",
        "127.0.0.1",
        "--port",
        str(port),
        "--dbpath",
        str(directory),
        "--nounixsocket",
        "--wiredTigerCacheSizeGB",
        "0.5",
        # The log would quote a slow operation with all that it names, e-mail addresses included.
        "--slowms",
        "2147483647",
        # A client killed inside a transaction blocks its documents for this long only.
        "--setParameter",
        "transactionLifetimeLimitSeconds=5",
        "--setParameter",
        "diagnosticDataCollectionEnabled=false",
        *(["--setParameter", "enableTestCommands=1"] if os.environ.get(FAULTS) else []),
    ]


def uri(port: int) -> str:
    """Return the address for clients."""
    return f"mongodb://127.0.0.1:{port}/?replicaSet={REPLICA_SET}"


def writable(port: int) -> bool:
    """Tell whether the node is a primary; found the replica set or move it to its port if need be.

    Idempotent, to be called until it is true.
    """
    from pymongo import MongoClient
    from pymongo.errors import OperationFailure, PyMongoError

    host = f"127.0.0.1:{port}"
    client: MongoClient[dict[str, object]] = MongoClient(
        host, directConnection=True, serverSelectionTimeoutMS=500, timeoutMS=2000
    )
    not_yet_initialized, invalid_config = 94, 93
    try:
        hello = client.admin.command("hello")
        if hello.get("isWritablePrimary"):
            return bool(hello.get("me") == host)
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as failure:
            if failure.code not in (not_yet_initialized, invalid_config):
                raise
            member = {"_id": 0, "host": host}
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
            return False
        if config["members"][0]["host"] != host:
            # The data was made on another port, which is free no longer.
            config["members"][0]["host"] = host
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
    except PyMongoError:
        return False
    else:
        return False
    finally:
        client.close()
