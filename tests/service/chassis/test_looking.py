"""What no role can say of itself is told by whoever is asked: the worker, or a web role alone."""

import re
from datetime import timedelta

import pytest

from chassis import measuring
from chassis.clock import now
from chassis.context import Context
from chassis.http import app as http
from tests.service.chassis.programmes import create, producer


def told(page: str, name: str, label: str = "") -> float:
    """One number of a page of metrics. Raises AttributeError if it is not there."""
    found = re.search(rf"^{name}{{{label}[^}}]*}} (\S+)$", page, re.MULTILINE)
    return float(found.group(1))  # type: ignore[union-attr]


def test_a_web_role_tells_that_nobody_works_and_what_waits_while_no_worker_lives(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "LOOK_SECONDS", 0.0)
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    client = http.create_app(producer(), context).test_client()
    leases, relay = context.database["leases"], 'lease="looked_at"'
    leases.insert_one({"_id": "looked_at-1", "expires": now() + timedelta(minutes=5)})
    create(context, rounds=2)
    page = client.get("/metrics").get_data(as_text=True)
    assert told(page, "ieum_lease_held", relay) == 1
    assert told(page, "ieum_outbox_oldest_seconds") > 0
    leases.update_one({"_id": "looked_at-1"}, {"$set": {"expires": now() - timedelta(seconds=1)}})
    page = client.get("/metrics").get_data(as_text=True)
    assert told(page, "ieum_lease_held", relay) == 0
