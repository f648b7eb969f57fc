"""The outcome of the checks: one line per check, and every fault with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OK, REFUSED, OPEN = "ok", "refused", "not verified"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: file and place in it, and a sentence."""

    place: str
    detail: str


@dataclass(frozen=True)
class Proven:
    """A bound that the evidence proves, in the stage's own direction; or why it proves none.

    Not `whole` is evidence about the value alone where a stage has more to it: leximin is not
    only the worst school.
    """

    bound: int | None
    fault: Fault | None = None
    whole: bool = True


class Unusable(Exception):
    """The input cannot be checked at all; carries every fault found."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{f.place}: {f.detail}" for f in faults[:5]))
        self.faults = faults


@dataclass
class Line:
    """One check: its name, how it went, what was found, and its faults."""

    check: str
    status: str
    detail: str
    faults: list[Fault]


@dataclass
class Ledger:
    """Collects the lines of all checks."""

    lines: list[Line] = field(default_factory=list)

    def add(self, check: str, faults: list[Fault], detail: str) -> bool:
        """A check that holds if it has no faults; answers whether it holds."""
        self.lines.append(Line(check, REFUSED if faults else OK, detail, faults))
        return not faults

    def unverified(self, check: str, detail: str) -> None:
        """Something that nothing in the files proves; it is said and does not refuse."""
        self.lines.append(Line(check, OPEN, detail, []))

    @property
    def refused(self) -> bool:
        """Whether any check failed."""
        return any(line.status == REFUSED for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """Verdict and lines as plain data."""
        return {
            "verdict": "refused" if self.refused else "accepted",
            "checks": [
                {
                    "check": line.check,
                    "status": line.status,
                    "detail": line.detail,
                    "faults": [{"place": f.place, "detail": f.detail} for f in line.faults],
                }
                for line in self.lines
            ],
        }
