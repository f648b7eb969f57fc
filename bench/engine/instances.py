"""The markets that are measured, as plain arrays that every method reads from one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.engine.facts import FIELDS
from services.placement.engine.flow import FlowMarket


def read_instance(path: Path) -> FlowMarket:
    """The arrays of a stored market."""
    with np.load(path) as stored:
        return FlowMarket(**{name: stored[name] for name in FIELDS})


def shape_of(market: FlowMarket) -> dict[str, int]:
    """The numbers of things in a market."""
    return {
        "applicants": len(market.school),
        "sessions": len(market.capacity),
        "wishes": len(market.wish_session),
        "seats": int(market.capacity.sum()),
    }
