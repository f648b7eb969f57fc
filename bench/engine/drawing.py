"""Draws the rows of a run, and writes them as a table that people read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot as plt

matplotlib.use("Agg")
Row = dict[str, Any]
COLUMNS = (
    ("size", 36), ("load", 5), ("method", 20), ("cpu_s", 10), ("wall_s", 10), ("peak_mb", 8),
    ("placed", 9), ("rank", 9), ("ratio", 8),
)  # fmt: skip
#: What a row says beside its columns, if it has it.
MORE = (
    "worst_school_placed", "agrees", "feasible", "cpu_ms", "displaced", "moved", "over_first_come",
    "verifier", "verifier_share", "verifier_cpu_s", "warm_ms", "warm_cpu_ms", "optimum", "met",
    "blocking", "status", "proved", "gap", "failed",
)  # fmt: skip


def ended(row: Row) -> bool:
    """Whether a method came to an end by itself: what a limit cut says nothing about its time."""
    return row.get("status") != "Time limit reached"


def draw(rows: list[Row], path: Path) -> None:
    """Log-log plot: processor seconds over applicants, persons at a load of 90 % and groups."""
    figure, both = plt.subplots(1, 2, figsize=(12, 4.8))
    for axes, kind, title in zip(
        both,
        ("persons", "groups"),
        ("Persons, exact, seats for 90 %", "Whole groups, within the limit of the row"),
        strict=True,
    ):
        chosen = [r for r in rows if r["kind"] == kind and r.get("load") == 90 and r.get("cpu_s")]
        chosen = [r for r in chosen if ended(r)]
        for method in dict.fromkeys(r["method"] for r in chosen):
            points = sorted((r["applicants"], r["cpu_s"]) for r in chosen if r["method"] == method)
            axes.plot(*zip(*points, strict=True), marker="o", label=method)
        axes.set(xscale="log", yscale="log", xlabel="applicants", ylabel="processor seconds")
        axes.set_title(title)
        axes.grid(True, which="both", alpha=0.3)
        if axes.lines:
            axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def table(report: Row) -> str:
    """The report as text."""
    lines = [f"{k}: {v}" for k, v in report["machine"].items()]
    lines += [f"time: {report['time']}", f"growth exponents: {report['growth_exponent']}"]
    for kind in dict.fromkeys(row["kind"] for row in report["rows"]):
        lines += ["", kind, "  ".join(name.ljust(width) for name, width in COLUMNS)]
        for row in report["rows"]:
            if row["kind"] == kind:
                lines += _lines(row)
    return "\n".join(lines) + "\n"


def _lines(row: Row) -> list[str]:
    cells = [str(row.get(name, "")).ljust(width) for name, width in COLUMNS]
    more = [f"{name} {row[name]}" for name in MORE if row.get(name) is not None]
    out = ["  ".join(cells).rstrip()]
    if more:
        out.append(f"    {', '.join(more)}")
    for stage, s in row.get("stages", {}).items():
        gap = "" if s["gap"] is None else f", gap {s['gap']:.4%}"
        out.append(f"    {stage}: {s['value']}, bound {s['bound']}, {s['claim']}{gap}")
    return out
