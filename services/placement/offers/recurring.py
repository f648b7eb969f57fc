"""From a recurring rule ("Wednesdays 10:00 to 12:00, 2 October to 27 November") to sessions.

Pure: public holidays and unusable dates are given. A day that falls out is reported with its
reason, so that a host sees why "every Wednesday" became seven sessions and not nine.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from chassis.facts import KST, derived_id, stamp
from services.placement.offers.content import Content, Recurring, Session, Slot


@dataclass(frozen=True, slots=True)
class Skipped:
    """A day of a rule without a session: `holiday`, `blackout` or `unusable_date`."""

    day: date
    code: str


@dataclass(frozen=True, slots=True)
class Expanded:
    """All sessions of an offer in order of time, and the days that fell out."""

    sessions: tuple[Session, ...]
    skipped: tuple[Skipped, ...]


def expand(
    offer: str,
    content: Content,
    holidays: Collection[date],
    unusable: Collection[date],
) -> Expanded:
    """The sessions of an offer's slots and recurring rules.

    An explicit session stands even on a holiday, since somebody chose that very day. Two slots
    with the same start and end are one session.
    """
    found: dict[tuple[datetime, datetime], Session] = {}
    for wanted in content.slots:
        found.setdefault((wanted.start, wanted.end), _session(offer, content, wanted))
    skipped: dict[date, Skipped] = {}
    for rule in content.recurring:
        for day in days(rule):
            code = _falls_out(day, content.blackout, holidays, unusable)
            if code is not None:
                skipped[day] = Skipped(day, code)
                continue
            wanted = Slot(
                start=datetime.combine(day, time.fromisoformat(rule.begins), KST),
                end=datetime.combine(day, time.fromisoformat(rule.ends), KST),
                minimum=rule.minimum,
                maximum=rule.maximum,
            )
            found.setdefault((wanted.start, wanted.end), _session(offer, content, wanted))
    return Expanded(
        tuple(sorted(found.values(), key=lambda s: (s.start, s.end))),
        tuple(skipped[day] for day in sorted(skipped)),
    )


def days(rule: Recurring) -> Iterator[date]:
    """Every day of the rule's span that falls on one of its weekdays, holidays included."""
    day, last = date.fromisoformat(rule.first), date.fromisoformat(rule.last)
    excepted = set(rule.excepted)
    while day <= last:
        if day.isoweekday() in rule.weekdays and day.isoformat() not in excepted:
            yield day
        day += timedelta(days=1)


def _session(offer: str, content: Content, wanted: Slot) -> Session:
    """The session of a slot; the same slot of an offer keeps its id through every version."""
    start, end = wanted.start.astimezone(UTC), wanted.end.astimezone(UTC)
    return Session(
        id=derived_id("session", offer, stamp(start), stamp(end)),
        start=start,
        end=end,
        minimum=content.minimum if wanted.minimum is None else wanted.minimum,
        maximum=content.maximum if wanted.maximum is None else wanted.maximum,
    )


def _falls_out(
    day: date, blackout: Collection[str], holidays: Collection[date], unusable: Collection[date]
) -> str | None:
    if day in holidays:
        return "holiday"
    if day in unusable:
        return "unusable_date"
    return "blackout" if day.isoformat() in blackout else None
