"""What is to be told to whom: notices, and the messages that they become.

A *notice* is one thing that one event gives one organisation to know. Notices wait for their
time; those that carry the same `bundle` and wait together become one *message*, a digest. A
message is told to an organisation; how it reaches each contact is a delivery.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chassis.facts import derived_id

Audience = Literal["organisation", "schools", "schools_unanswered", "invited"]
NoticeStatus = Literal["waiting", "planned", "dropped"]

PATIENCE = timedelta(minutes=10)
"""How long a notice waits for a name that is still on its way in another topic."""

FIRST_LOOK, LATEST_LOOK = timedelta(milliseconds=500), timedelta(seconds=30)
"""How soon, and how rarely at the least, a waiting notice is looked at again."""


class Notice(BaseModel):
    """One thing to tell. `facts` are ids, codes, numbers and times as the event gave them."""

    model_config = ConfigDict(frozen=True)

    intent: str
    audience: Audience = "organisation"
    organisation: str | None
    role: str
    facts: dict[str, Any]
    centre: str | None
    campaign: str | None = None
    bundle: str | None = None
    once: bool = False
    """At most one message ever for this bundle: later notices of it are dropped."""
    due_at: datetime
    created_at: datetime
    looks: int = 0
    status: NoticeStatus = "waiting"
    message: str | None = None
    correlation: str = ""
    event: str = ""


class Item(BaseModel):
    """One notice inside a message, its facts completed with names."""

    model_config = ConfigDict(frozen=True)

    intent: str
    facts: dict[str, Any]


class Message(BaseModel):
    """What is told to one organisation at one time. `template` names the words."""

    model_config = ConfigDict(frozen=True)

    intent: str
    organisation: str
    role: str
    centre: str | None
    campaign: str | None
    items: list[Item]
    common: dict[str, Any]
    """Facts of the message as a whole: names of centre and organisation, telephone."""
    correlation: str
    in_inbox: bool = True
    again: int = 0
    status: str = "planned"


@dataclass(frozen=True, slots=True)
class Called:
    """A message as one looks for it: its kind, and the names of its recipient and campaign."""

    id: str
    intent: str
    organisation: str | None
    campaign: str | None
    created: datetime


DIGESTS: dict[str, str] = {
    "results": "digest_schools",
    "asked": "digest_hosts",
    "news": "digest_news",
    "correction": "digest_correction",
}
"""The words for a bundle of several notices, by the first part of the bundle's name."""


def bundle(kind: str, *parts: str) -> str:
    """The name of what belongs together; its kind says in which words."""
    if kind not in DIGESTS:
        raise ValueError(kind)
    return ":".join((kind, *parts))


def intent_of(notices: Sequence[Notice]) -> str:
    """The template of a message: the notice's own, or its bundle's if there are several."""
    first = notices[0]
    if len(notices) == 1 or first.bundle is None:
        return first.intent
    return DIGESTS[first.bundle.partition(":")[0]]


def message_id(first: str, notice: Notice, organisation: str) -> str:
    """The same id however often the same notice or digest is planned.

    What may be told only once has an id of its bundle alone, so that a second message of it
    cannot exist.
    """
    if notice.once and notice.bundle is not None:
        return derived_id("message", notice.bundle)
    return derived_id("message", first, organisation)


def next_look(notice: Notice, now: datetime) -> datetime:
    """When to look again at a notice that waits for a name."""
    return now + min(FIRST_LOOK * (1 << min(notice.looks, 10)), LATEST_LOOK)


def out_of_patience(notice: Notice, now: datetime) -> bool:
    """Whether the notice has waited long enough to go out in general words."""
    return now - notice.created_at >= PATIENCE
