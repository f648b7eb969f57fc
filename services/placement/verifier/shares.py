"""What is known of schools' shares where no leximin scheme was finished."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from services.placement.verifier.market import Market
from services.placement.verifier.numbers import MILLION, school_placed, school_sizes
from services.placement.verifier.result import Result
from services.placement.verifier.rules import barred


def least_placed(m: Market, result: Result) -> list[int]:
    """The fewest people of each school with whom its share is no worse than the worst school's."""
    size, placed = school_sizes(m).tolist(), school_placed(m, result).tolist()
    shares = [Fraction(n - p, n) for n, p in zip(size, placed, strict=True) if n]
    worst = max(shares, default=Fraction(0))
    return [n - worst.numerator * n // worst.denominator for n in size]


def wished_share(m: Market) -> int:
    """The worst school's share if everyone with a possible wish were placed, in millionths."""
    c = m.col
    possible = np.bincount(m.owner[~barred(m)], minlength=m.applicants)
    most = np.where(m.splits, np.minimum(possible, 1), np.minimum(possible, c["applicants.wants"]))
    reach, size = np.zeros(len(m.names["schools"]), np.int64), school_sizes(m)
    np.add.at(reach, c["applicants.school"], c["applicants.people"] * most)
    asked = size > 0
    return int(np.minimum(reach[asked] * MILLION // size[asked], MILLION).min(initial=MILLION))
