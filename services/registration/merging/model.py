"""Two entries that may be one organisation: what speaks for it, and in what they differ. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chassis.likeness import likely
from services.registration.organisations.model import Organisation, Status, digits

COMPARED = ("name", "kinds", "school_code", "business_number", "phone", "address", "district")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries that are likely one organisation, and what says so."""

    one: str
    other: str
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One detail of both, side by side."""

    field: str
    one: Any
    other: Any

    @property
    def differs(self) -> bool:
        """Whether both say something, and not the same."""
        return bool(self.one and self.other) and self.one != self.other


def pairs(found: Mapping[str, Organisation], apart: Iterable[tuple[str, str]]) -> list[Pair]:
    """Likely duplicates among the organisations, the strongest signs first.

    `apart` are the pairs of which somebody has said that they are two.
    """
    known = {frozenset(pair) for pair in apart}
    open_ = {id: state for id, state in found.items() if state.status is Status.ACTIVE}
    signs: dict[frozenset[str], list[str]] = {}
    for sign in ("business_number", "phone"):
        same: dict[str, list[str]] = {}
        for id, state in open_.items():
            number = digits(getattr(state, sign) or "")
            # The departments of a house share its numbers; of them only names tell.
            if number and state.parent is None and state.school_code is None:
                same.setdefault(number, []).append(id)
        for ids in same.values():
            for place, one in enumerate(ids):
                for other in ids[place + 1 :]:
                    signs.setdefault(frozenset((one, other)), []).append(sign)
    for one, other in likely({id: state.name for id, state in open_.items()}):
        signs.setdefault(frozenset((one, other)), []).append("name")
    rows = []
    for pair, why in signs.items():
        one, other = sorted(pair, key=lambda id: (open_[id].name, id))
        if pair not in known and _may_be_one(one, open_[one], other, open_[other]):
            rows.append(Pair(one, other, tuple(why)))
    return sorted(rows, key=lambda row: (-len(row.signs), open_[row.one].name, row.one))


def _may_be_one(one: str, first: Organisation, other: str, second: Organisation) -> bool:
    """Two school codes are two schools; a house and its department are two, and so are the
    departments of two houses."""
    if first.school_code and second.school_code:
        return False
    return first.parent == second.parent and first.parent not in (one, other)


def lines(one: Organisation, other: Organisation) -> list[Line]:
    """What the two say of themselves, as far as either says anything."""
    rows = [Line(name, getattr(one, name), getattr(other, name)) for name in COMPARED]
    return [row for row in rows if row.one or row.other]
