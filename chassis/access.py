"""The read model of access that every service has: public signing keys and revoked accounts."""

from collections.abc import Sequence

from pymongo import ReplaceOne

from chassis.contracts import consumed_by
from chassis.events.envelope import Received
from chassis.events.handlers import Projections, Write


def follow(projections: Projections, service: str) -> None:
    """Add the read model of access to a service's projections, once."""
    if "access" in projections.all:
        return
    wanted = {"registration.keys", "registration.accounts"}
    topics = tuple(topic.name for topic in consumed_by(service) if topic.name in wanted)
    access = projections.add("access", ("signing_keys", "revocations"), topics)
    access.on("key.published")(_key_published)
    access.on("account.created", "account.access_changed")(_access_changed)


def _key_published(event: Received) -> Sequence[Write]:
    row = {
        name: event.data[name] for name in ("kid", "jwk", "not_before", "not_after", "signature")
    }
    return [("signing_keys", ReplaceOne({"_id": event.data["kid"]}, row, upsert=True))]


def _access_changed(event: Received) -> Sequence[Write]:
    if event.type == "account.created":
        return []
    row = {
        "active": event.data["active"],
        "tokens_not_before": event.data["tokens_not_before"],
    }
    return [("revocations", ReplaceOne({"_id": event.key}, row, upsert=True))]
