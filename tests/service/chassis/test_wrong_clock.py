"""A machine whose clock is wrong publishes all the same: the log tells the time itself."""

import time
from dataclasses import replace
from typing import Any

from chassis.contracts import topics
from chassis.events.broker import Outgoing, Publisher
from chassis.events.topics import Admin
from chassis.facts import fresh_id
from chassis.settings import Settings
from tests.service.chassis.programmes import TOPIC
from tests.support.stack import Servers

HOURS_AHEAD = 2
"""The broker's own limit for times of clients is one hour."""


def ahead(settings: Settings) -> Publisher:
    """A publisher on a machine whose clock is ahead."""
    publisher = Publisher(settings)
    send = publisher._producer.send

    def later(topic: str, **rest: Any) -> Any:
        stamp = int((time.time() + HOURS_AHEAD * 3600) * 1000)
        return send(topic, timestamp_ms=stamp, **rest)

    publisher._producer.send = later
    return publisher


def test_a_relay_whose_clock_is_hours_ahead_publishes(servers: Servers) -> None:
    settings = Settings(service="registration", kafka_bootstrap=servers.kafka)
    name = f"clock.{fresh_id()}"
    admin = Admin(settings)
    admin.make([replace(topics()[TOPIC], name=name)])
    admin.close()
    (sent,) = ahead(settings).publish([Outgoing(name, "key", b"{}", [])])
    assert sent.refused is None
    assert sent.offset == 0
