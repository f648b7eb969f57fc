"""A run on paper: text for a person, JSON for a program, a picture for both."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

INVARIANTS = {
    "I1": "what was acknowledged is stored",
    "I2": "committed = in the log = brought to effect",
    "I3": "per key 1, 2, 3 … in order",
    "I4": "no effect without a committed source",
    "I5": "one seat per group, no session above its maximum",
    "I6": "one e-mail per intent, all in the ledger",
    "I7": "nothing left parked or dead",
    "I8": "same key, same answer",
    "I9": "drained in time; no 5xx while only the broker is away",
    "I10": "no personal data in logs, events, dead letters",
    "I11": "audit chain whole; no number with two contents",
}


@dataclass
class Report:
    """Everything that a run found."""

    seed: int
    seconds: float
    clients: dict[str, int]
    faults: dict[str, int]
    sometimes: dict[str, int]
    missing: list[str]
    """Sometimes-assertions that did not come about: the run is void."""
    counted: dict[str, int]
    checked: dict[str, int]
    recovery: dict[str, dict[str, float]]
    drained: float | None
    broken: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    """Injections that failed and were tried again."""

    def code(self) -> int:
        """0: everything held. 1: an invariant is broken. 3: the run is void."""
        return 1 if self.broken else 3 if self.missing else 0

    def text(self) -> str:
        """For a person."""
        lines = [f"seed {self.seed}, faults and load for {self.seconds:.0f} s"]
        for title in ("clients", "faults", "sometimes", "counted"):
            rows: dict[str, int] = getattr(self, title)
            lines += ["", f"{title}:"]
            lines += [f"  {number:>8}  {name}" for name, number in sorted(rows.items())]
        lines += ["", "time to recover, seconds (in the company of all other faults):"]
        for kind, row in self.recovery.items():
            lines.append(f"  {row['median']:>8}  median, {row['longest']} at most: {kind}")
        lines += ["", "invariants:"]
        for name, said in INVARIANTS.items():
            wrong = [one for one in self.broken if one.startswith(f"{name}:")]
            verdict = f"BROKEN {len(wrong)} times" if wrong else "holds"
            lines.append(f"  {name:<4} {verdict:<16} {self.checked.get(name, 0):>7} × {said}")
        took = "never" if self.drained is None else f"after {self.drained:.1f} s"
        lines += ["", f"drained {took}"]
        again = Counter(": ".join(one.split(": ")[:2]) for one in self.troubles)
        lines += [f"tried again {number} times: {one}" for one, number in sorted(again.items())]
        lines += [f"BROKEN {one}" for one in self.broken[:20]]
        lines += [f"VOID: the run did not see: {one}" for one in self.missing]
        if not self.code():
            lines.append("0 lost, 0 doubled, 0 out of order")
        return "\n".join(lines) + "\n"

    def write(self, folder: Path, samples: list[tuple[float, int, int]]) -> None:
        """chaos.txt, chaos.json and chaos.png in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "chaos.txt").write_text(self.text(), encoding="utf-8")
        written = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (folder / "chaos.json").write_text(written + "\n", encoding="utf-8")
        _picture(folder / "chaos.png", samples)


def _picture(file: Path, samples: list[tuple[float, int, int]]) -> None:
    """Events committed and brought to effect over time, and the distance between them."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    if not samples:
        return
    begin = samples[0][0]
    times = [at - begin for at, _, _ in samples]
    figure: Any
    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(9, 5))
    above.plot(times, [row[1] for row in samples], label="committed")
    above.plot(times, [row[2] for row in samples], label="took effect in placement")
    above.set_ylabel("events")
    above.legend()
    below.plot(times, [row[1] - row[2] for row in samples], color="tab:red")
    below.set_ylabel("on their way")
    below.set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)
