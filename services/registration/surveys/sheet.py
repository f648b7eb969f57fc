"""What the survey's page shows beside the fields: the calendar, what to mend, the parts' state."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chassis.errors import FieldError
from services.registration.campaigns.days import names_of_closed
from services.registration.surveys.answers import Answers, Group
from services.registration.surveys.calendar import Calendar, calendar
from services.registration.surveys.form import Filled, WishFields
from services.registration.surveys.reading import Unread, Window
from services.registration.surveys.terms import Terms

PARTS = ("groups", "fields", "dates", "way", "order")
PART_OF = {
    **dict.fromkeys(("fields", "kinds", "first"), "fields"),
    **dict.fromkeys(("dates", "dates_text", "weekdays", "blackout"), "dates"),
    **dict.fromkeys(("stops", "wants", "place", "travel_limit", "bus", "lunch"), "way"),
    "order": "order",
}
_GROUP = re.compile(r"/groups/(\d+)/(\w+)(?:/(\w+))?")
_OWN_NAMES = {"level": "who", "grade": "who", "id": "who", "": "who"}
_GROUPS_OWN = ("who", "class_name", "people", "smallest", "split", "needs", "remarks")
ALL = -1


@dataclass(frozen=True, slots=True)
class Mend:
    """One thing to mend: the field's name, the group it is in (ALL: none), code and facts."""

    name: str
    group: int
    code: str
    facts: Mapping[str, Any]

    @property
    def part(self) -> str:
        """The part of the form in which it lies."""
        return "groups" if self.group != ALL else PART_OF.get(self.name, "groups")


def to_mend(found: Iterable[FieldError], form: Filled) -> list[Mend]:
    """The faults of answers as fields of the form, each said once.

    A fault in common wishes is one fault, however many groups share them.
    """
    rows: dict[tuple[str, int, str], Mend] = {}
    for error in found:
        one = _mend(error, form)
        rows.setdefault((one.name, one.group, one.code), one)
    return list(rows.values())


def unread_to_mend(found: Iterable[Unread]) -> list[Mend]:
    """Fields that could not be read, as fields to mend."""
    rows = []
    for one in found:
        match = re.fullmatch(r"g(\d+)-\w+", one.name)
        rows.append(Mend(one.name, int(match[1]) if match else ALL, one.code, one.facts))
    return rows


def _mend(error: FieldError, form: Filled) -> Mend:
    match = _GROUP.match(error.pointer)
    if match is None:
        return Mend("g0-who", 0, error.code, error.facts)
    place, name, below = int(match[1]), match[2], match[3] or ""
    name = _OWN_NAMES.get(name, name)
    if name == "split" and below:
        name = f"split_{below}"
    if name.startswith(_GROUPS_OWN):
        return Mend(f"g{place}-{name}", place, error.code, error.facts)
    if place < len(form.groups) and form.groups[place].apart:
        return Mend(f"g{place}-apart", place, error.code, error.facts)
    return Mend(name, ALL, error.code, error.facts)


def window(there: Terms) -> Window:
    """The campaign's days."""
    return Window(there.rules.first, there.rules.last)


def calendar_of(
    there: Terms, wishes: WishFields, own: Iterable[str], sessions: Mapping[date, int], lang: str
) -> Calendar:
    """The campaign's calendar with these wishes and the school's own blackout days in it."""
    return calendar(
        sessions,
        names_of_closed(there.campaign, lang),
        {day for text in own if (day := _day(text))},
        [day for text in wishes.dates if (day := _day(text[:10]))],
    )


def asks(answers: Answers) -> str:
    """What placement is asked for the order of sessions: groups that say enough, as JSON."""
    return json.dumps([_ask(group) for group in answers.groups if _ready(group)])


def _ready(group: Group) -> bool:
    return bool(group.level and (group.people or 0) > 0 and (group.fields or group.dates))


def _ask(group: Group) -> dict[str, Any]:
    found = group.fact()
    found["needs"] = list(group.needs)
    found["name"] = group.class_name
    return found


def seconds_left(deadline: datetime, now: datetime) -> int:
    """The time until the deadline in seconds; none once it has passed."""
    return max(0, int((deadline - now).total_seconds()))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
