"""Lottery numbers of applicants and schools, as anyone can recompute them.

A number is SHA-256 of the seed followed by the id (both UTF-8), read as 256 bits; ties cannot be
met in practice and would fall to the order of the file. Withdrawing and applying again under the
same id keeps the number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from services.placement.engine.market import Ints, Market


def number(seed: str, name: str) -> str:
    """The lottery number of one id, as 64 hexadecimal digits."""
    return hashlib.sha256(f"{seed}{name}".encode()).hexdigest()


def places(seed: str, names: Sequence[str]) -> Ints:
    """The place of every id in the lottery: 0 draws first."""
    base = hashlib.sha256(seed.encode())
    drawn: list[bytes] = []
    for name in names:
        copy = base.copy()
        copy.update(name.encode())
        drawn.append(copy.digest())
    order = sorted(range(len(names)), key=drawn.__getitem__)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return place


def draw_places(market: Market) -> Ints:
    """The place of every applicant in the lottery of this market."""
    return places(market.rules.seed, market.applicants.id)
