"""The one kind of failure that a person is meant to read."""

from __future__ import annotations

EXIT_CODE = 2


class Refusal(Exception):
    """What stands in the way and the way out, in one sentence; ends a command with exit code 2."""
