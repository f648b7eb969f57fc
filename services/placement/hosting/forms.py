"""An offer as it is typed into a form, and as the operations take it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from chassis.errors import FieldError, Invalid
from chassis.facts import KST
from chassis.http import problems
from chassis.http.mends import Mends, mends
from services.placement.offers.content import Content
from services.placement.offers.model import Offer

ROWS = 4
"""Days that can be added one by one; more come with the next saving."""

TEXTS = (
    "title",
    "team_name",
    "field",
    "kind",
    "setting",
    "place",
    "place_code",
    "meeting_point",
    "telephone",
)
NUMBERS = ("minimum", "maximum", "lead_days")
MANY = ("levels", "grades", "hazards", "accessible", "weekdays")
RULE = ("begins", "ends", "first", "last")
MOST = 200
ORDER = (
    *("campaign", "title", "team_name", "field", "kind", "setting"),
    *("place", "meeting_point", "place_code", "telephone"),
    *("weekdays", "begins", "ends", "first", "last", "slots"),
    *("minimum", "maximum", "lead_days", "terms_people"),
    *("levels", "grades", "hazards", "accessible"),
)
"""The fields as they stand in the form."""

Rules = Callable[[Mapping[str, Any]], Sequence[FieldError]]
"""What the rules of an offer say to content of which a part cannot be read."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form: single values, values of which many may be chosen, single days."""

    one: Mapping[str, str]
    many: Mapping[str, Sequence[str]]
    days: Sequence[tuple[str, str, str]]


def typed(form: Any) -> Typed:
    """The form as it was sent."""
    names = (*TEXTS, *NUMBERS, *RULE, "campaign", "terms_people")
    one = {name: str(form.get(name, "")).strip()[:MOST] for name in names}
    many = {name: [str(value)[:40] for value in form.getlist(name)][:MOST] for name in MANY}
    columns = [form.getlist(f"slot_{name}") for name in ("day", "begins", "ends")]
    days = [(str(a)[:10], str(b)[:5], str(c)[:5]) for a, b, c in zip(*columns, strict=False)]
    return Typed(one, many, [row for row in days if any(row)])


def empty() -> Typed:
    """The form for a new offer."""
    return Typed(
        {"setting": "on_site", "minimum": "10", "maximum": "24", "lead_days": "7"},
        {"weekdays": []},
        [],
    )


def of(offer: Offer) -> Typed:
    """The form of an offer that exists. Only its first recurring rule is shown in it."""
    content = offer.content
    rule = content.recurring[0] if content.recurring else None
    one = {name: str(getattr(content, name) or "") for name in (*TEXTS, *NUMBERS)}
    one |= {name: getattr(rule, name) if rule else "" for name in RULE}
    one["terms_people"] = str(content.terms.people) if content.terms else ""
    one["campaign"] = offer.campaign or ""
    many: dict[str, Sequence[str]] = {
        name: [str(value) for value in getattr(content, name)]
        for name in ("levels", "grades", "hazards", "accessible")
    }
    many["weekdays"] = [str(day) for day in rule.weekdays] if rule else []
    days = []
    for slot in content.slots:
        start, end = slot.start.astimezone(KST), slot.end.astimezone(KST)
        days.append((start.date().isoformat(), f"{start:%H:%M}", f"{end:%H:%M}"))
    return Typed(one, many, days)


def content(said: Typed, before: Content | None, rules: Rules) -> Content:
    """The offer's content. Raises Invalid with every field to mend, also by the rules.

    What the form does not show (travel minutes, single days left out, alternatives, further rules)
    stays as it was before.
    """
    wanted: dict[str, Any] = {} if before is None else _unshown(before)
    wanted |= {name: said.one.get(name, "") for name in TEXTS}
    wanted["team_name"] = wanted["team_name"] or None
    wanted["telephone"] = wanted["telephone"] or None
    wanted |= {name: said.one.get(name, "") or "0" for name in NUMBERS}
    for name in ("levels", "grades", "hazards", "accessible"):
        wanted[name] = list(said.many.get(name, ()))
    people = said.one.get("terms_people", "")
    wanted["terms"] = {"people": people, "grades": wanted["grades"]} if people else None
    errors: list[FieldError] = []
    wanted["slots"] = _slots(said, errors)
    further = list(before.recurring[1:]) if before is not None else []
    if any(said.one.get(name) for name in RULE) or said.many.get("weekdays"):
        rule = {name: said.one.get(name, "") for name in RULE}
        wanted["recurring"] = [{**rule, "weekdays": list(said.many.get("weekdays", ()))}, *further]
    else:
        wanted["recurring"] = further
    try:
        made = Content.model_validate(wanted)
    except ValidationError as refused:
        raise Invalid([*errors, *problems.of_pydantic(refused), *rules(wanted)]) from None
    if errors:
        raise Invalid([*errors, *rules(wanted)])
    return made


def fields(refused: Invalid) -> Mends:
    """The faults with the names of the form's fields, in the order of the form."""
    found = mends(refused, lambda pointer: _field(pointer.strip("/").split("/")))
    return sorted(found, key=lambda one: ORDER.index(one[0]) if one[0] in ORDER else len(ORDER))


def _field(path: list[str]) -> str:
    match path:
        case ["recurring", _, name, *_]:
            return name
        case ["slots" | "recurring", *_]:
            return "slots"
        case ["team" | "either_or"]:
            return "team_name"
        case ["terms", *_]:
            return "terms_people"
        case [name, *_]:
            return name
        case _:
            return ""


def _unshown(before: Content) -> dict[str, Any]:
    return before.model_dump(include={"travel_minutes", "blackout", "day_limit", "either_or"})


def _slots(said: Typed, errors: list[FieldError]) -> list[dict[str, datetime]]:
    slots = []
    for day, begins, ends in said.days:
        try:
            start = datetime.fromisoformat(f"{day}T{begins}").replace(tzinfo=KST)
            end = datetime.fromisoformat(f"{day}T{ends}").replace(tzinfo=KST)
        except ValueError:
            errors.append(FieldError("/slots", "slot_incomplete"))
            continue
        slots.append({"start": start, "end": end})
    return slots
