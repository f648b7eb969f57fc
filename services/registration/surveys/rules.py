"""When an answer may be submitted: every fault at once, each with its place and its numbers.

Pure: the campaign's facts, the closed days and the code lists come in as `Rules`. The sentence for
each code, which says what to write instead, is in the catalogue under `problem.<code>`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from chassis.errors import FieldError
from services.registration.codes import Codes
from services.registration.daytext import stored_day
from services.registration.surveys.answers import Answers, Group

MOST_GROUPS = 30
MOST_PEOPLE = 400
MOST_RANKED = 3
MOST_STOPS = 3
MOST_WANTS = 5
MOST_PARTS = 6
MOST_ORDERED = 60
MOST_ORDERED_IDS = 1000
TRAVEL_MINUTES = (5, 240)
SPECIAL = "special"
"""Special classes and schools may join a programme of any level."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one campaign allows. Days are inclusive.

    `closed` says why a day cannot be used: `holiday`, or `unusable` for what the centre named
    (the university entrance exam, say, which no list of holidays knows). Empty `fields` and
    `grades` allow all; `level` is the programme's.
    """

    opens_at: datetime
    deadline: datetime
    first: date
    last: date
    codes: Codes
    closed: Mapping[date, str] = field(default_factory=dict)
    fields: Collection[str] = ()
    level: str | None = None
    grades: Collection[int] = ()

    def open_days(self) -> Iterator[date]:
        """Every day of the window on which somebody could come."""
        day = self.first
        while day <= self.last:
            if day not in self.closed:
                yield day
            day += timedelta(days=1)


def faults(answers: Answers, rules: Rules) -> list[FieldError]:
    """All that keeps these answers from being submitted, in the order of the form."""
    if not answers.groups:
        return [FieldError("/groups", "groups_missing")]
    found: list[FieldError] = []
    if len(answers.groups) > MOST_GROUPS:
        found.append(FieldError("/groups", "groups_many", {"most": MOST_GROUPS}))
    if sum(len(entry) for group in answers.groups for entry in group.order) > MOST_ORDERED_IDS:
        # One event of 64 KB carries the whole survey, and these ids are most of it.
        found.append(FieldError("/groups", "order_total", {"most": MOST_ORDERED_IDS}))
    ids = [group.id for group in answers.groups]
    for place, group in enumerate(answers.groups):
        if group.id in ids[:place]:
            found.append(FieldError(f"/groups/{place}/id", "group_twice"))
        for pointer, code, facts in _group(group, rules):
            found.append(FieldError(f"/groups/{place}{pointer}", code, facts))
    return found


Fault = tuple[str, str, dict[str, Any]]


def _group(group: Group, rules: Rules) -> Iterator[Fault]:
    yield from who(group.level, group.grade, rules)
    yield from _heads(group)
    allowed = rules.fields or rules.codes.fields
    yield from _ranked("fields", group.fields, rules.codes.fields, allowed)
    if not group.fields:
        yield "/fields", "fields_missing", {}
    yield from _codes("kinds", group.kinds, rules.codes.kinds)
    yield from _codes("needs", group.needs, rules.codes.needs)
    yield from _days(group, rules)
    yield from _way(group)
    yield from _order(group)


def who(level: str | None, grade: int | None, rules: Rules) -> Iterator[Fault]:
    """What is wrong with a level and a grade: pointer, code and facts of each fault."""
    if level is None:
        yield "/level", "level_missing", {}
        return
    if level not in rules.codes.grades:
        yield "/level", "level_unknown", {}
        return
    if rules.level not in (None, level) and level != SPECIAL:
        yield "/level", "level_not_eligible", {}
        return
    grades = rules.codes.grades[level]
    if not grades:
        if grade is not None:
            yield "/grade", "grade_unwanted", {}
    elif grade is None:
        yield "/grade", "grade_missing", {"most": max(grades)}
    elif grade not in grades:
        yield "/grade", "grade_unknown", {"most": max(grades)}
    elif level == rules.level and rules.grades and grade not in rules.grades:
        allowed = ", ".join(str(one) for one in sorted(rules.grades))
        yield "/grade", "grade_not_eligible", {"grades": allowed}


def _heads(group: Group) -> Iterator[Fault]:
    people = group.people
    if people is None:
        yield "/people", "people_missing", {}
    elif people < 1:
        yield "/people", "people_low", {}
    elif people > MOST_PEOPLE:
        yield "/people", "people_high", {"most": MOST_PEOPLE}
    if group.smallest is not None:
        if group.smallest < 1:
            yield "/smallest", "smallest_low", {}
        elif people is not None and group.smallest > people >= 1:
            yield "/smallest", "smallest_above_people", {"people": people}
    split = group.split
    if split is None:
        return
    if not 2 <= split.parts <= MOST_PARTS:
        yield "/split/parts", "split_parts", {"most": MOST_PARTS}
    if split.smallest < 1:
        yield "/split/smallest", "smallest_low", {}
    elif people is not None and people >= 1 and split.smallest * 2 > people:
        if people == 1:
            yield "/split", "split_single", {}
        else:
            yield "/split/smallest", "split_smallest_high", {"people": people, "most": people // 2}


def _ranked(
    name: str, given: Sequence[str], known: Collection[str], allowed: Collection[str]
) -> Iterator[Fault]:
    if len(given) > MOST_RANKED:
        yield f"/{name}", f"{name}_many", {"most": MOST_RANKED}
    for place, code in enumerate(given):
        if code not in known:
            yield f"/{name}/{place}", "code_unknown", {}
        elif code not in allowed:
            yield f"/{name}/{place}", "field_not_offered", {}
        elif code in given[:place]:
            yield f"/{name}/{place}", "ranked_twice", {"rank": given.index(code) + 1}


def _codes(name: str, given: Sequence[str], known: Collection[str]) -> Iterator[Fault]:
    for place, code in enumerate(given):
        if code not in known:
            yield f"/{name}/{place}", "code_unknown", {}
        elif code in given[:place]:
            yield f"/{name}/{place}", "chosen_twice", {}


def _days(group: Group, rules: Rules) -> Iterator[Fault]:
    blackout: set[date] = set()
    for place, text in enumerate(group.blackout):
        day = stored_day(text)
        if day is None:
            yield f"/blackout/{place}", "date_unknown", {}
        else:
            blackout.add(day)
    if not group.weekdays:
        yield "/weekdays", "weekdays_missing", {}
    elif not any(
        day.isoweekday() in group.weekdays and day not in blackout for day in rules.open_days()
    ):
        yield "/weekdays", "no_day_left", {"first": rules.first, "last": rules.last}
    if len(group.dates) > MOST_RANKED:
        yield "/dates", "dates_many", {"most": MOST_RANKED}
    seen: list[tuple[str, str | None, str | None]] = []
    for place, wished in enumerate(group.dates):
        yield from _wished(f"/dates/{place}", wished.date, group, blackout, rules)
        yield from _hours(f"/dates/{place}", wished.start, wished.end)
        key = (wished.date, wished.start, wished.end)
        if key in seen:
            yield f"/dates/{place}/date", "ranked_twice", {"rank": seen.index(key) + 1}
        seen.append(key)


def _wished(
    pointer: str, text: str, group: Group, blackout: Collection[date], rules: Rules
) -> Iterator[Fault]:
    day = stored_day(text)
    if day is None:
        yield f"{pointer}/date", "date_unknown", {}
    elif not rules.first <= day <= rules.last:
        yield f"{pointer}/date", "date_outside", {"first": rules.first, "last": rules.last}
    elif day in rules.closed:
        yield f"{pointer}/date", f"date_{rules.closed[day]}", {"date": day}
    elif day in blackout:
        yield f"{pointer}/date", "date_blacked_out", {"date": day}
    elif group.weekdays and day.isoweekday() not in group.weekdays:
        yield f"{pointer}/date", "date_weekday", {"date": day}


def _clock(text: str) -> bool:
    return text < "24:00" and text[3:] < "60"


def _hours(pointer: str, start: str | None, end: str | None) -> Iterator[Fault]:
    for name, text in (("from", start), ("to", end)):
        if text is not None and not _clock(text):
            yield f"{pointer}/{name}", "clock_unknown", {}
            return
    if start is not None and end is not None and start >= end:
        yield f"{pointer}/to", "hours_order", {"start": start}


def _way(group: Group) -> Iterator[Fault]:
    if not 1 <= group.stops <= MOST_STOPS:
        yield "/stops", "stops_range", {"most": MOST_STOPS}
    if not 1 <= group.wants <= MOST_WANTS:
        yield "/wants", "wants_range", {"most": MOST_WANTS}
    least, most = TRAVEL_MINUTES
    if group.travel_limit is not None and not least <= group.travel_limit <= most:
        yield "/travel_limit", "travel_range", {"least": least, "most": most}


def _order(group: Group) -> Iterator[Fault]:
    if len(group.order) > MOST_ORDERED:
        yield "/order", "order_long", {"most": MOST_ORDERED}
    for place, entry in enumerate(group.order):
        if not entry:
            yield f"/order/{place}", "order_empty", {}
        elif len(set(entry)) < len(entry):
            yield f"/order/{place}", "order_same_stop", {}
        elif len(entry) > max(group.stops, 1):
            yield f"/order/{place}", "order_stops", {"stops": group.stops}
        elif entry in group.order[:place]:
            yield f"/order/{place}", "ranked_twice", {"rank": group.order.index(entry) + 1}
