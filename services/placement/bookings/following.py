"""Seats and hours follow what became of a booking: given back, held again, made to fit."""

from collections.abc import Iterable

from chassis.act import Act
from chassis.errors import Refused
from chassis.events.envelope import Received
from chassis.facts import moment
from services.placement.bookings import model, store
from services.placement.bookings.operations import noted, without_command
from services.placement.bookings.shape import HOLDING, Seat


def come_with(act: Act, ids: Iterable[str], people: int) -> None:
    """A group comes with fewer people: its hosts are told, and the seats are given back."""
    for stored in store.many(act, ids):
        booking = stored.state
        if booking.status in HOLDING and booking.placement is not None and booking.people > people:
            state, events = model.change_people(booking, people)
            noted_state = noted(act, state, "people_changed")
            store.bookings.save(without_command(act), stored, noted_state, events)
            store.resize(act, booking.session, stored.id, people)


def free(act: Act, event: Received) -> None:
    """Give the seats of a booking that ended back, however it ended."""
    store.let_go(act, event.data["session"], event.data["team"], event.key)


def hold_again(act: Act, event: Received) -> bool:
    """A host that had declined is asked again: its seats are held again, if they are still free.

    If they are not, the booking is taken back, and the repair that its refusal began goes on.
    """
    stored = store.bookings.get(act, event.key)
    booking = stored.state
    if booking.status not in HOLDING:
        return False
    seat = Seat(
        session=booking.session,
        offer=booking.offer,
        offer_version=booking.offer_version,
        centre=booking.centre,
        host=booking.host,
        team=booking.team,
        start=booking.start,
        end=booking.end,
        minimum=0,
        maximum=0,
    )
    try:
        store.hold(act, seat, event.key, booking.people)
    except Refused as why:
        state, events = model.cancel(booking, "system", why.code)
        store.bookings.save(act, stored, noted(act, state, "cancelled"), events, due=[])
        return False
    return True


def fit_hold(act: Act, event: Received) -> None:
    """A host accepted: seats and the team's calendar follow a smaller group or another hour."""
    data = event.data
    store.resize(act, data["session"], event.key, data["people"])
    if data["team"] is None:
        return
    start, end_ = moment(data["start"]), moment(data["end"])
    entries = store.busy(act, [data["team"]]).get(data["team"], [])
    now = next((row for row in entries if row["session"] == data["session"]), None)
    if now is None or (now["start"], now["end"]) == (start, end_):
        return
    others = set(store.seats(act, [data["session"]])[data["session"]]["holds"]) - {event.key}
    if others:
        start, end_ = min(start, now["start"]), max(end_, now["end"])
    try:
        store.reschedule(act, data["team"], data["session"], start, end_)
    except Refused:
        # The host itself named the hour and another visit of its team is in it: nobody else
        # can say which of the two holds, so this one is taken back and repaired.
        stored = store.bookings.get(act, event.key)
        state, events = model.cancel(stored.state, "system", "team_taken")
        store.bookings.save(act, stored, noted(act, state, "cancelled"), events, due=[])
