"""The door in a letter to a host: a signed link with which its contact answers without signing in.

It is made when the letter is written, the same each time, and kept nowhere. What the contact has
to know besides stands in it as a code (`chassis/links.py`): the end of its telephone number, or,
where none is known, the address that the letter goes to.
"""

from datetime import datetime, timedelta

from chassis.facts import moment
from chassis.links import Asks, Link, Purpose, known_to
from chassis.links import written as as_text
from services.notifications.messages.model import Message
from services.notifications.recipients.operations import Addresses

AFTER_THE_VISIT = timedelta(days=7)
WITHOUT_A_VISIT = timedelta(days=60)


def written(
    key: bytes | None, message: Message, contact: str, addresses: Addresses, since: datetime
) -> dict[str, str]:
    """`door`: what the link of this letter carries; nothing for whom it is not made."""
    if key is None or message.role != "host" or message.centre is None:
        return {}
    by_telephone = addresses.telephone is not None
    answer = addresses.telephone if by_telephone else addresses.email
    if answer is None:
        return {}
    asks = Asks.TELEPHONE if by_telephone else Asks.EMAIL
    link = Link(
        purpose=Purpose.ANSWER,
        holder=contact,
        subject=message.organisation,
        centre=message.centre,
        until=_until(message, since),
        asks=asks,
        check=known_to(key, contact, asks, answer),
        issued=since,
    )
    return {"door": as_text(key, link)}


def _until(message: Message, since: datetime) -> datetime:
    """A week after the last visit that the message tells of."""
    ends = [moment(item.facts["end"]) for item in message.items if item.facts.get("end")]
    return max(ends) + AFTER_THE_VISIT if ends else since + WITHOUT_A_VISIT
