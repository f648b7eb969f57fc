"""What a command answers, and how its repetition is answered alike.

The receipt is stored with the idempotency key in the aggregate, by the same write that does what
the command says.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from chassis.act import Act, Command
from chassis.errors import KeyReused, Problem

COMMANDS_KEPT = 20
COMMANDS_DAYS = 1


class Receipt(BaseModel):
    """What every command answers, and what is kept to answer its repetition alike."""

    id: str
    version: int
    sequence: int
    state: str = ""
    extra: dict[str, Any] = {}


class Replayed(Problem):
    """The command was done before: here is the answer it had."""

    status = 200

    def __init__(self, receipt: Receipt, status: int) -> None:
        super().__init__("replayed")
        self.receipt = receipt
        self.status_then = status


def refuse_repetition(commands: Sequence[Mapping[str, Any]], command: Command) -> None:
    """Raise Replayed if the command was done already, KeyReused if its key said another thing."""
    for done in commands:
        if done["key"] == command.key:
            if done["hash"] != command.body_hash:
                raise KeyReused()
            raise Replayed(Receipt.model_validate(done["receipt"]), done["status"])


def remembering(
    act: Act, commands: Sequence[dict[str, Any]], receipt: Receipt, status: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What to set and what to append, so that an aggregate remembers the act's command.

    It keeps at least the last twenty, and every one younger than a day. Those do not travel again
    with each further one: only forgetting writes them all.
    """
    if act.command is None:
        return {}, {}
    row = {
        "key": act.command.key,
        "hash": act.command.body_hash,
        "status": status,
        "receipt": receipt.model_dump(),
        "at": act.now,
    }
    young = act.now - timedelta(days=COMMANDS_DAYS)
    surplus = len(commands) + 1 - COMMANDS_KEPT
    kept = [one for place, one in enumerate(commands) if place >= surplus or one["at"] > young]
    if len(kept) == len(commands):
        return {}, {"commands": row}
    return {"commands": [*kept, row]}, {}
