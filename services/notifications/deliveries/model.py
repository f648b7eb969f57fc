"""How a message reaches one contact: the states of a delivery, pure.

    queued -> sent | failed | bounced          by e-mail, after any number of tries
    open   -> done | failed                    a telephone task
    noted                                      waits in the organisation's inbox

A delivery never becomes a second message: its Message-ID follows from its own id, and that from
the message, the contact and the channel.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chassis.errors import FieldError, Invalid, Refused
from chassis.facts import Event, derived_id

Status = Literal["queued", "sent", "failed", "bounced", "open", "done", "noted"]
Outcome = Literal["accepted", "deferred", "refused", "unknown_address", "unavailable"]
Channel = Literal["email", "inbox", "telephone"]
Call = Literal["reached", "no_answer", "wrong_number"]

LEASE = timedelta(seconds=60)
"""How long a sender may hold a delivery. Longer than any batch takes; a crash costs this much."""

BACK_OFF = (
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""Pauses after a refusal that may pass. After the last the delivery counts as failed."""

CALL_AGAIN = timedelta(hours=2)

URGENCY: dict[str, int] = {
    "failed": 0,
    "bounced": 0,
    "open": 1,
    "queued": 2,
    "sent": 3,
    "done": 3,
    "noted": 3,
}
"""What an operator has to see first has the lowest number."""


BEGINS: dict[Channel, Status] = {"email": "queued", "inbox": "noted", "telephone": "open"}


class Delivery(BaseModel):
    """A message on its way to one contact."""

    model_config = ConfigDict(frozen=True)

    message: str
    intent: str
    recipient: str
    organisation: str
    channel: Channel
    language: Literal["ko", "en"]
    centre: str | None
    campaign: str | None
    correlation: str
    status: Status
    urgency: int
    due_at: datetime
    tries: int = 0
    code: str | None = None
    ended_at: datetime | None = None
    spoken_with: bytes | None = None
    note: bytes | None = None


def delivery_id(message: str, recipient: str, channel: str) -> str:
    """The one id that a message to a contact by a channel can have."""
    return derived_id("delivery", message, recipient, channel)


def begin(
    message: str,
    intent: str,
    recipient: str,
    organisation: str,
    channel: Channel,
    language: Literal["ko", "en"],
    centre: str | None,
    campaign: str | None,
    correlation: str,
    due_at: datetime,
) -> tuple[Delivery, list[Event]]:
    """A planned delivery. A telephone task is told at once, since somebody has to act."""
    status = BEGINS[channel]
    delivery = Delivery(
        message=message,
        intent=intent,
        recipient=recipient,
        organisation=organisation,
        channel=channel,
        language=language,
        centre=centre,
        campaign=campaign,
        correlation=correlation,
        status=status,
        urgency=URGENCY[status],
        due_at=due_at,
    )
    return delivery, [event("task_opened", delivery)] if status == "open" else []


def nobody(delivery: Delivery) -> tuple[Delivery, list[Event]]:
    """A message that no contact can receive: shown first, sent again once a contact exists."""
    return _end(delivery, "failed", "failed", "no_contact", delivery.due_at)


def event(name: str, delivery: Delivery) -> Event:
    """What is told about a delivery: ids and codes only."""
    data: dict[str, Any] = {
        "message": delivery.message,
        "intent": delivery.intent,
        "recipient": delivery.recipient,
        "organisation": delivery.organisation,
        "channel": delivery.channel,
        "template": f"{delivery.intent}.{delivery.language}",
        "centre": delivery.centre,
        "campaign": delivery.campaign,
        "code": delivery.code,
    }
    return Event(f"delivery.{name}", data)


def _moved(delivery: Delivery, status: Status, **changes: Any) -> Delivery:
    return delivery.model_copy(update={"status": status, "urgency": URGENCY[status], **changes})


def _end(
    delivery: Delivery, status: Status, name: str, code: str | None, now: datetime, tries: int = 0
) -> tuple[Delivery, list[Event]]:
    ended = _moved(delivery, status, code=code, ended_at=now, tries=delivery.tries + tries)
    return ended, [event(name, ended)]


def tried(
    delivery: Delivery, outcome: Outcome, code: str | None, now: datetime
) -> tuple[Delivery, list[Event]]:
    """The delivery after one attempt by e-mail.

    `unavailable` (nobody listened) costs no try: an outage must not use up a message's patience.
    """
    match outcome:
        case "accepted":
            return _end(delivery, "sent", "sent", None, now, tries=1)
        case "unknown_address":
            return _end(delivery, "bounced", "bounced", code, now, tries=1)
        case "refused":
            return _end(delivery, "failed", "failed", code, now, tries=1)
        case "unavailable":
            return delivery, []
        case "deferred":
            if delivery.tries >= len(BACK_OFF):
                return _end(delivery, "failed", "failed", "gave_up", now, tries=1)
            pause = BACK_OFF[delivery.tries]
            # Spread, so that a thousand refused at once do not come back at once.
            share = int(delivery.message[:8], 16) / 0xFFFFFFFF
            spread = pause * (0.9 + 0.2 * share)
            later = now + spread
            again = _moved(delivery, "queued", code=code, due_at=later, tries=delivery.tries + 1)
            return again, []


def again(delivery: Delivery, now: datetime) -> Delivery:
    """A delivery that ended badly, tried from the start. It keeps its id and its Message-ID."""
    if delivery.status not in ("failed", "bounced"):
        raise Refused("nothing_to_send_again")
    status: Status = "open" if delivery.channel == "telephone" else "queued"
    return _moved(delivery, status, code=None, tries=0, due_at=now, ended_at=None)


def called(
    delivery: Delivery, outcome: Call, spoken: bool, now: datetime
) -> tuple[Delivery, list[Event]]:
    """A telephone task after a call. Nobody answering keeps it open for later."""
    if delivery.channel != "telephone":
        raise Refused("not_a_task")
    if delivery.status != "open":
        raise Refused("task_closed")
    if outcome == "reached" and not spoken:
        raise Invalid([FieldError("/spoken_with", "spoken_with_missing")])
    match outcome:
        case "reached":
            return _end(delivery, "done", "task_done", "reached", now, tries=1)
        case "wrong_number":
            return _end(delivery, "failed", "failed", "wrong_number", now, tries=1)
        case "no_answer":
            later = now + CALL_AGAIN
            tries = delivery.tries + 1
            return _moved(delivery, "open", code="no_answer", due_at=later, tries=tries), []


def mail_id(delivery: str, domain: str) -> str:
    """The Message-ID, the same for every attempt of a delivery."""
    return f"<{delivery}@{domain}>"
