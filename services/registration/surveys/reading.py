"""From the fields of the survey's form to answers, with every field that cannot be read."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from services.registration.surveys.answers import Answers, Group, Split, WishedDate
from services.registration.surveys.form import (
    RANKING,
    WISHES,
    Filled,
    GroupFields,
    WishFields,
    dates_line,
)

MOST_GROUPS = 60
MOST_VALUES = 100
LONGEST = 1000
LONGEST_NAME = 60
LONGEST_SPAN = 60
PLACES = ("on_site", "in_school")
MONTHS = 12

_NUMBER = re.compile(r"-?\d{1,4}")
_NUMBERS = re.compile(r"\d+")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})")
_BETWEEN = re.compile(r"[,;\n]+")
_SPAN = re.compile(r"[~\-\N{EN DASH}]")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STORED = re.compile(r"(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2})?-(\d{2}:\d{2})?)?")


Said = MultiDict[str, str]
"""What a form said: values by name, several of one name in their order."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A field of the form that cannot be read: its name, a code and facts."""

    name: str
    code: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """The days of a campaign, so that a day without a year is known."""

    first: date
    last: date


def form_of(said: Said, window: Window) -> tuple[Filled, list[Unread]]:
    """The form as it was sent, with the ranks as its controls were last used."""
    number = min(max(_int(said.get("groups"), 1), 0), MOST_GROUPS)
    groups = tuple(_group(said, place) for place in range(number))
    wishes, unread = _wishes(said, window)
    return Filled(groups or (GroupFields(),), wishes, _words(said, "remarks")), unread


def _group(said: Said, place: int) -> GroupFields:
    def text(name: str, most: int = LONGEST_NAME) -> str:
        return _words(said, f"g{place}-{name}", most)

    return GroupFields(
        id=text("id") if _ID.fullmatch(text("id")) else "",
        who=text("who"),
        class_name=text("class_name"),
        people=text("people"),
        smallest=text("smallest"),
        split=bool(text("split")),
        split_smallest=text("split_smallest"),
        split_parts=text("split_parts"),
        needs=_codes(said, f"g{place}-needs"),
        remarks=text("remarks", LONGEST),
        apart=bool(text("apart")),
    )


def _wishes(said: Said, window: Window) -> tuple[WishFields, list[Unread]]:
    dates, unread = _dates(said, window)
    return (
        WishFields(
            fields=_fields(said),
            dates=dates,
            kinds=_codes(said, "kinds"),
            first=_words(said, "first") or "field",
            stops=_words(said, "stops") or "1",
            wants=_words(said, "wants") or "1",
            place=_words(said, "place") or PLACES[0],
            travel_limit=_words(said, "travel_limit"),
            bus=bool(_words(said, "bus")),
            lunch=bool(_words(said, "lunch")),
            weekdays=_values(said, "weekdays"),
            blackout=_words(said, "blackout", LONGEST),
        ),
        unread,
    )


def _fields(said: Said) -> tuple[str, ...]:
    """The ranked fields. The select boxes win where they say something new."""
    listed = _codes(said, "fields")
    boxes = tuple("".join(_codes(said, f"rank{rank}")) for rank in (1, 2, 3))
    as_shown = (*listed, "", "", "")[:3]
    if boxes == as_shown:
        return listed
    chosen = list(dict.fromkeys(one for one in boxes if one))
    # What was ranked below the boxes, and is not named in one, keeps its place after them.
    return (*chosen, *(one for one in listed[3:] if one not in chosen))


def _dates(said: Said, window: Window) -> tuple[tuple[str, ...], list[Unread]]:
    """The ranked dates: from the line of text where it was changed, else from the calendar."""
    ranked = tuple(one for one in _values(said, "dates") if _STORED.fullmatch(one))
    line = _words(said, "dates_text", LONGEST)
    if line != dates_line(ranked):
        return _from_line(line, window)
    ticked = {one for one in said.getlist("date") if _STORED.fullmatch(one)}
    shown = {one for one in said.getlist("shown") if _STORED.fullmatch(one)}
    kept = [one for one in ranked if one[:10] in ticked or one[:10] not in shown]
    known = {one[:10] for one in kept}
    return (*kept, *sorted(ticked - known)), []


def _from_line(line: str, window: Window) -> tuple[tuple[str, ...], list[Unread]]:
    found: list[str] = []
    unread = []
    for part in _parts(line):
        hours = [f"{int(hour):02d}:{minute}" for hour, minute in _HOURS.findall(part)]
        day = _day(_HOURS.sub(" ", part), window)
        if day is None:
            facts = {"value": part[:20], "example": window.first}
            unread.append(Unread("dates_text", "cell_day", facts))
            continue
        start, end = [*hours, "", ""][:2]
        found.append(f"{day.isoformat()} {start}-{end}" if hours else day.isoformat())
    return tuple(dict.fromkeys(found)), unread


def answers_of(form: Filled, known: Answers, window: Window) -> tuple[Answers, list[Unread]]:
    """The answers that the form means. What cannot be read is left out and named."""
    unread: list[Unread] = []
    wishes = dict(_read_wishes(form.wishes, window, unread))
    stored = {group.id: group for group in known.groups if group.id}
    groups = []
    for place, fields in enumerate(form.groups):
        there = stored.get(fields.id)
        own = wishes
        if fields.apart and there is not None:
            own = {name: getattr(there, name) for name in WISHES}
        group = Group(**dict(_read_group(fields, place, unread)), **own)
        groups.append(_with_order(group, there))
    return Answers(groups=tuple(groups), remarks=form.remarks), unread


def wishes_of(form: WishFields, there: Group, window: Window) -> tuple[Group, list[Unread]]:
    """A group with other wishes."""
    unread: list[Unread] = []
    changed = there.model_copy(update=dict(_read_wishes(form, window, unread)))
    return _with_order(changed, there), unread


def _with_order(group: Group, there: Group | None) -> Group:
    """An own order of sessions stays as long as the wishes that it was made from."""
    if there is None:
        return group
    same = all(getattr(group, name) == getattr(there, name) for name in RANKING)
    return group.model_copy(update={"order": there.order if same else ()})


def _read_group(form: GroupFields, place: int, unread: list[Unread]) -> Iterator[tuple[str, Any]]:
    def number(name: str, text: str) -> int | None:
        return _count(f"g{place}-{name}", text, unread)

    level, _, grade = form.who.partition(":")
    yield "id", form.id
    yield "level", level if _CODE.fullmatch(level) else None
    yield "grade", int(grade) if grade.isdecimal() and len(grade) < 3 else None
    yield "class_name", form.class_name
    yield "people", number("people", form.people)
    yield "smallest", number("smallest", form.smallest)
    yield "needs", form.needs[:20]
    yield "remarks", form.remarks
    if form.split:
        parts = number("split_parts", form.split_parts)
        smallest = number("split_smallest", form.split_smallest)
        yield "split", Split(smallest=1 if smallest is None else smallest, parts=parts or 2)


def _read_wishes(
    form: WishFields, window: Window, unread: list[Unread]
) -> Iterator[tuple[str, Any]]:
    yield "fields", form.fields[:20]
    yield "kinds", form.kinds[:20]
    yield "dates", tuple(_wished(one) for one in form.dates[:20])
    yield "first", "date" if form.first == "date" else "field"
    yield "stops", _count("stops", form.stops, unread) or 1
    yield "wants", _count("wants", form.wants, unread) or 1
    yield "place", form.place if form.place in PLACES else PLACES[0]
    yield "travel_limit", _count("travel_limit", form.travel_limit, unread)
    yield "bus", form.bus
    yield "lunch", form.lunch
    yield "weekdays", tuple(sorted({int(one) for one in form.weekdays if one in "1234567"}))
    yield "blackout", tuple(_blackout(form.blackout, window, unread))[:MOST_VALUES]


def _wished(text: str) -> WishedDate:
    found = _STORED.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return WishedDate(date=found[1], start=found[2], end=found[3])


def _blackout(text: str, window: Window, unread: list[Unread]) -> Iterator[str]:
    """Single days and spans (10/10-10/11), each day once."""
    seen: set[str] = set()
    for part in _parts(text):
        first, last = _span(part, window)
        if first is None or last is None or not 0 <= (last - first).days <= LONGEST_SPAN:
            facts = {"value": part[:20], "example": window.first}
            unread.append(Unread("blackout", "cell_day", facts))
            continue
        for n in range((last - first).days + 1):
            day = (first + timedelta(days=n)).isoformat()
            if day not in seen:
                seen.add(day)
                yield day


def _day(text: str, window: Window) -> date | None:
    numbers = [int(one) for one in _NUMBERS.findall(text)]
    try:
        if len(numbers) == 3:
            year, month, day = numbers
            return date(year if year > 99 else 2000 + year, month, day)
        if len(numbers) == 2:
            found = date(window.first.year, *numbers)
            later = found < window.first and window.last.year > window.first.year
            return date(window.last.year, *numbers) if later else found
    except ValueError:
        pass
    return None


def _span(text: str, window: Window) -> tuple[date | None, date | None]:
    """First and last day of 10/10-10/11, 10/10-11 or 10/10."""
    numbers = _NUMBERS.findall(text)
    if _SPAN.search(text) and len(numbers) in (3, 4) and int(numbers[0]) <= MONTHS:
        start = _day("/".join(numbers[:2]), window)
        return start, _day(
            "/".join((numbers[-2] if numbers[3:] else numbers[0], numbers[-1])), window
        )
    day = _day(text, window)
    return day, day


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _BETWEEN.split(text) if part.strip()][:MOST_VALUES]


def _count(name: str, text: str, unread: list[Unread]) -> int | None:
    plain = text.strip()
    if not plain:
        return None
    if not _NUMBER.fullmatch(plain):
        unread.append(Unread(name, "cell_number", {"value": plain[:20]}))
        return None
    return int(plain)


def _words(said: Said, name: str, most: int = LONGEST_NAME) -> str:
    # A browser sends line ends as two signs, and a text may hold as many as it shows.
    return (said.get(name) or "").replace("\r\n", "\n").strip()[:most]


def _values(said: Said, name: str) -> tuple[str, ...]:
    given = said.getlist(name)[:MOST_VALUES]
    return tuple(dict.fromkeys(one.strip() for one in given if one.strip()))


def _codes(said: Said, name: str) -> tuple[str, ...]:
    return tuple(one for one in _values(said, name) if _CODE.fullmatch(one))


def _int(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else otherwise
