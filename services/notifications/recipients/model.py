"""Who can be told something, by which channel, and when: pure rules.

A recipient is a contact of an organisation as registration published it. Its address, telephone
number and person are stored encrypted; what these rules need of them is only whether they exist.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from chassis.errors import FieldError, Invalid
from chassis.facts import KST

Channel = Literal["email", "inbox", "telephone"]
Language = Literal["ko", "en"]
Role = Literal["school", "host", "centre", "office"]


class Recipient(BaseModel):
    """A contact: `email`, `telephone` and `person` are sealed with the vault."""

    model_config = ConfigDict(frozen=True)

    organisation: str
    name: str
    """The organisation's display name."""
    roles: list[str]
    language: Language = "ko"
    centre: str | None = None
    centre_phone: str | None = None
    person: bytes | None = None
    email: bytes | None = None
    email_masked: str | None = None
    telephone: bytes | None = None
    telephone_masked: str | None = None
    secret: bytes | None = None
    """Of an invited contact: what its letter has to reveal, as sealed JSON."""
    bounced: bool = False
    """The address was refused for good; it is used again once a new one is published."""
    removed: bool = False


class QuietHours(BaseModel):
    """A span of the day, in Asia/Seoul, in which nothing is sent. It may pass midnight."""

    model_config = ConfigDict(frozen=True)

    start: time
    end: time

    @model_validator(mode="after")
    def _not_all_day(self) -> "QuietHours":
        if self.start == self.end:
            raise Invalid([FieldError("/quiet/end", "quiet_hours_whole_day")])
        return self


class Preferences(BaseModel):
    """What an organisation wishes; None leaves it to the contact and to the rule."""

    model_config = ConfigDict(frozen=True)

    organisation: str
    channel: Channel | None = None
    language: Language | None = None
    quiet: QuietHours | None = None


def not_before(moment: datetime, quiet: QuietHours | None) -> datetime:
    """The first moment, not before the given one, that lies outside the quiet hours."""
    if quiet is None:
        return moment
    local = moment.astimezone(KST)
    clock = local.time().replace(tzinfo=None)
    overnight = quiet.start > quiet.end
    inside = (
        clock >= quiet.start or clock < quiet.end if overnight else quiet.start <= clock < quiet.end
    )
    if not inside:
        return moment
    day = local.date()
    if overnight and clock >= quiet.start:
        day += timedelta(days=1)
    return datetime.combine(day, quiet.end, tzinfo=KST).astimezone(moment.tzinfo)


def addressed(
    recipients: Iterable[tuple[str, Recipient]], role: str, centre: str | None
) -> list[tuple[str, Recipient]]:
    """Those of an organisation's contacts that a message for this role and centre goes to.

    A contact that a centre keeps for itself hears that centre only. If that leaves nobody, every
    contact of the role hears it, since silence would be worse than one listener too many.
    """
    present = [(id, one) for id, one in recipients if role in one.roles and not one.removed]
    own = [(id, one) for id, one in present if one.centre is None or one.centre == centre]
    return sorted(own or present, key=lambda pair: pair[0])


def channel_for(
    recipient: Recipient, preferences: Preferences | None, by_telephone: bool
) -> Channel:
    """How to reach the contact: as it wishes if that is possible, else as it can be reached.

    `by_telephone` says whether the matter deserves a call; what does not waits in the inbox.
    """
    wish = preferences.channel if preferences else None
    mailable = recipient.email is not None and not recipient.bounced
    callable_ = recipient.telephone is not None and by_telephone
    if wish == "inbox":
        return "inbox"
    if wish == "telephone" and callable_:
        return "telephone"
    if mailable:
        return "email"
    return "telephone" if callable_ else "inbox"


def language_for(recipient: Recipient, preferences: Preferences | None) -> Language:
    """The language to write in."""
    wish = preferences.language if preferences else None
    return wish or recipient.language


def name_of(organisation: Sequence[Recipient]) -> str | None:
    """The display name that an organisation's contacts carry."""
    return next((one.name for one in organisation if one.name), None)


def masked_email(address: str | None) -> str | None:
    """`kim@school.kr` as `k***@school.kr`: enough to recognise, not enough to write to."""
    if address is None:
        return None
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def masked_telephone(number: str | None) -> str | None:
    """`+821012345678` as `010-****-5678`."""
    if number is None:
        return None
    digits = re.sub(r"\D", "", number.replace("+82", "0", 1))
    return f"{digits[:3]}-****-{digits[-4:]}" if len(digits) >= 9 else "****"
