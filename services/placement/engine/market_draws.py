"""Places in the lottery of applicants and schools, as anyone can recompute them.

A number is SHA-256 of the market's seed (its UTF-8 bytes) followed by the id; the least number
draws first. Withdrawing and applying again under the same id keeps the number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.placement.engine.lottery import draw_order, number, numbers
from services.placement.engine.market import Ints, Market
from services.placement.engine.once import once


def number_of(seed: str, name: str) -> str:
    """The lottery number of one id, as 64 hexadecimal digits."""
    return number(seed.encode(), name).hex()


def places(seed: str, names: Sequence[str]) -> Ints:
    """The place of every id in the lottery: 0 draws first."""
    order = draw_order(numbers(seed.encode(), names), names)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return place


@once
def draw_places(market: Market) -> Ints:
    """The place of every applicant in the lottery of this market."""
    return places(market.rules.seed, market.applicants.id)
