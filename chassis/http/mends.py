"""What the form of a refused act shows: one sentence for each thing to mend, with its field."""

from collections.abc import Callable

from chassis.errors import Problem
from chassis.http import problems

Mends = list[tuple[str, str]]
"""(name of the field, sentence); a sentence about the whole form has an empty name."""


def last_of(pointer: str) -> str:
    """The last part of a pointer, where a form calls its fields as the operation does."""
    return pointer.rsplit("/", 1)[-1]


def mends(refused: Problem | None, field_of: Callable[[str], str] = last_of) -> Mends:
    """The faults of a refusal in order, else the refusal itself as one sentence; [] for none."""
    if refused is None:
        return []
    if not refused.errors:
        return [("", sentence(refused))]
    return [
        (field_of(one.pointer), problems.text(f"field.{one.code}", **one.facts))
        for one in refused.errors
    ]


def sentence(refused: Problem) -> str:
    """The refusal in one sentence of the reader's language."""
    return problems.text(f"problem.{refused.code}", **refused.facts)
