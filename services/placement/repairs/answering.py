"""The solver answers what pages ask of a repair (`asking`), one question at a time.

This room imports the engine, as `previews` does; it is loaded by the solver's role alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chassis.act import Act
from chassis.errors import NotFound
from chassis.scope import Centre
from services.placement.bookings import operations as bookings
from services.placement.placements import model as rules
from services.placement.placements import operations as placements
from services.placement.repairs import store
from services.placement.repairs.previews import Preview, Question, answer

QUICKLY = 0.6
"""So many seconds the engine looks for the answer to somebody who waits before a page."""


def answer_next(act: Act) -> bool:
    """Answer the next question of a page. False if nobody asks anything."""
    row = store.next_question(act)
    if row is None:
        return False
    inside = replace(act, scope=Centre(row["centre"]))
    asked = row["question"]
    try:
        if "booking" in asked:
            question = _if_cancelled(inside, asked["booking"])
        else:
            question = _if_others_move(inside, asked["placement"], asked["wishes"])
        found = answer(inside, question, QUICKLY)
    except NotFound:
        # What it was about is gone meanwhile, or its run kept no market: nobody can tell.
        found = Preview((), "")
    rows = [one.model_dump() for one in found.rows]
    store.say(act, row["_id"], {"rows": rows, "claim": found.claim})
    return True


def _if_others_move(act: Act, id: str, wishes: Sequence[Mapping[str, Any]]) -> Question:
    stored = placements.show(act, id)
    state = stored.state
    seated = [p for p in placements.seated(act, state.run) if p.id != id]
    return Question(
        run=state.run,
        campaign=state.campaign,
        seated=[*seated, stored],
        affected=frozenset({id}),
        refused=bookings.refused(act, state.campaign),
        wishes=wishes,
    )


def _if_cancelled(act: Act, id: str) -> Question:
    booking = bookings.show(act, id).state
    over = {"status": "cancelled", "cancelled_by": "host", "reason_code": "staff_absent"}
    served = {p.id for p in placements.served_by(act, id)}
    seated = []
    for one in placements.seated(act, booking.run):
        step = rules.stop_lost(one.state, id) if one.id in served else None
        seated.append(one if step is None else replace(one, state=step[0]))
    return Question(
        run=booking.run,
        campaign=booking.campaign,
        seated=seated,
        affected=frozenset(served),
        refused=[*bookings.refused(act, booking.campaign), booking.model_copy(update=over)],
    )
