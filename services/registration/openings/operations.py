"""On which days a campaign has sessions, and in which fields."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from chassis.act import Act
from chassis.facts import KST, moment
from services.registration.acting import in_public
from services.registration.campaigns import days as window
from services.registration.campaigns import operations as campaigns
from services.registration.openings import store


@dataclass(slots=True)
class Day:
    """One day of the window. `closed` is why nobody can come (holiday, unusable), or None."""

    date: date
    closed: str | None
    sessions: int = 0
    seats: int = 0
    fields: Counter[str] = field(default_factory=Counter)


def days(act: Act, campaign: str) -> list[Day]:
    """Every day of the campaign's window with the sessions and seats that open on it.

    `fields` counts the sessions of each field. Sessions outside the window are left out.
    """
    there = campaigns.shown(act, campaign).state
    first, last = there.window.first, there.window.last
    closed = window.closed(there)
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found = {day: Day(day, closed.get(day)) for day in dates}
    for offer in store.for_campaign(in_public(act), there.centre, campaign):
        for session in offer["sessions"]:
            day = found.get(moment(session["start"]).astimezone(KST).date())
            if day is not None:
                day.sessions += 1
                day.seats += session["seats"]
                day.fields[offer["field"]] += 1
    return list(found.values())


def offers_of(act: Act, host: str) -> int:
    """How many offers of a host stand published, over all centres."""
    return store.count_of(in_public(act), host)
