"""What the engine would do, asked by a page that waits for it. It changes nothing.

The engine is loaded at the first question, so that processes that are never asked stay small.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chassis.act import Act
from chassis.documents import Stored
from services.placement.bookings import operations as bookings
from services.placement.placements import model as rules
from services.placement.placements import operations as placements
from services.placement.placements.shape import Placement
from services.placement.repairs.model import Row

AT_ONCE = 0.8
"""So many seconds a page waits for the engine."""

UNKNOWN = ("none_found", "market_broken")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would happen. `known` is False where the time at hand did not suffice."""

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
    from services.placement.repairs import previews

    state = stored.state
    seated = [p for p in placements.seated(act, state.run) if p.id != stored.id]
    question = previews.Question(
        run=state.run,
        campaign=state.campaign,
        seated=[*seated, stored],
        affected=frozenset({stored.id}),
        refused=bookings.refused(act, state.campaign),
        wishes=wishes,
    )
    found = previews.answer(act, question, AT_ONCE)
    return Outlook(found.rows, found.claim not in UNKNOWN)


def if_cancelled(act: Act, booking: str) -> Outlook:
    """What the repair would do if a host took this booking back. `act` is the centre's."""
    from services.placement.repairs import previews

    stored = bookings.show(act, booking).state
    over = {"status": "cancelled", "cancelled_by": "host", "reason_code": "staff_absent"}
    served = {p.id: p for p in placements.served_by(act, booking)}
    seated = []
    for one in placements.seated(act, stored.run):
        step = rules.stop_lost(one.state, booking) if one.id in served else None
        seated.append(one if step is None else _with(one, step[0]))
    question = previews.Question(
        run=stored.run,
        campaign=stored.campaign,
        seated=seated,
        affected=frozenset(served),
        refused=[*bookings.refused(act, stored.campaign), stored.model_copy(update=over)],
    )
    found = previews.answer(act, question, AT_ONCE)
    return Outlook(found.rows, found.claim not in UNKNOWN)


def _with(stored: Stored[Placement], state: Placement) -> Stored[Placement]:
    return replace(stored, state=state)
