"""From the fields of the survey's form to answers, with every field that cannot be read.

A fault here points to a field of the form by its name.
"""

import re
from collections.abc import Iterator
from typing import Any

from werkzeug.datastructures import MultiDict

from chassis.errors import FieldError
from services.registration.daytext import MOST_DAYS, Window, day_in, parts, read, taken_in
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
PLACES = ("on_site", "in_school")

_NUMBER = re.compile(r"-?\d{1,4}")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STORED = re.compile(r"(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2})?-(\d{2}:\d{2})?)?")


Said = MultiDict[str, str]
"""What a form said: values by name, several of one name in their order."""


def form_of(said: Said, window: Window) -> tuple[Filled, list[FieldError]]:
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


def _wishes(said: Said, window: Window) -> tuple[WishFields, list[FieldError]]:
    dates, unread = _dates(said, window)
    own, more = _own_days(said, window)
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
            **own,
        ),
        [*unread, *more],
    )


def _own_days(said: Said, window: Window) -> tuple[dict[str, str], list[FieldError]]:
    """The line of own days with what stands in the two fields beside it.

    Every button takes them in, so that none is lost; the form that saves itself does not, as
    somebody may still be choosing.
    """
    line = _words(said, "blackout", LONGEST)
    first, last = _words(said, "own_first"), _words(said, "own_last")
    if (first or last) and said.get("do"):
        line, code = taken_in(line, first, last, window)
        if code is None:
            first = last = ""
        else:
            facts = {"first": window.first, "last": window.last}
            fields = {"blackout": line, "own_first": first, "own_last": last}
            return fields, [FieldError("own_last" if last else "own_first", code, facts)]
    return {"blackout": line, "own_first": first, "own_last": last}, []


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


def _dates(said: Said, window: Window) -> tuple[tuple[str, ...], list[FieldError]]:
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


def _from_line(line: str, window: Window) -> tuple[tuple[str, ...], list[FieldError]]:
    found: list[str] = []
    unread = []
    for part in parts(line):
        hours = [f"{int(hour):02d}:{minute}" for hour, minute in _HOURS.findall(part)]
        day = day_in(_HOURS.sub(" ", part), window)
        if day is None:
            facts = {"value": part[:20], "example": window.first}
            unread.append(FieldError("dates_text", "cell_day", facts))
            continue
        start, end = [*hours, "", ""][:2]
        found.append(f"{day.isoformat()} {start}-{end}" if hours else day.isoformat())
    return tuple(dict.fromkeys(found)), unread


def answers_of(form: Filled, known: Answers, window: Window) -> tuple[Answers, list[FieldError]]:
    """The answers that the form means. What cannot be read is left out and named."""
    unread: list[FieldError] = []
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


def wishes_of(form: WishFields, there: Group, window: Window) -> tuple[Group, list[FieldError]]:
    """A group with other wishes."""
    unread: list[FieldError] = []
    changed = there.model_copy(update=dict(_read_wishes(form, window, unread)))
    return _with_order(changed, there), unread


def _with_order(group: Group, there: Group | None) -> Group:
    """An own order of sessions stays as long as the wishes that it was made from."""
    if there is None:
        return group
    same = all(getattr(group, name) == getattr(there, name) for name in RANKING)
    return group.model_copy(update={"order": there.order if same else ()})


def _read_group(
    form: GroupFields, place: int, unread: list[FieldError]
) -> Iterator[tuple[str, Any]]:
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
    form: WishFields, window: Window, unread: list[FieldError]
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
    yield "blackout", _blackout(form.blackout, window, unread)


def _wished(text: str) -> WishedDate:
    found = _STORED.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return WishedDate(date=found[1], start=found[2], end=found[3])


def _blackout(text: str, window: Window, unread: list[FieldError]) -> tuple[str, ...]:
    """Single days and spans (10/10-10/11), each day once."""
    days, wrong = read(text, window)
    for part in wrong:
        facts = {"value": part[:20], "example": window.first}
        unread.append(FieldError("blackout", "cell_day", facts))
    if len(days) > MOST_DAYS:
        unread.append(FieldError("blackout", "own_many", {"most": MOST_DAYS}))
    return days[:MOST_DAYS]


def _count(name: str, text: str, unread: list[FieldError]) -> int | None:
    plain = text.strip()
    if not plain:
        return None
    if not _NUMBER.fullmatch(plain):
        unread.append(FieldError(name, "cell_number", {"value": plain[:20]}))
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
