"""`verify` reads the ledger: nothing counts as sent that no attempt has brought to the server."""

from datetime import timedelta
from typing import Any

import pytest

from chassis import verify
from chassis.clock import now
from chassis.context import Context
from services.notifications.app import service
from services.notifications.deliveries.checks import ledger
from tests.support.house import context_of
from tests.support.stack import Servers


@pytest.fixture
def context(servers: Servers, database: str) -> Context:
    """A service with one delivery that was sent, as its ledger says."""
    found = context_of(service, servers, database)
    found.database["deliveries"].insert_one(
        {
            "_id": "d-1",
            "sequence": 0,
            "outbox": [],
            "state": {"channel": "email", "status": "sent"},
        }
    )
    attempt(found, "accepted")
    return found


def attempt(context: Context, outcome: str, **more: Any) -> None:
    """One row of the ledger for the delivery."""
    row = {"delivery": "d-1", "outcome": outcome, "began": now(), **more}
    context.database["attempts"].insert_one(row)


def test_a_sent_delivery_with_its_accepted_attempt_is_sound(context: Context) -> None:
    attempt(context, "begun")
    assert list(ledger(context.database)) == []


def test_a_delivery_that_counts_as_sent_without_an_accepted_attempt_is_found(
    context: Context,
) -> None:
    context.database["attempts"].update_many({}, {"$set": {"outcome": "refused"}})
    found = list(ledger(context.database))
    assert found == ["ledger: d-1 counts as sent, and no attempt was accepted"]


def test_an_attempt_that_nobody_ended_is_found_by_the_command_too(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt(context, "begun", began=now() - timedelta(hours=1))
    monkeypatch.setattr(verify, "_read_models", lambda context, service: [])
    found = verify.faults(context, service)
    assert found == ["ledger: an attempt of d-1 was begun and never ended"]
