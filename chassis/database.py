"""The connection to the service's own database, and what every service keeps in it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from typing import Any

import pymongo
from bson.codec_options import CodecOptions, TypeEncoder, TypeRegistry
from pymongo import IndexModel, MongoClient

from chassis.act import Documents
from chassis.documents import Aggregates
from chassis.settings import Settings

INDEX_SECONDS = 600.0

Indexes = Sequence[Sequence[tuple[str, int]] | IndexModel]

NOT_CHAINED = IndexModel("audited", partialFilterExpression={"audited": False})
"""What the audit chain has not taken up yet; it leaves the index when it has."""

HOUSE: dict[str, Indexes] = {
    "leases": [],
    "published": [
        [("topic", 1), ("partition", 1), ("offset", 1)],
        [("key", 1), ("sequence", 1)],
        NOT_CHAINED,
    ],
    "offsets": [],
    "guards": [[("key", 1), ("group", 1)]],
    "parked": [[("group", 1), ("topic", 1), ("key", 1), ("sequence", 1)], [("why", 1)]],
    "dead_letters": [[("group", 1)]],
    "discarded": [[("group", 1), ("at", 1)]],
    "access": [[("at", 1)], NOT_CHAINED],
    "audit": [[("number", 1)]],
    "audit_heads": [],
    "signing_keys": [],
    "revocations": [],
    "vault": [],
    "house": [],
}
"""The chassis's collections with their indexes. They exist before any transaction needs them."""


class _Dates(TypeEncoder):
    """A calendar day has no time zone: it is stored as the text that events carry."""

    python_type = date

    def transform_python(self, value: date) -> str:
        return value.isoformat()


class _Times(TypeEncoder):
    """A clock time without a day, as text."""

    python_type = time

    def transform_python(self, value: time) -> str:
        return value.isoformat("minutes")


CODECS: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, type_registry=TypeRegistry([_Dates(), _Times()])
)


def connect(settings: Settings) -> Documents:
    """The service's database: majority writes, two seconds for a plain operation.

    Without a limit a frozen database holds a request for a minute; transactions have their own
    limit in `Act.together`.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(
        settings.mongo_address(),
        w="majority",
        readConcernLevel="majority",
        serverSelectionTimeoutMS=2000,
        connectTimeoutMS=2000,
        timeoutMS=5000,
        appname=f"ieum-{settings.service}",
        tz_aware=True,
    )
    return client.get_database(settings.database_name, codec_options=CODECS)


def prepare(
    database: Documents,
    aggregates: Sequence[Aggregates[Any]],
    indexes: Mapping[str, Indexes],
) -> list[str]:
    """Create what is missing of collections and indexes. Returns the names of new collections.

    Safe to repeat and to run beside a running service: only additions are made. One command a
    collection, several at a time, because each waits for the disk.
    """
    there = set(database.list_collection_names())
    wanted: dict[str, list[IndexModel]] = {
        name: [_index(row) for row in rows] for name, rows in {**HOUSE, **indexes}.items()
    }
    for one in aggregates:
        wanted[one.name] = [*(_index(row) for row in one.indexes), *_of_every_aggregate()]

    def make(name: str) -> None:
        # An index on much data takes longer than any request may.
        with pymongo.timeout(INDEX_SECONDS):
            if wanted[name]:
                database[name].create_indexes(wanted[name])
            elif name not in there:
                database.create_collection(name)

    with ThreadPoolExecutor(8) as several:
        list(several.map(make, wanted))
    return [name for name in wanted if name not in there]


def _index(row: Sequence[tuple[str, int]] | IndexModel) -> IndexModel:
    return row if isinstance(row, IndexModel) else IndexModel(list(row))


def _of_every_aggregate() -> list[IndexModel]:
    """What the relay, the timers and every list by scope ask for."""
    return [
        IndexModel("outbox.id", partialFilterExpression={"outbox.id": {"$exists": True}}),
        IndexModel("due.at", partialFilterExpression={"due.at": {"$exists": True}}),
        IndexModel([("centre", 1), ("_id", 1)]),
        IndexModel([("parties", 1), ("_id", 1)]),
    ]
