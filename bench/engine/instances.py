"""The markets that are measured, as plain arrays that every method reads from one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from services.placement.engine.flow import FlowMarket

FIELDS = (
    "wish_start",
    "wish_session",
    "wish_rank",
    "wish_cost",
    "capacity",
    "school",
    "lottery",
    "school_size",
)


def read_instance(path: Path) -> FlowMarket:
    """The arrays of a stored market."""
    with np.load(path) as stored:
        return FlowMarket(**{name: stored[name] for name in FIELDS})
