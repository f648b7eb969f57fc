"""What a running role holds: its settings, database, keys, and the way it is told to stop."""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chassis import database as databases
from chassis import secrets
from chassis.act import Act, Documents, system_act
from chassis.secrets import Keys
from chassis.settings import Settings


@dataclass(slots=True)
class Context:
    """Made in the process that uses it, never inherited through a fork."""

    settings: Settings
    database: Documents
    keys: Keys
    beat_file: Path | None = None
    _stop: threading.Event = field(default_factory=threading.Event, init=False)

    def act(
        self,
        correlation: str | None = None,
        causation: str | None = None,
        seed: str | None = None,
    ) -> Act:
        """An act of the service itself, now."""
        return system_act(
            self.database,
            actor=self.settings.service,
            correlation=correlation,
            causation=causation,
            seed=seed,
            keys=self.keys,
        )

    def stopping(self) -> bool:
        """Whether the process was asked to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the role to end at its next look."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Rest until asked to stop, at most so long. True if it was asked."""
        return self._stop.wait(seconds)

    def beat(self) -> None:
        """Tell the parent that this loop is alive."""
        if self.beat_file is not None:
            self.beat_file.touch()

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end the role's loop. Only in a main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())


def open_context(settings: Settings, database: Documents | None = None) -> Context:
    """Connect and read the keys. `database` is given by tests."""
    beat = os.environ.get("IEUM_BEAT_FILE")
    return Context(
        settings=settings,
        database=databases.connect(settings) if database is None else database,
        keys=secrets.load(settings.secrets, settings.service),
        beat_file=Path(beat) if beat else None,
    )


Background = Callable[[Context], None]
"""A role of the worker beside the common ones: runs until `context.stopping()`."""
