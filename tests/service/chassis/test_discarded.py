"""What is dead or passed over is so once, also when a consumer reads it again."""

from dataclasses import replace

from chassis import metrics
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


def counted(follower: Follower, outcome: str) -> float:
    """How many messages became this, as the alert on dead letters sees it."""
    service = follower.context.settings.service
    return float(metrics.CONSUMED.labels(service, follower.group, outcome)._value.get())


def test_what_lies_dead_already_is_no_new_dead_letter_at_the_next_start(
    servers: Servers, database: str
) -> None:
    context = context_of(victim.service(), servers, database)
    headers = [("ce_id", b"k:1"), ("ce_type", b"programme.published.v1"), ("ce_sequence", b"1")]
    poison = replace(KEYLESS, offset=8, key=b"k", headers=headers)
    started(context).apply([KEYLESS, poison])
    again = started(context)
    before = counted(again, "dead"), counted(again, "poison")
    again.apply([KEYLESS, poison])
    assert (counted(again, "dead"), counted(again, "poison")) == before
    assert len(dead_letters.listed(again)) == 2
