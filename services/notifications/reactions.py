"""Events into operations: contacts are kept, notices taken up, reminders set. Each once."""

import os
from datetime import timedelta
from functools import cache

from chassis.act import Act
from chassis.events.envelope import Received
from chassis.events.handlers import Reactions, Timers
from chassis.settings import Settings
from services.notifications.messages import operations as messages
from services.notifications.messages import reminders
from services.notifications.messages.planning import rules
from services.notifications.recipients import operations as recipients

reactions = Reactions()
timers = Timers()


@reactions.on("contact.changed", together=True)
def keep_contact(act: Act, event: Received) -> None:
    recipients.keep(act, event.key, event.data)


@reactions.on("contact.removed", together=True)
def remove_contact(act: Act, event: Received) -> None:
    recipients.remove(act, event.key)


@reactions.on("contact.invited", together=True)
def keep_invited(act: Act, event: Received) -> None:
    recipients.invite(act, event.key, event.data)


@reactions.on(*rules.all, together=True)
def take_up(act: Act, event: Received) -> None:
    """What the event gives to tell, by the rules of `messages/rules/`."""
    messages.take_up(act, event.id, rules.plan(event), gather())


@reactions.on(
    "campaign.opened", "campaign.changed", "campaign.closing", "campaign.cancelled", together=True
)
def follow_campaign(act: Act, event: Received) -> None:
    data = event.data
    reminders.set_times(act, event.key, data["centre"], data["deadline"], data["status"])


@timers.on(reminders.REMINDERS, "remind")
def remind(act: Act, campaign: str) -> None:
    reminders.remind(act, campaign)


def gather() -> timedelta:
    """How long the notices of a bundle wait for their fellows (`IEUM_DIGEST_SECONDS`)."""
    return _gathered(os.environ.get("IEUM_DIGEST_SECONDS"))


@cache
def _gathered(_said: str | None) -> timedelta:
    """Settings are made once for what is said: making them takes longer than a notice."""
    return timedelta(seconds=Settings(service="notifications").digest_seconds)
