"""The clock of a run, and whom it tells how far it is: the core itself asks no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from services.placement.engine.answer import Progress

Report = Callable[[Progress], bool]
Clock = Callable[[], float]
TICK_SECONDS = 0.25


@dataclass
class Watch:
    """Clock, deadline and progress of one run. Without a clock nothing is limited by time."""

    now: Clock
    deadline: float | None
    report: Report | None
    stages: int
    stopped: bool = False
    timed_out: bool = False
    last: float = field(default=-1e18)

    def left(self) -> float | None:
        """Seconds left, or None without a limit."""
        return None if self.deadline is None else max(0.0, self.deadline - self.now())

    def expired(self) -> bool:
        """Whether the run must end: cancelled, or out of time."""
        left = self.left()
        if left is not None and left <= 0:
            self.timed_out = True
        return self.stopped or self.timed_out

    def tell(self, progress: Progress, *, force: bool = False) -> bool:
        """Report at most four times a second; answers whether to go on."""
        if self.stopped:
            return False
        now = self.now()
        if self.report is not None and (force or now - self.last >= TICK_SECONDS):
            self.last = now
            if not self.report(progress):
                self.stopped = True
        return not self.stopped
