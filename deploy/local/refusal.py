"""The one kind of failure that a person is meant to read."""

from __future__ import annotations

import errno

EXIT_CODE = 2


class Refusal(Exception):
    """What stands in the way and the way out, in one sentence; ends a command with exit code 2."""


def of_machine(error: OSError) -> Refusal:
    """What the machine refused while a stack was started, with the way out."""
    place = f" at {error.filename}" if error.filename else ""
    way = (
        "make room (`make clean` removes what earlier runs left)"
        if error.errno == errno.ENOSPC
        else "mend that"
    )
    said = error.strerror or str(error)
    return Refusal(f"The stack could not be started ({said}{place}): {way} and try again.")
