"""Signed heads: a chain that is whole in itself, and still not the one that was signed."""

from dataclasses import replace
from typing import Any

import pytest

from chassis import audit, heads, logs
from chassis.context import Context
from tests.service.chassis.programmes import change, create, relay_all


@pytest.fixture
def signed(context: Context) -> dict[str, Any]:
    """A chain of three links, and its signed head."""
    for name in ("audit", "audit_heads", "published", "access", "programmes"):
        context.database[name].delete_many({})
    id = create(context, 1)
    change(context, id, 2, 3)
    relay_all(context)
    audit.chain(context.database)
    head = heads.sign(context)
    assert head is not None
    return head


def found(context: Context, *told: dict[str, Any]) -> list[str]:
    return list(heads.faults(context.database, context.keys, told or None))


def test_the_head_of_a_chain_that_has_grown_since_still_holds(
    context: Context, signed: dict[str, Any]
) -> None:
    create(context, 7)
    relay_all(context)
    audit.chain(context.database)
    assert found(context) == []
    assert found(context, signed) == []


def test_a_head_as_the_log_wrote_it_still_holds(
    context: Context, signed: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("registration", "audit")
    heads.sign(context)
    lines = [line for line in capsys.readouterr().err.splitlines() if "audit_head" in line]
    (told,) = heads.told(lines, "registration")
    assert told["number"] == signed["number"]
    assert found(context, told) == []
    assert heads.told(lines, "placement") == []


def test_a_head_is_signed_as_soon_as_the_chain_has_caught_up_though_acts_go_on(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, signed = [1, audit.BATCH], list[int]()

    def sign(context: Context) -> None:
        signed.append(len(turns))
        context.stop()

    monkeypatch.setattr(audit, "chain", lambda database: turns.pop())
    monkeypatch.setattr(heads, "sign", sign)
    audit.run(context)
    assert signed == [0]


def test_a_chain_that_was_cut_off_is_found_though_it_is_whole_in_itself(
    context: Context, signed: dict[str, Any]
) -> None:
    context.database["audit"].delete_one({"number": 3})
    context.database["audit_heads"].delete_many({})
    assert audit.verify(context.database) is None
    assert found(context) == []
    assert [fault.endswith("the chain ends before it") for fault in found(context, signed)] == [
        True
    ]


def test_a_chain_that_was_computed_anew_is_found(context: Context, signed: dict[str, Any]) -> None:
    previous = audit.FIRST
    for row in list(context.database["audit"].find().sort("number", 1)):
        record = {**row["record"], "actor": "nobody"}
        link = audit.linked(previous, row["number"], record)
        context.database["audit"].update_one({"_id": row["_id"]}, {"$set": link})
        previous = link["hash"]
    assert audit.verify(context.database) is None
    assert [fault.endswith("the chain was computed anew") for fault in found(context)] == [True]


def test_a_head_that_somebody_else_signed_counts_for_nothing(
    context: Context, signed: dict[str, Any]
) -> None:
    assert context.keys.kek is not None
    other = replace(context.keys, kek=bytes(32))
    forged = heads.signing_key(other).sign(b"whatever").hex()
    assert [
        "wrong signature" in fault for fault in found(context, {**signed, "signature": forged})
    ] == [True]
    assert heads.public_key(other) != heads.public_key(context.keys)
