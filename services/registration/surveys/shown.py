"""Everything that the survey's page shows, gathered for its template."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chassis.act import Act
from chassis.documents import Stored
from chassis.errors import FieldError
from chassis.facts import KST
from chassis.http import problems
from chassis.http.pages import said_clock, said_day, said_days
from services.registration.daytext import read, spans, value_of
from services.registration.openings import operations as openings
from services.registration.surveys.answers import Answers
from services.registration.surveys.calendar import Calendar
from services.registration.surveys.form import Filled, GroupFields, WishFields, short
from services.registration.surveys.model import COUNTS, Survey
from services.registration.surveys.reading import answers_of
from services.registration.surveys.rules import SPECIAL, faults
from services.registration.surveys.sheet import (
    PARTS,
    asks,
    calendar_of,
    group_of,
    part_of,
    seconds_left,
    to_mend,
    window,
)
from services.registration.surveys.terms import Terms

TRAVEL = ("", "20", "30", "40", "60", "90")
STOPS = ("1", "2", "3")
WANTS = ("1", "2", "3", "4", "5")

Option = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page's facts: `errors` by field, `state` of each part (done, open or bad).

    `own` is the school's own days, each span as its button's value and in words.
    """

    there: Terms
    stored: Stored[Survey] | None
    form: Filled
    calendar: Calendar
    own: list[tuple[str, str]]
    sessions: Mapping[date, int]
    found: list[tuple[str, str]]
    errors: dict[str, str]
    state: dict[str, str]
    wrong: dict[str, int]
    who: list[Option]
    fields: list[Option]
    kinds: Mapping[str, str]
    needs: Mapping[str, str]
    left: int
    asks: str
    late: bool
    submitted: bool

    @property
    def version(self) -> str:
        """The version that the form relies on; empty before there is one."""
        return str(self.stored.version) if self.stored else ""

    def field_name(self, code: str) -> str:
        """What a field of work is called."""
        return str(dict(self.fields).get(code, code))


def sheet(
    act: Act, there: Terms, stored: Stored[Survey] | None, form: Filled, found: list[FieldError]
) -> Sheet:
    """The facts of the form's page."""
    language = problems.lang()
    days = openings.days(act, there.id)
    sessions = {day.date: 0 if day.closed else day.sessions for day in days}
    draft = stored.state.draft if stored else Answers()
    answers, _ = answers_of(form, draft, window(there))
    own, _ = read(form.wishes.blackout, window(there))
    codes = there.rules.codes
    allowed = there.rules.fields or codes.fields
    left = to_mend(faults(answers, there.rules), form)
    return Sheet(
        there=there,
        stored=stored,
        form=form,
        calendar=calendar_of(there, form.wishes, own, sessions, language),
        own=[(value_of(span), said_days(*span)) for span in spans(own)],
        sessions=sessions,
        found=[(one.pointer, sentence(one, form)) for one in found],
        errors={one.pointer: plain(one) for one in reversed(found)},
        state=_state(left, found),
        wrong={part: sum(1 for one in found if part_of(one.pointer) == part) for part in PARTS},
        who=who_options(there, language, form.groups),
        fields=[(code, codes.fields[code][language]) for code in codes.fields if code in allowed],
        kinds={code: names[language] for code, names in codes.kinds.items()},
        needs={code: names[language] for code, names in codes.needs.items()},
        left=seconds_left(there.rules.deadline, act.now),
        asks=asks(draft),
        late=act.now >= there.rules.deadline,
        submitted=bool(stored and stored.state.status in COUNTS),
    )


def _state(left: list[FieldError], found: list[FieldError]) -> dict[str, str]:
    """Each part as done, still open, or with something to mend that was asked for."""
    bad = {part_of(one.pointer) for one in found}
    still = {part_of(one.pointer) for one in left}
    return {part: "bad" if part in bad else "open" if part in still else "done" for part in PARTS}


def plain(mend: FieldError) -> str:
    """What has to be mended, as it stands under the field."""
    return problems.text(f"field.{mend.code}", **mend.facts)


def sentence(mend: FieldError, form: Filled) -> str:
    """What has to be mended, with the group it is in, as it stands above the form."""
    group = group_of(mend.pointer)
    if group is None:
        return plain(mend)
    name = group_name(form.groups[group], group + 1)
    return problems.text("page.form.in_group", group=name, sentence=plain(mend))


def group_name(group: GroupFields, number: int) -> str:
    """A group by its number and its class."""
    if not group.class_name:
        return problems.text("page.form.group", number=number)
    return problems.text("page.form.group_named", number=number, name=group.class_name)


def who_options(there: Terms, language: str, groups: tuple[GroupFields, ...] = ()) -> list[Option]:
    """The choices of level and grade: the programme's first, then special schools."""
    codes, rules = there.rules.codes, there.rules
    options: list[Option] = [("", problems.text("page.form.choose"))]
    own = rules.level or SPECIAL
    for level in dict.fromkeys((own, SPECIAL)):
        grades = [
            g for g in codes.grades[level] if level != own or not rules.grades or g in rules.grades
        ]
        rows = [
            (f"{level}:{grade}", problems.text("page.form.grade", grade=grade)) for grade in grades
        ] or [(f"{level}:", codes.levels[level][language])]
        if level == own:
            options += rows
        else:
            options.append((codes.levels[level][language], rows))
    known = {one for one, words in options if isinstance(words, str)}
    known |= {one for _, words in options if not isinstance(words, str) for one, _ in words}
    for one in dict.fromkeys(group.who for group in groups):
        # What came from a file or by the telephone stays visible, also where it does not fit.
        if one not in known:
            level, _, grade = one.partition(":")
            name = codes.levels.get(level, {}).get(language, level)
            options.append((one, f"{name} {grade}".strip()))
    return options


def date_rows(sheet: Sheet, wishes: WishFields) -> list[tuple[str, str, str]]:
    """The ranked dates as value, words and note."""
    return [(one, date_words(one), date_note(sheet, one)) for one in wishes.dates]


def date_words(text: str) -> str:
    """A wished date as people say it, with its hours."""
    day, _, hours = text.partition(" ")
    try:
        words = said_day(date.fromisoformat(day))
        start, end = (_clock(day, hour) for hour in hours.split("-")) if hours else ("", "")
    except ValueError:
        return short(text)
    if start and end:
        return f"{words} {problems.text('times.days', first=start, last=end)}"
    if start or end:
        key = "times.since" if start else "times.until"
        return f"{words} {problems.text(key, at=start or end)}"
    return words


def _clock(day: str, hour: str) -> str:
    return said_clock(datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=KST)) if hour else ""


def date_note(sheet: Sheet, text: str) -> str:
    """What else there is to know about a wished date."""
    try:
        number = sheet.sessions.get(date.fromisoformat(text[:10]), 0)
    except ValueError:
        return ""
    return problems.text("page.form.no_session") if not number else ""
