"""What a placement makes of what it hears: of its bookings, its hosts' answers, and the clock."""

from typing import Any

from chassis.act import Act
from chassis.events.envelope import Received
from chassis.facts import moment
from services.placement.placements import model, store
from services.placement.placements.operations import noted
from services.placement.placements.shape import EndedBy, conditioned


def expire(act: Act, id: str) -> None:
    """Nobody confirmed in time: silence is not consent."""
    stored = store.placements.load(act, id)
    step = model.expire(stored.state, act.now)
    if step is not None:
        store.placements.save(act, stored, noted(act, step[0], "expired"), step[1], due=[])
    elif stored.state.status != "offered" or stored.state.approval is not None:
        store.placements.save(act, stored, stored.state, due=[])


def host_answered(act: Act, event: Received) -> None:
    """A host accepted a booking: its stop is agreed, perhaps smaller or at another hour."""
    data = event.data
    people = data["people"] if data["placement"] is not None else None
    start, end = moment(data["start"]), moment(data["end"])
    for stored in store.with_booking(act, event.key):
        step = model.host_answered(stored.state, event.key, start, end, people)
        if step is not None:
            store.placements.save(act, stored, noted(act, step[0], "host_accepted"), step[1])


def host_conditioned(act: Act, event: Received) -> None:
    """A host would take a group under a condition: its school is asked, if it knows of the visit.

    Before the schools' release the centre decides alone.
    """
    condition, decide_by = event.data["condition"], moment(event.data["decide_by"])
    for stored in store.with_booking(act, event.key):
        if stored.state.released:
            told = conditioned(stored.state, event.key, condition, decide_by)
            store.placements.save(act, stored, noted(act, stored.state, "host_conditioned"), [told])


def stop_lost(act: Act, event: Received) -> list[str]:
    """A booking ended without the visit. Returns the placements that now need a repair."""
    found = []
    for stored in store.with_booking(act, event.key):
        step = model.stop_lost(stored.state, event.key)
        if step is not None:
            store.placements.save(act, stored, noted(act, step[0], "stop_lost"), step[1])
            found.append(stored.id)
    return found


def host_thinks_again(act: Act, booking: str) -> None:
    """A host took its answer back: the stops of this booking wait again."""
    for stored in store.with_booking(act, booking):
        step = model.host_thinks_again(stored.state, booking)
        if step is not None:
            store.placements.save(act, stored, noted(act, step[0], "host_thinks_again"), step[1])


def stop_cleared(act: Act, event: Received) -> None:
    """The safety check of a booking is on record."""
    for stored in store.with_booking(act, event.key):
        step = model.stop_cleared(stored.state, event.key)
        if step is not None:
            store.placements.save(act, stored, noted(act, step[0], "safety_checked"), step[1])


def ended_by(event: Received) -> EndedBy:
    """Who ended a placement, as its event says; the clock is the system."""
    by: Any = event.data.get("by", "system")
    found: EndedBy = by
    return found
