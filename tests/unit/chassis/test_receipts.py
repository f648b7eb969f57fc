"""How many of its commands an aggregate remembers, and what of them is written anew."""

from datetime import timedelta
from typing import Any, cast

import pytest

from chassis.act import Act, Command
from chassis.clock import now
from chassis.receipts import COMMANDS_KEPT, Receipt, remembering
from chassis.scope import System

RECEIPT = Receipt(id="survey", version=2, sequence=1)
NOW = now()


def act(command: Command | None) -> Act:
    return Act(cast(Any, None), System(), "teacher", NOW, "correlation", command=command)


def rows(number: int, age: timedelta) -> list[dict[str, Any]]:
    return [{"key": f"key-{one}", "at": NOW - age} for one in range(number)]


COMMAND = act(Command("key-new", "hash", "PUT /surveys"))


@pytest.mark.parametrize(
    ("number", "age"),
    [(0, timedelta()), (COMMANDS_KEPT - 1, timedelta(days=9)), (500, timedelta(hours=23))],
)
def test_while_nothing_is_forgotten_only_the_new_command_is_written(
    number: int, age: timedelta
) -> None:
    rewritten, added = remembering(COMMAND, rows(number, age), RECEIPT, 200)
    assert rewritten == {}
    assert added["commands"]["key"] == "key-new"


def test_what_is_older_than_a_day_and_than_the_last_twenty_is_forgotten() -> None:
    old, young = rows(30, timedelta(days=2)), rows(5, timedelta(hours=1))
    rewritten, added = remembering(COMMAND, [*old, *young], RECEIPT, 200)
    assert added == {}
    kept = rewritten["commands"]
    assert len(kept) == COMMANDS_KEPT
    assert kept[:-1] == [*old, *young][-(COMMANDS_KEPT - 1) :]
    assert kept[-1]["key"] == "key-new"


def test_an_act_without_a_command_leaves_what_is_remembered_alone() -> None:
    assert remembering(act(None), rows(30, timedelta(days=2)), RECEIPT, 200) == ({}, {})
