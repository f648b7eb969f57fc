"""How the survey's pages write a draft."""

import re
from dataclasses import replace

from chassis.act import Act, Command
from chassis.documents import Stored
from chassis.facts import fresh_id
from chassis.roles import Role
from services.registration.surveys.model import Survey

SCHOOL = (Role.SCHOOL,)


BEGUN = 1
"""The version of a survey that was begun and holds nothing yet."""

WINDOW = re.compile(r"^[0-9a-f-]{36}$")


def draft_act(act: Act, expected: int | None, window: str = "") -> Act:
    """The act of saving a draft that was shown in version `expected`.

    A draft is no command that a key protects: saving the same again changes nothing. Its key
    remembers which window wrote it.
    """
    key = f"{window}:{fresh_id()}"
    command = Command(key=key, body_hash="", route="draft", expected=expected)
    return replace(act, command=command)


def own_since(stored: Stored[Survey], version: int, window: str) -> bool:
    """Whether all that was written after a version came from this very window.

    So it is when an answer was lost on its way: the window goes on from what it knows, and what it
    would overwrite is its own.
    """
    if not WINDOW.match(window):
        return False
    writers = {row["receipt"]["version"]: str(row["key"]) for row in stored.commands}
    return all(
        writers.get(one, "").startswith(f"{window}:")
        for one in range(version + 1, stored.version + 1)
    )
