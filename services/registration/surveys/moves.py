"""What the buttons inside the survey's form do to it: add, take out, and move by one place."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from services.registration.daytext import Window, without
from services.registration.surveys.form import Filled, GroupFields, WishFields

T = TypeVar("T")


def moved(form: Filled, do: str, window: Window, named: str = "") -> Filled:
    """The form after a button. `do` is `verb` or `verb:value`; unknown ones change nothing.

    `named` is the value of the select box beside a button that adds.
    """
    verb, _, value = do.partition(":")
    wishes = form.wishes
    match verb:
        case "add_group":
            new = GroupFields(who=form.groups[-1].who if form.groups else "")
            return replace(form, groups=(*form.groups, new))
        case "drop_group":
            return _without_group(form, value)
        case "together":
            groups = tuple(
                replace(group, apart=False) if str(place) == value else group
                for place, group in enumerate(form.groups)
            )
            return replace(form, groups=groups)
        case _:
            return replace(form, wishes=wish_moved(wishes, verb, value, window, named))


def wish_moved(wishes: WishFields, verb: str, value: str, window: Window, named: str) -> WishFields:
    """The wishes after a button."""
    name, _, way = verb.partition("_")
    if name == "field":
        if way == "add" and named and named not in wishes.fields:
            return replace(wishes, fields=(*wishes.fields, named))
        return replace(wishes, fields=_ranked(wishes.fields, way, value))
    if name == "date":
        return replace(wishes, dates=_ranked(wishes.dates, way, value))
    if verb == "own_drop":
        return replace(wishes, blackout=without(wishes.blackout, value, window))
    return wishes


def swapped(entries: Sequence[T], way: str, place: int) -> tuple[T, ...]:
    """The entries with the one at `place` moved up or down by one."""
    other = place - 1 if way == "up" else place + 1
    if not (0 <= place < len(entries) and 0 <= other < len(entries)):
        return tuple(entries)
    found = list(entries)
    found[place], found[other] = found[other], found[place]
    return tuple(found)


def _ranked(entries: tuple[str, ...], way: str, value: str) -> tuple[str, ...]:
    if value not in entries:
        return entries
    act: dict[str, Callable[[], tuple[str, ...]]] = {
        "up": lambda: swapped(entries, "up", entries.index(value)),
        "down": lambda: swapped(entries, "down", entries.index(value)),
        "drop": lambda: tuple(one for one in entries if one != value),
    }
    return act.get(way, lambda: entries)()


def _without_group(form: Filled, place: str) -> Filled:
    kept = tuple(group for at, group in enumerate(form.groups) if str(at) != place)
    return replace(form, groups=kept or (GroupFields(),))
