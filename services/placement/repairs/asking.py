"""What the repair would do, asked by a page that waits for it. No placement is changed.

The engine is warm in the solver's role and nowhere else: the page leaves its question in the
database and looks for the answer there. While a run is being solved nobody answers, and the page
says that it is not known.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.act import Act
from chassis.documents import Stored
from services.placement.placements.shape import Placement
from services.placement.repairs import store
from services.placement.repairs.model import Row

AT_ONCE = 1.0
"""So many seconds a page waits."""

UNKNOWN = ("none_found", "market_broken", "")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would happen. `known` is False where nobody could tell in time."""

    rows: tuple[Row, ...]
    known: bool

    @property
    def lost(self) -> tuple[Row, ...]:
        """Those concerned who would be left without a seat."""
        return tuple(row for row in self.rows if row.affected and not row.after)

    @property
    def helped(self) -> tuple[Row, ...]:
        """Those concerned who would have another seat."""
        return tuple(row for row in self.rows if row.affected and row.after)

    @property
    def moved(self) -> tuple[Row, ...]:
        """Those who would move for it, within their own wishes."""
        return tuple(row for row in self.rows if not row.affected)


def if_others_move(
    act: Act, stored: Stored[Placement], wishes: Sequence[Mapping[str, Any]]
) -> Outlook:
    """Whether a group could have one of `wishes` ({stops, rank, cost}) if others moved.

    Only those move whom nobody has accepted yet, each to another of its own wishes, and nobody
    loses a seat; then `helped` names the group. `act` sees with the centre's eyes.
    """
    return _answer(act, stored.state.centre, {"placement": stored.id, "wishes": list(wishes)})


def if_cancelled(act: Act, centre: str, booking: str) -> Outlook:
    """What the repair would do if a host took this booking back."""
    return _answer(act, centre, {"booking": booking})


def _answer(act: Act, centre: str, question: Mapping[str, Any]) -> Outlook:
    id = store.ask(act, centre, question)
    end = time.monotonic() + AT_ONCE
    while (found := store.answer(act, id)) is None:
        if time.monotonic() >= end:
            return Outlook((), known=False)
        pause()
    rows = tuple(Row.model_validate(row) for row in found["rows"])
    return Outlook(rows, found["claim"] not in UNKNOWN)


def pause() -> None:
    """Let the solver work before the next look."""
    time.sleep(0.03)
