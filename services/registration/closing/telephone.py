"""What a school says on the telephone, as a short form: read into answers and written back.

Only what is asked on the telephone stands in it; whatever else a begun group holds stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.registration.surveys.answers import Answers, Group, WishedDate

RANKS = 3
LEAST_ROWS = 3
MOST_ROWS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One group as the form shows it."""

    id: str = ""
    grade: str = ""
    class_name: str = ""
    people: str = ""
    fields: tuple[str, ...] = ("",) * RANKS
    dates: tuple[str, ...] = ("",) * RANKS

    @property
    def blank(self) -> bool:
        """Whether nothing was written in it."""
        return not any((self.grade, self.class_name, self.people, *self.fields, *self.dates))


def rows_of(answers: Answers) -> list[Row]:
    """The begun groups, and some empty rows after them."""
    rows = [
        Row(
            id=group.id,
            grade="" if group.grade is None else str(group.grade),
            class_name=group.class_name,
            people="" if group.people is None else str(group.people),
            fields=_filled(group.fields),
            dates=_filled([one.date for one in group.dates]),
        )
        for group in answers.groups[:MOST_ROWS]
    ]
    return [*rows, *[Row()] * max(1, LEAST_ROWS - len(rows))][:MOST_ROWS]


def typed(form: Mapping[str, str]) -> list[Row]:
    """The rows as they were sent."""
    count = min(int(form.get("rows", "0") or 0), MOST_ROWS)
    return [
        Row(
            id=form.get(f"id{n}", ""),
            grade=form.get(f"grade{n}", "").strip(),
            class_name=form.get(f"class{n}", "").strip()[:60],
            people=form.get(f"people{n}", "").strip(),
            fields=tuple(form.get(f"field{n}-{rank}", "") for rank in range(RANKS)),
            dates=tuple(form.get(f"date{n}-{rank}", "").strip() for rank in range(RANKS)),
        )
        for n in range(count)
    ]


def answers_of(rows: Sequence[Row], known: Answers, level: str) -> Answers:
    """The answers that the rows say, over what was begun; a cleared row takes its group out."""
    begun = {group.id: group for group in known.groups}
    groups = []
    for row in rows:
        if row.blank:
            continue
        group = begun.get(row.id, Group(level=level))
        said: dict[str, Any] = {
            "grade": _number(row.grade),
            "class_name": row.class_name,
            "people": _number(row.people),
            "fields": tuple(one for one in row.fields if one),
            "dates": _dates(row.dates, group),
        }
        groups.append(Group.model_validate({**group.model_dump(by_alias=True), **said}))
    return known.model_copy(update={"groups": tuple(groups)})


def _dates(written: Sequence[str], group: Group) -> tuple[WishedDate, ...]:
    """Ranked days; hours that the school gave for a day stay with it."""
    hours = {one.date: one for one in group.dates}
    return tuple(hours.get(day, WishedDate(date=day)) for day in written if day)


def _filled(values: Sequence[str]) -> tuple[str, ...]:
    found = [*values[:RANKS], *[""] * RANKS]
    return tuple(found[:RANKS])


def _number(written: str) -> int | None:
    return int(written) if written.isdecimal() and len(written) < 5 else None
