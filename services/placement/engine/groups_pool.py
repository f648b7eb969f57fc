"""Small parts of the column generation: the pool of patterns, a box's outcome, the solver."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from services.placement.engine.groups_bound import Bound

Floats = NDArray[np.float64]


@dataclass
class Pool:
    """Patterns found so far: block, columns set to one, and the master's column of each."""

    block: list[int] = field(default_factory=list)
    columns: list[tuple[int, ...]] = field(default_factory=list)
    known: set[tuple[int, ...]] = field(default_factory=set)


@dataclass
class Relaxation:
    """Outcome of one box: certified bound, the fractional point, or proof that it is empty."""

    bound: Bound | None
    x: Floats | None
    empty: bool = False
    finished: bool = True


def make_solver() -> Any:
    """A linear solver that keeps its basis from one solve to the next."""
    make: Any = highspy.Highs
    solver = make()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("presolve", "off"),
        ("solver", "simplex"),
    ):
        solver.setOptionValue(option, value)
    return solver
