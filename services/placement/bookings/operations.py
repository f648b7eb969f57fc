"""Use cases of bookings: hosts answer, safety is recorded, seats are held and given back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from chassis import vault
from chassis.act import Act
from chassis.documents import Page, Receipt, Replayed, Stored
from chassis.errors import FieldError, Forbidden, Invalid, NotFound, Refused
from chassis.facts import Due, in_ms
from chassis.scope import Centre, Party
from services.placement.bookings import model, store
from services.placement.bookings.shape import (
    HOLDING,
    OPEN,
    Booking,
    CancelledBy,
    Change,
    Condition,
    Safety,
    Spoken,
    Telephoned,
)

CLOCKS_DIFFER = timedelta(minutes=1)
"""A call cannot lie in the future, but two clocks may differ by this much."""


def show(act: Act, id: str) -> Stored[Booking]:
    """One booking within scope."""
    return store.bookings.get(act, id)


def page(
    act: Act,
    campaign: str | None = None,
    status: Sequence[str] | None = None,
    host: str | None = None,
    offer: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[Booking]:
    """A page of the bookings within scope; `offer` answers who relied on which version of it."""
    return store.page(act, campaign, status, host, offer, limit, after)


def many(act: Act, ids: Iterable[str]) -> dict[str, Stored[Booking]]:
    """The bookings with these ids that are within scope."""
    return {found.id: found for found in store.many(act, ids)}


def refused(act: Act, campaign: str) -> list[Booking]:
    """The bookings of a campaign that a host declined, let expire, or took back."""
    return [found.state for found in store.refused(act, campaign)]


def open_requests(act: Act, run: str) -> int:
    """How many bookings of a run still wait for an answer."""
    return store.waiting(act, run)


# What hosts do, themselves or by telephone through the centre


def accept(act: Act, id: str, told: Telephoned | None = None) -> Receipt:
    """The host accepts."""
    stored = store.bookings.load(act, id)
    spoken = _answers_for_host(act, stored, told)
    state, events = model.accept(stored.state, act.now, spoken)
    return _answered(act, stored, state, events, "accepted")


def accept_many(act: Act, ids: Sequence[str], told: Telephoned | None = None) -> Receipt:
    """The host accepts many at once; what cannot be accepted is named with its code."""
    refused: dict[str, str] = {}
    for id in ids:
        try:
            accept(act, id, told)
        except Replayed:
            continue
        except (Refused, Forbidden, NotFound) as why:
            refused[id] = why.code
    return Receipt(
        id=act.new_id("acceptances"),
        version=1,
        sequence=0,
        state="accepted",
        extra={"accepted": len(ids) - len(refused), "refused": refused},
    )


def decline(
    act: Act, id: str, reason_code: str, reason: str = "", told: Telephoned | None = None
) -> Receipt:
    """The host declines, with a reason."""
    stored = store.bookings.load(act, id)
    spoken = _answers_for_host(act, stored, told)
    state, events = model.decline(stored.state, act.now, reason_code, reason, spoken)
    return _answered(act, stored, state, events, "declined", reason)


def attach_condition(
    act: Act, id: str, condition: Condition, told: Telephoned | None = None
) -> Receipt:
    """The host would accept fewer people or another hour."""
    stored = store.bookings.load(act, id)
    spoken = _answers_for_host(act, stored, told)
    state, events = model.attach_condition(stored.state, act.now, condition, spoken)
    due = [Due(state.decide_by, "expire")] if state.decide_by else []
    return _answered(act, stored, state, events, "conditioned", due=due)


def want_call(act: Act, id: str) -> Receipt:
    """The host asks to be called; asking twice changes nothing."""
    stored = store.bookings.load(act, id)
    _answers_for_host(act, stored, None)
    if stored.state.call_wanted is not None and stored.state.status == "asked":
        return store.bookings.save(act, stored, stored.state)
    state, events = model.want_call(stored.state, act.now)
    before = stored.state.reply_by
    return store.bookings.save(act, stored, noted(act, state, "call_wanted"), events, before=before)


def reopen(act: Act, id: str) -> Receipt:
    """The host takes its own answer back, and is asked again."""
    stored = store.bookings.load(act, id)
    _answers_for_host(act, stored, None)
    before = stored.state.changeable_until
    state, events = model.reopen(stored.state, act.now)
    due = [Due(state.reply_by, "expire")]
    noted_state = noted(act, state, "reopened")
    return store.bookings.save(act, stored, noted_state, events, due=due, before=before)


def move_host(act: Act, gone: str, survivor: str) -> None:
    """Requests to one host are another's from now on."""
    store.move_host(act, gone, survivor)


def _answers_for_host(act: Act, stored: Stored[Booking], told: Telephoned | None) -> Spoken | None:
    """A host answers for itself; the centre only with the name of whom it spoke to, and when."""
    if isinstance(act.scope, Centre):
        if told is None:
            raise Invalid([FieldError("/by_telephone", "by_telephone_needed")])
        if told.at > act.now + CLOCKS_DIFFER:
            raise Invalid([FieldError("/by_telephone/at", "spoken_in_future")])
        sealed = vault.seal(act, stored.id, "spoken_with", told.spoken_with)
        return Spoken(sealed=sealed or b"", at=in_ms(told.at))
    if told is not None:
        raise Invalid([FieldError("/by_telephone", "by_telephone_centre_only")])
    if isinstance(act.scope, Party) and act.scope.id != stored.state.host:
        raise Forbidden("not_the_host")
    return None


def spoken_with(act: Act, stored: Stored[Booking]) -> str | None:
    """With whom the centre spoke; None where nobody did, or it was erased."""
    said = stored.state.spoken
    if said is None:
        return None
    return vault.unseal_many(act, [(stored.id, "spoken_with", said.sealed)])[0]


def _answered(
    act: Act,
    stored: Stored[Booking],
    state: Booking,
    events: list[Any],
    what: str,
    why: str = "",
    due: Sequence[Due] = (),
) -> Receipt:
    before = stored.state.reply_by if stored.state.status == "asked" else None
    return store.bookings.save(
        act, stored, noted(act, state, what, why), events, due=due, before=before
    )


# What the school or the centre does


def agree(act: Act, id: str) -> Receipt:
    """The school or the centre takes the host's condition."""
    stored = store.bookings.load(act, id)
    _not_the_host(act, stored.state)
    state, events = model.agree(stored.state)
    return store.bookings.save(act, stored, noted(act, state, "condition_agreed"), events, due=[])


def refuse_condition(act: Act, id: str, reason: str = "") -> Receipt:
    """The school or the centre does not take the condition: as if the host had declined."""
    stored = store.bookings.load(act, id)
    _not_the_host(act, stored.state)
    if stored.state.status != "conditioned":
        raise Refused("no_condition_to_agree", status=stored.state.status)
    state, events = model.decline(stored.state, act.now, "condition_refused", reason)
    noted_state = noted(act, state, "condition_refused", reason)
    return store.bookings.save(act, stored, noted_state, events, due=[])


def _not_the_host(act: Act, booking: Booking) -> None:
    if isinstance(act.scope, Party) and act.scope.id == booking.host:
        raise Forbidden("not_your_condition")


def check_safety(act: Act, id: str, check_code: str, checked_on: date, note: str = "") -> Receipt:
    """The centre records the safety check of a hazardous visit."""
    stored = store.bookings.load(act, id)
    if checked_on > act.now.date():
        raise Invalid([FieldError("/date", "safety_in_future")])
    safety = Safety(
        check_code=check_code,
        checked_on=checked_on.isoformat(),
        note=note,
        by=act.actor,
        at=act.now,
    )
    state, events = model.check_safety(stored.state, safety)
    return store.bookings.save(act, stored, noted(act, state, "safety_checked", note), events)


def cancel(act: Act, id: str, reason_code: str, reason: str = "") -> Receipt:
    """The host or the centre takes a booking back, with a reason; a repair follows."""
    stored = store.bookings.load(act, id)
    by: CancelledBy = "centre"
    if isinstance(act.scope, Party):
        if act.scope.id != stored.state.host:
            raise Forbidden("not_the_host")
        by = "host"
    state, events = model.cancel(stored.state, by, reason_code, reason)
    return store.bookings.save(act, stored, noted(act, state, "cancelled", reason), events, due=[])


# Time, and what follows from other facts


def expire(act: Act, id: str) -> None:
    """The time to answer is over: neither a host's silence is consent nor that of a school."""
    stored = store.bookings.load(act, id)
    step = model.expire(stored.state, act.now)
    if step is not None:
        store.bookings.save(act, stored, noted(act, step[0], "expired"), step[1], due=[])
    elif stored.state.status not in OPEN:
        store.bookings.save(act, stored, stored.state, due=[])


def end(act: Act, ids: Iterable[str], by: CancelledBy, reason_code: str) -> list[str]:
    """Cancel the given bookings that still hold seats and free them. Returns their sessions."""
    freed = []
    for stored in store.many(act, ids):
        booking = stored.state
        if booking.status not in HOLDING or booking.status == "completed":
            continue
        state, events = model.cancel(booking, by, reason_code)
        store.bookings.save(
            without_command(act), stored, noted(act, state, "cancelled"), events, due=[]
        )
        store.let_go(act, booking.session, booking.team, stored.id)
        freed.append(booking.session)
    return freed


def leave(act: Act, id: str, people: int, by: CancelledBy, reason_code: str) -> list[str]:
    """So many people leave a booking: a group's ends, a roster shrinks. Returns freed sessions."""
    stored = store.bookings.get(act, id)
    booking = stored.state
    if booking.placement is not None or booking.people <= people:
        return end(act, [id], by, reason_code)
    if booking.status not in HOLDING or booking.status == "completed":
        return []
    state, events = model.change_people(booking, booking.people - people)
    store.bookings.save(without_command(act), stored, noted(act, state, "people_changed"), events)
    store.resize(act, booking.session, id, state.people)
    return [booking.session]


def school_confirmed(act: Act, ids: Iterable[str]) -> None:
    """The school has confirmed the placement that these bookings serve."""
    for stored in store.many(act, ids):
        if stored.state.status in HOLDING and not stored.state.school_confirmed:
            state, events = model.school_confirms(stored.state)
            store.bookings.save(act, stored, noted(act, state, "school_confirmed"), events)


def take_back(act: Act, ids: Iterable[str]) -> None:
    """The school's yes no longer holds, since its visit changes; the host's answer stays."""
    for stored in store.many(act, ids):
        if stored.state.placement is not None and stored.state.school_confirmed:
            state, events = model.school_takes_back(stored.state)
            store.bookings.save(act, stored, noted(act, state, "school_takes_back"), events)


def complete(act: Act, ids: Iterable[str]) -> None:
    """Attendance is on record for the placement that these bookings serve."""
    for stored in store.many(act, ids):
        if stored.state.status in ("accepted", "confirmed"):
            step = model.complete(stored.state)
            if step is not None:
                store.bookings.save(act, stored, noted(act, step[0], "completed"), step[1])


def without_command(act: Act) -> Act:
    """The act without its command, for what it changes beside its own aggregate."""
    return replace(act, command=None)


def noted(act: Act, booking: Booking, what: str, why: str = "") -> Booking:
    """The booking with one more line of history."""
    line = Change(what=what, by=act.actor, at=act.now, why=why)
    return booking.model_copy(update={"history": (*booking.history, line)})
