"""What the survey's page shows beside the fields: the calendar, what to mend, the parts' state."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from chassis.errors import FieldError
from services.registration.campaigns.days import names_of_closed
from services.registration.daytext import Window, stored_day
from services.registration.surveys.answers import Answers, Group
from services.registration.surveys.calendar import Calendar, calendar
from services.registration.surveys.form import Filled, WishFields
from services.registration.surveys.terms import Terms

OWN = ("own_first", "own_last")
PARTS = ("groups", "fields", "dates", "way", "order")
PART_OF = {
    **dict.fromkeys(("fields", "kinds", "first"), "fields"),
    **dict.fromkeys(("dates", "dates_text", "weekdays", "blackout", *OWN), "dates"),
    **dict.fromkeys(("stops", "wants", "place", "travel_limit", "bus", "lunch"), "way"),
    "order": "order",
}
_GROUP = re.compile(r"/groups/(\d+)/(\w+)(?:/(\w+))?")
_OWN_NAMES = {"level": "who", "grade": "who", "id": "who", "": "who"}
_GROUPS_OWN = ("who", "class_name", "people", "smallest", "split", "needs", "remarks")
_IN_GROUP = re.compile(r"g(\d+)-\w+")


def group_of(name: str) -> int | None:
    """The place of the group to which a field of the form belongs; None: to all of them."""
    match = _IN_GROUP.fullmatch(name)
    return int(match[1]) if match else None


def part_of(name: str) -> str:
    """The part of the form in which a field lies."""
    return "groups" if group_of(name) is not None else PART_OF.get(name, "groups")


def to_mend(found: Iterable[FieldError], form: Filled) -> list[FieldError]:
    """The faults of answers as faults of the form's fields by name, each said once.

    A fault in common wishes is one fault, however many groups share them.
    """
    rows: dict[tuple[str, str], FieldError] = {}
    for error in found:
        name = _field(error.pointer, form)
        rows.setdefault((name, error.code), FieldError(name, error.code, error.facts))
    return list(rows.values())


def _field(pointer: str, form: Filled) -> str:
    match = _GROUP.match(pointer)
    if match is None:
        return "g0-who"
    place, name, below = int(match[1]), match[2], match[3] or ""
    name = _OWN_NAMES.get(name, name)
    if name == "split" and below:
        name = f"split_{below}"
    if name.startswith(_GROUPS_OWN):
        return f"g{place}-{name}"
    apart = place < len(form.groups) and form.groups[place].apart
    return f"g{place}-apart" if apart else name


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
        {day for text in own if (day := stored_day(text))},
        [day for text in wishes.dates if (day := stored_day(text[:10]))],
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
