"""Draws the rows of a run: processor time over applicants, one line per method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot as plt

from bench.engine.methods import METHODS
from bench.engine.peers import PEERS

matplotlib.use("Agg")


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Log-log plot of the rows at a load of 90 %."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for method in (*METHODS, *PEERS):
        points = sorted(
            (r["applicants"], r["cpu_s"])
            for r in rows
            if r["method"] == method and r["load"] == 90 and r.get("cpu_s")
        )
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=method)
    axes.set(xscale="log", yscale="log", xlabel="applicants", ylabel="processor seconds")
    axes.set_title("Exact individual placement, seats for 90 %")
    axes.grid(True, which="both", alpha=0.3)
    if axes.lines:
        axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)
