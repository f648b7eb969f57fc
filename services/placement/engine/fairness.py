"""Per-school shares of an answer and the leximin order that compares answers.

A school's share is its unplaced applicants by its size, as an exact fraction. Of two answers the
better by leximin has the smaller worst share; among equals the smaller second worst, and so on.
Source: A. Sen, Collective Choice and Social Welfare (1970), for leximin.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class SchoolShares(NamedTuple):
    """Columns per school: unplaced people and size (int64 [C])."""

    unplaced: Array
    size: Array


class Worst(NamedTuple):
    """The worst school: its index, unplaced people and size (index -1 when there is none)."""

    school: int
    unplaced: int
    size: int


def school_shares(
    school: Array, seat_wish: Array, schools: int, size: Array | None = None
) -> SchoolShares:
    """Unplaced people and size of each school; `size` defaults to its applicants. O(n + C)."""
    unplaced = np.bincount(school[seat_wish < 0], minlength=schools)
    whole = np.bincount(school, minlength=schools) if size is None else size
    return SchoolShares(unplaced.astype(np.int64), whole.astype(np.int64))


def leximin_key(shares: SchoolShares) -> list[Fraction]:
    """Shares unplaced from the worst down; the smaller list in list order is the fairer answer.

    Exact fractions, so keys of different answers to one market compare without rounding.
    Schools without people are left out. O(C log C).
    """
    pairs = zip(shares.unplaced.tolist(), shares.size.tolist(), strict=True)
    return sorted((Fraction(u, size) for u, size in pairs if size), reverse=True)


def worst_school(shares: SchoolShares) -> Worst:
    """The school with the greatest share unplaced (the first of equals), compared exactly."""
    worst = Worst(-1, 0, 1)
    for c, (u, size) in enumerate(zip(shares.unplaced.tolist(), shares.size.tolist(), strict=True)):
        if size and (worst.school < 0 or u * worst.size > worst.unplaced * size):
            worst = Worst(c, u, size)
    return worst
