"""What the form of a refused act shows: one sentence for each thing to mend, with its field."""

from collections.abc import Callable
from typing import Any

from chassis.errors import Problem
from chassis.http import problems

Mends = list[tuple[str, str]]
"""(name of the field, sentence); a sentence about the whole form has an empty name."""


def last_of(pointer: str) -> str:
    """The last part of a pointer, where a form calls its fields as the operation does."""
    return pointer.rsplit("/", 1)[-1]


def mends(refused: Problem | None, field_of: Callable[[str], str] = last_of) -> Mends:
    """The faults of a refusal in order, else the refusal itself as one sentence; [] for none.

    A field is named once, with the first of its faults: that is the sentence under it.
    """
    if refused is None:
        return []
    if not refused.errors:
        return [("", sentence(refused))]
    found: Mends = []
    for one in refused.errors:
        name = field_of(one.pointer)
        if not name or name not in dict(found):
            found.append((name, problems.text(f"field.{one.code}", **one.facts)))
    return found


def again(
    refused: Problem | None, field_of: Callable[[str], str] = last_of, order: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What the template of a form says of a refusal: `mends` above it, `said` by field.

    `order` are the fields as they stand in a form whose faults come from several rules.
    """
    found = mends(refused, field_of)
    if order:
        found.sort(key=lambda one: order.index(one[0]) if one[0] in order else -1)
    return {"mends": found, "said": dict(found)}


def sentence(refused: Problem) -> str:
    """The refusal in one sentence of the reader's language."""
    facts = {**refused.facts, "count": len(refused.errors)}
    return problems.text(f"problem.{refused.code}", **facts)
