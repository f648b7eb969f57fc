"""The survey's form: what stands in its fields, as text, and how answers come to stand there.

A teacher writes wishes once for all groups. A group whose wishes differ is `apart`: its own ones
stay as they are stored and are edited on a page of their own. So every draft can be shown and
kept, also one that came from a file or by the telephone.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

from services.registration.daytext import line_of
from services.registration.surveys.answers import Answers, Group, WishedDate

WISHES = (
    "fields",
    "kinds",
    "dates",
    "first",
    "stops",
    "wants",
    "place",
    "travel_limit",
    "bus",
    "lunch",
    "blackout",
    "weekdays",
)
"""What a group wishes, as against who it is."""

RANKING = ("fields", "kinds", "dates", "first", "stops", "place", "travel_limit", "blackout")
"""The wishes from which the order of sessions is made; an own order does not outlive them."""


@dataclass(frozen=True, slots=True)
class GroupFields:
    """One group as the form shows it. `who` is level and grade (`middle:2`)."""

    id: str = ""
    who: str = ""
    class_name: str = ""
    people: str = ""
    smallest: str = ""
    split: bool = False
    split_smallest: str = ""
    split_parts: str = ""
    needs: tuple[str, ...] = ()
    remarks: str = ""
    apart: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing was written yet."""
        return not (self.class_name or self.people or self.smallest or self.remarks or self.needs)


@dataclass(frozen=True, slots=True)
class WishFields:
    """The wishes as the form shows them. A date is `2024-11-05` or `2024-11-05 10:00-12:00`.

    `own_first` and `own_last` are the fields of more days for `blackout`, until they are taken in.
    """

    fields: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    first: str = "field"
    stops: str = "1"
    wants: str = "1"
    place: str = "on_site"
    travel_limit: str = ""
    bus: bool = False
    lunch: bool = False
    weekdays: tuple[str, ...] = ("1", "2", "3", "4", "5")
    blackout: str = ""
    own_first: str = ""
    own_last: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """The whole form. There is always one group to write in."""

    groups: tuple[GroupFields, ...] = (GroupFields(),)
    wishes: WishFields = field(default_factory=WishFields)
    remarks: str = ""

    def name_of(self, place: int) -> str:
        """What a group is called: its class, or nothing."""
        return self.groups[place].class_name if place < len(self.groups) else ""


def wish_of(group: Group) -> tuple[object, ...]:
    """The wishes of a group in one comparable value."""
    return tuple(getattr(group, name) for name in WISHES)


def common(answers: Answers) -> Group | None:
    """A group with the wishes that most groups share; the first of equals."""
    if not answers.groups:
        return None
    counted = Counter(wish_of(group) for group in answers.groups)
    most = max(counted.values())
    return next(group for group in answers.groups if counted[wish_of(group)] == most)


def filled(answers: Answers) -> Filled:
    """The form with these answers in it."""
    shared = common(answers)
    if shared is None:
        return Filled(remarks=answers.remarks)
    return Filled(
        groups=tuple(
            _group(group, apart=wish_of(group) != wish_of(shared)) for group in answers.groups
        ),
        wishes=wishes_in(shared),
        remarks=answers.remarks,
    )


def _group(group: Group, apart: bool) -> GroupFields:
    return GroupFields(
        id=group.id,
        who=who(group.level, group.grade),
        class_name=group.class_name,
        people=_text(group.people),
        smallest=_text(group.smallest),
        split=group.split is not None,
        split_smallest=_text(group.split.smallest) if group.split else "",
        split_parts=_text(group.split.parts) if group.split else "",
        needs=group.needs,
        remarks=group.remarks,
        apart=apart,
    )


def wishes_in(group: Group) -> WishFields:
    """The wishes of a group as the form shows them."""
    return WishFields(
        fields=group.fields,
        dates=tuple(date_text(day) for day in group.dates),
        kinds=group.kinds,
        first=group.first,
        stops=str(group.stops),
        wants=str(group.wants),
        place=group.place,
        travel_limit=_text(group.travel_limit),
        bus=group.bus,
        lunch=group.lunch,
        weekdays=tuple(str(day) for day in group.weekdays),
        blackout=line_of(group.blackout),
    )


def who(level: str | None, grade: int | None) -> str:
    """Level and grade as one choice of a select box."""
    return f"{level}:{grade if grade is not None else ''}" if level else ""


def date_text(day: WishedDate) -> str:
    """A wished date as one value of the form."""
    if day.start is None and day.end is None:
        return day.date
    return f"{day.date} {day.start or ''}-{day.end or ''}"


def short(wished: str) -> str:
    """A day or a wished date as people write it in a line of text: 11/5 10:00-12:00."""
    day, _, hours = wished.partition(" ")
    _, month, number = day.split("-")
    text = f"{int(month)}/{int(number)}"
    return f"{text} {hours}" if hours else text


def dates_line(dates: tuple[str, ...]) -> str:
    """Wished dates in their order as one line of text."""
    return ", ".join(short(one) for one in dates)


def without_blank(form: Filled) -> Filled:
    """The form without groups in which nothing was written; one stays."""
    kept = tuple(group for group in form.groups if not group.blank)
    return replace(form, groups=kept or form.groups[:1])


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
