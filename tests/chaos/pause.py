"""A pause of all clients: between two commands each, so that nothing is under way meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Pause:
    """Clients pass by here between two commands; whoever wants silence waits until all rest."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted = False
        self._running = 0
        self._resting = 0

    def begin(self) -> None:
        """A client begins to work."""
        with self._changed:
            self._running += 1

    def end(self) -> None:
        """A client works no more."""
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def pass_by(self) -> bool:
        """Rest as long as silence is wanted. True if it was: nothing known before holds now."""
        with self._changed:
            if not self._wanted:
                return False
            self._resting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._wanted)
            self._resting -= 1
            return True

    @contextmanager
    def silence(self, seconds: float) -> Iterator[None]:
        """Nobody acts while the block runs. Raises TimeoutError if somebody does not come."""
        end = time.monotonic() + seconds
        with self._changed:
            self._wanted = True
            there = self._changed.wait_for(
                lambda: self._resting >= self._running, max(0.0, end - time.monotonic())
            )
        try:
            if not there:
                raise TimeoutError("a client did not come to rest")
            yield
        finally:
            with self._changed:
                self._wanted = False
                self._changed.notify_all()
