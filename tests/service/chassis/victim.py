"""A consumer in a process of its own that is killed at the worst moment. Run by a test.

    python -m tests.service.chassis.victim SETTINGS_JSON MOMENT KEY

MOMENT is `before` (inside the transaction, when all is written and nothing committed) or `after`
(the transaction is committed, and Kafka has heard nothing of it). The kill waits for KEY.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pymongo import UpdateOne

from chassis.context import open_context
from chassis.events import consumer, roles
from chassis.events.broker import Record
from chassis.events.envelope import Received
from chassis.events.handlers import Projections, Write
from chassis.events.inbox import Inbox
from chassis.service import Service
from chassis.settings import Settings
from tests.service.chassis.programmes import TOPIC


def service() -> Service:
    """A consumer whose effects show doubles: each event counts."""
    projections = Projections()
    copies = projections.add("copies", ("copies",), (TOPIC,))

    @copies.on("programme.published")
    def counted(event: Received) -> Sequence[Write]:
        change = {"$set": {"rounds": event.data["rounds"]}, "$inc": {"times": 1}}
        return [("copies", UpdateOne({"_id": event.key}, change, upsert=True))]

    return Service("placement", Path("catalogue"), projections=projections, indexes={"copies": []})


def die() -> None:
    """End without a chance to tidy up."""
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(consumer.Follower):
    """Follows as usual, and is killed after the batch that holds the key."""

    key = b""

    def apply(self, records: Sequence[Record]) -> None:
        """Bring records to effect, then die if the key was among them."""
        super().apply(records)
        if any(record.key == self.key for record in records):
            die()


class DyingInbox(Inbox):
    """Writes as usual, and is killed before the commit of the batch that holds the key."""

    key = b""

    def take(self, records: Sequence[Record]) -> None:
        """Take the batch, and remember whether it is the one."""
        self.last = any(record.key == self.key for record in records)
        super().take(records)

    def write(self) -> None:
        """Write everything, then die."""
        super().write()
        if self.last:
            die()


def main(settings: str, moment: str, key: str) -> None:
    """Follow until killed."""
    context = open_context(Settings.model_validate_json(settings))
    follower = roles.projector(context, service())
    if moment == "after":
        Dying.key = key.encode()
        follower.__class__ = Dying
    else:
        DyingInbox.key = key.encode()
        vars(consumer)["Inbox"] = DyingInbox
    follower.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
