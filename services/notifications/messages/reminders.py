"""Reminders before a deadline: one aggregate a campaign that carries the times to remind at."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from chassis.act import Act
from chassis.documents import Aggregates, Owners
from chassis.errors import NotFound
from chassis.facts import Due, moment
from services.notifications.messages.operations import take_up
from services.notifications.messages.rules.campaigns import reminder

BEFORE = (timedelta(days=3), timedelta(days=1))
"""How long before the deadline a school that has not submitted is reminded."""


class Reminder(BaseModel):
    """When the schools of a campaign are reminded; `status` follows the campaign."""

    model_config = ConfigDict(frozen=True)

    centre: str
    deadline: str
    status: str


REMINDERS: Aggregates[Reminder] = Aggregates(
    "reminders", None, Reminder, lambda state: Owners(centre=state.centre)
)


def times(deadline: datetime, now: datetime) -> list[Due]:
    """The times to remind at that still lie ahead."""
    return [Due(deadline - before, "remind") for before in BEFORE if deadline - before > now]


def set_times(act: Act, campaign: str, centre: str, deadline: str, status: str) -> None:
    """Follow a campaign: reminders while its survey is open, none otherwise."""
    state = Reminder(centre=centre, deadline=deadline, status=status)
    due = times(moment(deadline), act.now) if status == "open" else []
    try:
        stored = REMINDERS.get(act, campaign)
    except NotFound:
        REMINDERS.create(act, campaign, state, due=due)
        return
    REMINDERS.save(act, stored, state, due=due)


def remind(act: Act, campaign: str) -> None:
    """A time to remind has come. The same time reminds once, however often it is called."""
    state = REMINDERS.get(act, campaign).state
    if state.status != "open" or moment(state.deadline) <= act.now:
        return
    cause = act.seed or f"{campaign}|remind|{state.deadline}"
    take_up(act, cause, [reminder(campaign, state.centre, state.deadline)], timedelta())
