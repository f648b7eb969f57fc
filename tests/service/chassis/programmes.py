"""A small aggregate on a real topic, for tests of the chassis; only its ids are seen by others."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from chassis.context import Context
from chassis.documents import Aggregates, Owners
from chassis.events import relay
from chassis.events.broker import Place, Publisher, Record
from chassis.events.topics import Admin, scan
from chassis.facts import Event, fresh_id
from chassis.service import Service
from chassis.settings import Settings

CENTRE = "0192f0c1-0000-7000-8000-000000000001"
TOPIC = "registration.programmes"


class Programme(BaseModel):
    rounds: int = 1
    status: str = "published"


programmes = Aggregates(
    "programmes", TOPIC, Programme, lambda state: Owners(centre=CENTRE, parties=())
)


def producer() -> Service:
    return Service("registration", Path("catalogue"), aggregates=[programmes])


def published(rounds: int) -> Event:
    return Event(
        "programme.published",
        {
            "centre": CENTRE,
            "brand": "gogong",
            "level": "middle",
            "tier": "basic",
            "kind": "groups",
            "grades": [],
            "rounds": rounds,
            "status": "published",
        },
    )


def create(context: Context, rounds: int, id: str | None = None) -> str:
    """One aggregate with one event. Returns its id."""
    id = id or fresh_id()
    programmes.create(context.act(), id, Programme(rounds=rounds), [published(rounds)])
    return id


def change(context: Context, id: str, *rounds: int) -> None:
    """One event for each number of rounds."""
    act = context.act()
    for number in rounds:
        stored = programmes.get(act, id)
        programmes.save(act, stored, Programme(rounds=number), [published(number)])


@cache
def publisher(settings: Settings) -> Publisher:
    """One client for all tests; making one takes longer than publishing."""
    return Publisher(settings)


def relay_all(context: Context) -> None:
    """Publish until no outbox has anything ready."""
    while rows := relay.pending(context.database, [programmes]):
        relay.publish(context.database, publisher(context.settings), rows)


_starts: dict[Place, int] = {}


def begin_here(context: Context) -> None:
    """What lies in the log now belongs to others; `log` begins behind it."""
    _starts.update(_ends(context))


def log(context: Context) -> list[Record]:
    """The messages of the topic since `begin_here`, whoever wrote them."""
    batches = scan(context.settings, _starts, _ends(context))
    return [one for batch in batches for one in batch]


def _ends(context: Context) -> dict[Place, int]:
    admin = Admin(context.settings)
    try:
        return admin.ends([(TOPIC, 0)])
    finally:
        admin.close()


def contents(context: Context, id: str) -> dict[int, set[int]]:
    """By sequence: the rounds that the log has said under it; one each, if nothing is doubled."""
    found: dict[int, set[int]] = {}
    for record in log(context):
        if record.key == id.encode():
            sequence = int(dict(record.headers)["ce_sequence"])
            found.setdefault(sequence, set()).add(orjson.loads(record.value)["rounds"])
    return found


Backup = dict[str, list[dict[str, Any]]]


def back_up(context: Context) -> Backup:
    """Every document of the service's database."""
    database = context.database
    return {name: list(database[name].find()) for name in database.list_collection_names()}


def restore(context: Context, backup: Backup) -> None:
    """The database as it was; what came later is gone, as from a restored volume."""
    for name in context.database.list_collection_names():
        context.database[name].delete_many({})
    for name, rows in backup.items():
        if rows:
            context.database[name].insert_many(rows)
