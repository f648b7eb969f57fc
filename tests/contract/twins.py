"""Every document of a world once more under other ids: the things of another centre."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Flask

from chassis.facts import derived_id

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def twin(text: str) -> str:
    """The id of the same thing in the other world; words without an id stay as they are."""
    return ID.sub(lambda found: derived_id("twin", found.group()), text)


def twinned(value: Any) -> Any:
    """A document as the other world has it."""
    if isinstance(value, str):
        return twin(value)
    if isinstance(value, Mapping):
        return {twin(name): twinned(one) for name, one in value.items()}
    if isinstance(value, list):
        return [twinned(one) for one in value]
    return value


UNIQUE_WORDS = ("login", "secret_hash", "token_hash")


def mirror(app: Flask) -> set[str]:
    """Write the twin of every document. Returns every id that exists in the other world."""
    found: set[str] = set()
    database = app.extensions["ieum"].database
    for name in database.list_collection_names():
        rows = []
        for row in list(database[name].find()):
            other = twinned(row)
            found.update(twin(id) for id in ID.findall(repr(row)))
            if other["_id"] == row["_id"]:
                other["_id"] = f"the twin of {row['_id']}"
            for word in UNIQUE_WORDS:
                if isinstance(state := other.get("state"), dict) and word in state:
                    state[word] = f"{state[word]}-twin"
            rows.append(other)
        if rows:
            database[name].insert_many(rows)
    return found
