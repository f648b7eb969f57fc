"""How late messages are, as a metric that does not need a living sender, and whether one lives."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from chassis import measuring, metrics
from chassis.act import Documents
from chassis.clock import now
from services.notifications.app import service
from services.notifications.deliveries import late, role
from tests.support.house import context_of, eventually
from tests.support.stack import Servers, fresh_database


@pytest.fixture(scope="module")
def database(servers: Servers) -> Iterator[Documents]:
    with fresh_database(servers) as name:
        yield context_of(service, servers, name).database


def waits(database: Documents) -> float:
    """What the metric shows, in seconds."""
    late.measure(database)
    shown: float = metrics.DELIVERY_WAITING.labels(database.name)._value.get()
    return shown


def row(id: str, status: str, ago: timedelta) -> dict[str, Any]:
    return {"_id": id, "state": {"message": id, "status": status, "due_at": now() - ago}}


def test_what_waits_past_its_time_is_measured_and_nothing_else(database: Documents) -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)
    deliveries, notices = database["deliveries"], database["notices"]
    deliveries.insert_many([row("over", "sent", day), row("in quiet hours", "queued", -hour)])
    notices.insert_one(row("told", "planned", day))
    assert waits(database) == 0
    deliveries.insert_one(row("mail server away", "queued", timedelta(minutes=10)))
    assert waits(database) == pytest.approx(600, abs=60)
    notices.insert_one(row("no sender lives", "waiting", hour))
    assert waits(database) == pytest.approx(3600, abs=60)


def test_whether_a_sender_lives_can_be_seen_also_while_no_mail_server_does(
    servers: Servers,
) -> None:
    def lives() -> bool:
        measuring.look(context.database, service)
        return bool(metrics.LEASE_HELD.labels("notifications", "send")._value.get())

    with fresh_database(servers) as name:
        context = context_of(service, servers, name)
        sender = Thread(target=role.run, args=(context,))
        sender.start()
        try:
            eventually(lives, what="the sender's slot")
        finally:
            context.stop()
            sender.join(30)
        assert not lives()
