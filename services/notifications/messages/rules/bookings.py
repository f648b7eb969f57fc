"""What hosts and the centre are told of questions to hosts and of their answers."""

from collections.abc import Iterable
from typing import Any

from chassis.events.envelope import Received
from services.notifications.messages.model import bundle
from services.notifications.messages.planned import Planned, Rules

BOOKING_FACTS = (
    "campaign",
    "host",
    "offer",
    "school",
    "group",
    "people",
    "start",
    "end",
    "reply_by",
)

rules = Rules()


def _booking(event: Received) -> dict[str, Any]:
    return {"booking": event.key, **{name: event.data[name] for name in BOOKING_FACTS}}


def _to_host(event: Received, intent: str, kind: str, **more: Any) -> Planned:
    data = event.data
    return Planned(
        intent,
        data["host"],
        "host",
        data["centre"],
        {**_booking(event), **more},
        campaign=data["campaign"],
        bundle=bundle(kind, data["campaign"], "hosts", data["host"]),
    )


def _to_centre(event: Received, intent: str, **more: Any) -> Planned:
    data = event.data
    return Planned(
        intent,
        data["centre"],
        "centre",
        data["centre"],
        {**_booking(event), **more},
        campaign=data["campaign"],
        bundle=bundle("news", data["campaign"], "centre", data["centre"]),
    )


@rules.on("booking.asked")
def _asked(event: Received) -> Iterable[Planned]:
    """What lies inside terms accepted beforehand is told, not asked."""
    if event.data["preaccepted"]:
        yield _to_host(event, "booking_preaccepted", "news")
    else:
        yield _to_host(event, "booking_asked", "asked")


@rules.on("booking.accepted")
def _accepted(event: Received) -> Iterable[Planned]:
    """An answer given on the telephone is read back in writing where there is an address."""
    if event.data["by"] == "telephone":
        yield _to_host(event, "booking_recorded", "news")


@rules.on("booking.conditioned")
def _conditioned(event: Received) -> Iterable[Planned]:
    yield _to_centre(event, "booking_conditioned", condition=event.data["condition"])


@rules.on("booking.declined")
def _declined(event: Received) -> Iterable[Planned]:
    yield _to_centre(event, "booking_declined", reason_code=event.data["reason_code"])


@rules.on("booking.reopened")
def _reopened(event: Received) -> Iterable[Planned]:
    """The centre was told an answer that does not hold any more."""
    yield _to_centre(event, "booking_reopened")


@rules.on("booking.call_requested")
def _call_wanted(event: Received) -> Iterable[Planned]:
    """A host that would rather speak with somebody is a task for the telephone."""
    data = event.data
    yield Planned(
        "booking_call", data["host"], "host", data["centre"], _booking(event), data["campaign"]
    )


@rules.on("host.link_wanted")
def _link_wanted(event: Received) -> Iterable[Planned]:
    """A new link goes to the contacts that are known, whoever asked for it."""
    data = event.data
    facts = {"host": data["host"]}
    yield Planned("host_link", data["host"], "host", data["centre"], facts)


@rules.on("booking.expired")
def _booking_expired(event: Received) -> Iterable[Planned]:
    yield _to_host(event, "booking_expired", "news")
    yield _to_centre(event, "booking_unanswered")


@rules.on("booking.confirmed")
def _booking_confirmed(event: Received) -> Iterable[Planned]:
    yield _to_host(event, "booking_confirmed", "news")


@rules.on("booking.changed")
def _booking_changed(event: Received) -> Iterable[Planned]:
    yield _to_host(event, "booking_changed", "news")


@rules.on("booking.cancelled")
def _booking_cancelled(event: Received) -> Iterable[Planned]:
    """A booking that begins as cancelled found its session full: its host was never asked."""
    if event.sequence > 1:
        yield _to_host(event, "booking_cancelled", "news", reason_code=event.data["reason_code"])
