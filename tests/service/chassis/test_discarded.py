"""What an operator has passed over stays passed over, also when a consumer reads it again."""

from chassis.context import Context
from chassis.events import dead_letters, roles
from chassis.events.broker import Record
from chassis.events.consumer import Follower
from tests.service.chassis import victim
from tests.service.chassis.programmes import TOPIC
from tests.support.house import context_of
from tests.support.stack import Servers

KEYLESS = Record(topic=TOPIC, partition=0, offset=7, key=b"", value=b"{}", headers=[])


def started(context: Context) -> Follower:
    """A consumer that begins a little behind its offset, as every one does."""
    follower = roles.projector(context, victim.service())
    follower._prepare()
    rows = context.database["offsets"].find({"group": follower.group})
    follower._places = {(row["topic"], row["partition"]): row["next"] for row in rows}
    return follower


def test_a_discarded_message_without_key_does_not_come_back_with_the_next_start(
    servers: Servers, database: str
) -> None:
    context = context_of(victim.service(), servers, database)
    follower = started(context)
    follower.apply([KEYLESS])
    (row,) = dead_letters.listed(follower)
    dead_letters.discard(follower, row["id"], "broken by the test", "operator")
    again = started(context)
    again.apply([KEYLESS])
    assert dead_letters.listed(again) == []
    assert [row["reason"] for row in dead_letters.discarded(again)] == ["broken by the test"]
