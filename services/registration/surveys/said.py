"""Answers in words: for the summary, and for two versions side by side."""

from collections.abc import Sequence
from typing import Any

from chassis.http import problems
from chassis.http.pages import HARD_SPACE, said_days
from services.registration.codes import codes
from services.registration.daytext import spans
from services.registration.surveys.answers import Answers, Group, WishedDate
from services.registration.surveys.form import date_text
from services.registration.surveys.history import Change
from services.registration.surveys.shown import date_words

ROWS = (
    "fields",
    "dates",
    "first",
    "kinds",
    "stops",
    "wants",
    "place",
    "travel_limit",
    "bus",
    "lunch",
    "weekdays",
    "blackout",
    "smallest",
    "split",
    "needs",
    "remarks",
)
"""What the summary says of a group, beside its name and head-count."""

QUIET = {"first": "field", "stops": 1, "wants": 1, "place": "on_site", "bus": False, "lunch": False}
"""Values that say nothing worth reading."""

PART_OF_VERB = {
    "add": "groups",
    "drop": "groups",
    "together": "groups",
    "previous": "groups",
    "field": "fields",
    "date": "dates",
}


def group_rows(group: Group) -> list[tuple[str, str]]:
    """Name and value of everything that a group says, in the order of the form."""
    found = []
    for name in ROWS:
        value = getattr(group, name)
        if value in (None, "", ()) or QUIET.get(name) == value:
            continue
        if name == "weekdays" and value == (1, 2, 3, 4, 5):
            continue
        found.append((label(name), written(name, value)))
    return found


def label(name: str) -> str:
    """What a value of the form is called."""
    return problems.text(f"page.form.name.{name}")


def written(name: str, value: Any) -> str:
    """A value of a group as people read it."""
    none = problems.text("page.none")
    if value in (None, "", (), []):
        return none
    match name:
        case "fields" | "kinds" | "needs":
            names = getattr(codes(), name)
            language = problems.lang()
            listed = [names.get(code, {}).get(language, code) for code in value]
            return _ranked(listed) if name == "fields" else ", ".join(listed)
        case "dates":
            return _ranked([date_words(_stored(day)) for day in value])
        case "weekdays":
            words = problems.catalogue().raw(problems.lang(), "times.weekdays")
            return ", ".join(words[day - 1] for day in value)
        case "blackout":
            return ", ".join(said_days(*span) for span in spans(value))
        case "first" | "place" | "level":
            return _choice(name, value)
        case "bus" | "lunch":
            return problems.text("page.form.yes" if value else "page.form.no")
        case "split":
            rows = value if isinstance(value, dict) else value.model_dump()
            return problems.text("page.form.split_said", **rows)
        case "people" | "smallest":
            return problems.text("page.people", count=value)
        case "grade":
            return problems.text("page.form.grade", grade=value)
        case "travel_limit":
            return problems.text("page.form.minutes", minutes=value)
        case "order":
            return problems.text("page.form.entries", count=len(value))
        case _:
            return str(value)


def differences(rows: Sequence[Change], kept: Answers, here: Answers) -> list[tuple[str, str, str]]:
    """Each differing value as (place, stored, in this window)."""
    names = {
        group.id: problems.text("page.form.group_named", number=number, name=group.class_name)
        if group.class_name
        else problems.text("page.form.group", number=number)
        for answers in (here, kept)
        for number, group in enumerate(answers.groups, 1)
    }
    found = []
    for change in rows:
        parts = change.pointer.strip("/").split("/")
        if parts == ["groups"]:
            count = [
                problems.text("page.form.groups_said", count=len(ids or ()))
                for ids in (change.before, change.after)
            ]
            found.append((label("groups"), count[0], count[1]))
            continue
        name = parts[-1]
        place = label(name)
        if len(parts) > 1:
            group = names.get(parts[1], problems.text("page.form.group_new"))
            place = problems.text("page.form.in_group", group=group, sentence=place)
        found.append((place, written(name, change.before), written(name, change.after)))
    return found


def _choice(name: str, value: str) -> str:
    if name == "level":
        return codes().levels.get(value, {}).get(problems.lang(), value)
    return problems.text(f"page.form.{name}.{value}")


def _ranked(listed: Sequence[str]) -> str:
    """A ranked list in one line, where no rank is parted from what it ranks."""
    return ", ".join(f"{rank}.{HARD_SPACE}{one}" for rank, one in enumerate(listed, 1))


def _stored(day: Any) -> str:
    return date_text(day if isinstance(day, WishedDate) else WishedDate.model_validate(day))
