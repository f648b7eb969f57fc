"""What no role can say of itself is told by whoever is asked: the worker, or a web role alone."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from chassis import measuring
from chassis.context import Context
from chassis.http import app as http
from tests.service.chassis.programmes import create, producer
from tests.support.house import eventually


def told(page: str, name: str, label: str = "") -> float | None:
    """One number of a page of metrics, None if it is not there."""
    found = re.search(rf"^{name}{{{label}[^}}]*}} (\S+)$", page, re.MULTILINE)
    return float(found.group(1)) if found else None


def test_a_web_role_tells_that_nobody_works_and_what_waits_while_no_worker_lives(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "LOOK_SECONDS", 0.0)
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    client = http.create_app(producer(), context).test_client()

    def shows(number: float) -> bool:
        # A look that takes longer than a second leaves the numbers as they are.
        page = client.get("/metrics").get_data(as_text=True)
        waits = told(page, "ieum_outbox_oldest_seconds") or 0
        return told(page, "ieum_lease_held", 'lease="looked_at"') == number and waits > 0

    leases, later = context.database["leases"], datetime.now(UTC) + timedelta(minutes=5)
    leases.insert_one({"_id": "looked_at-1", "owner": "a", "expires": later})
    create(context, rounds=2)
    eventually(lambda: shows(1), what="a lease that is held")
    leases.update_one({"_id": "looked_at-1"}, {"$set": {"expires": datetime.now(UTC)}})
    eventually(lambda: shows(0), what="that nobody holds it")
