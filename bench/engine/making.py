"""Generates the markets; apart from `instances`, since it imports HiGHS by way of the engine."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bench.engine.facts import FIELDS
from services.placement.engine.generate import generate
from services.placement.engine.market_draws import draw_places
from services.placement.engine.solve_individuals import PersonColumns, flow_market


def write_instance(path: Path, size: str, seed: int, load: int) -> None:
    """Generate a market, draw its lottery and store its arrays."""
    market = generate(size, seed, load)
    arrays = flow_market(market, PersonColumns(market), draw_places(market))
    np.savez(path, **{name: getattr(arrays, name) for name in FIELDS})


if __name__ == "__main__":
    write_instance(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
