"""The connection to the service's own database, and what every service keeps in it."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from bson.codec_options import CodecOptions, TypeEncoder, TypeRegistry
from pymongo import IndexModel, MongoClient

from chassis.act import Documents
from chassis.documents import Aggregates
from chassis.settings import Settings

HOUSE: dict[str, list[list[tuple[str, int]]]] = {
    "leases": [],
    "published": [[("topic", 1), ("at", 1)], [("key", 1), ("sequence", 1)]],
    "offsets": [],
    "guards": [[("key", 1), ("group", 1)]],
    "parked": [[("group", 1), ("topic", 1), ("key", 1), ("sequence", 1)], [("why", 1)]],
    "dead_letters": [[("group", 1)]],
    "discarded": [[("group", 1), ("at", 1)]],
    "access": [[("at", 1)]],
    "audit": [[("number", 1)]],
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
    indexes: Mapping[str, Sequence[Sequence[tuple[str, int]] | IndexModel]],
) -> list[str]:
    """Create what is missing of collections and indexes. Returns the names of new collections.

    Safe to repeat and to run beside a running service: only additions are made.
    """
    there = set(database.list_collection_names())
    wanted: dict[str, Sequence[Sequence[tuple[str, int]] | IndexModel]] = {**HOUSE, **indexes}
    for one in aggregates:
        wanted[one.name] = one.indexes
    made = [name for name in wanted if name not in there]
    for name in made:
        database.create_collection(name)
    for name, rows in wanted.items():
        for row in rows:
            index = row if isinstance(row, IndexModel) else IndexModel(list(row))
            database[name].create_indexes([index])
    for one in aggregates:
        database[one.name].create_index(
            "outbox.id", partialFilterExpression={"outbox.id": {"$exists": True}}
        )
        database[one.name].create_index(
            "due.at", partialFilterExpression={"due.at": {"$exists": True}}
        )
        database[one.name].create_index([("centre", 1), ("_id", 1)])
        database[one.name].create_index([("parties", 1), ("_id", 1)])
    return made
