"""The rules of a booking: one session of a host with one school's group, or with a roster.

    asked -> accepted -> confirmed -> completed
    asked -> conditioned -> accepted
    asked -> declined | expired
    conditioned -> declined (refused) | cancelled (nobody decided in time)
    asked | conditioned | accepted | confirmed -> cancelled

Silence is never consent: a request that its host leaves unanswered expires, and a condition that
nobody takes in time ends the request, so that neither seats nor the group wait for ever. CONFIRMED
needs the host and the school, and for a hazardous visit a recorded safety check.
"""

from datetime import datetime
from typing import Any

from chassis.errors import FieldError, Invalid, Refused, TooLate
from chassis.facts import KST, Event, stamp
from services.placement.bookings.shape import (
    BINDING,
    CONDITION_TIME,
    DECLINE_REASONS,
    HOLDING,
    AcceptedBy,
    Booking,
    CancelledBy,
    Condition,
    Safety,
    Spoken,
    condition_data,
    event,
)

Step = tuple[Booking, list[Event]]


def ask(booking: Booking) -> Step:
    """Put the request to the host; what lies within its own terms is accepted by them at once."""
    asked = booking.model_copy(update={"status": "asked"})
    if not booking.preaccepted:
        return asked, [event("asked", asked)]
    accepted = asked.model_copy(update={"status": "accepted", "accepted_by": "terms"})
    return accepted, [event("asked", asked), event("accepted", accepted, by="terms")]


def _must_wait_for_host(booking: Booking, now: datetime) -> None:
    if booking.status != "asked":
        raise Refused("booking_answered_already", status=booking.status)
    if now >= booking.reply_by:
        raise TooLate("reply_by_passed", reply_by=booking.reply_by)


def accept(booking: Booking, now: datetime, spoken: Spoken | None = None) -> Step:
    """The host agrees, itself or (spoken) through the centre on the telephone."""
    _must_wait_for_host(booking, now)
    by: AcceptedBy = "telephone" if spoken else "host"
    update = {
        "status": "accepted",
        "accepted_by": by,
        "spoken": spoken,
        "answered": None if spoken else now,
    }
    done = booking.model_copy(update=update)
    return _confirmed_when_ready(done, [event("accepted", done, by=by)])


def decline(
    booking: Booking,
    now: datetime,
    reason_code: str,
    reason: str = "",
    spoken: Spoken | None = None,
) -> Step:
    """The host says no, with a reason."""
    if booking.status == "asked":
        _must_wait_for_host(booking, now)
    elif booking.status != "conditioned":
        raise Refused("booking_answered_already", status=booking.status)
    if reason_code not in DECLINE_REASONS:
        raise Invalid([FieldError("/reason_code", "decline_reason_unknown")])
    if reason_code == "other" and not reason.strip():
        raise Invalid([FieldError("/reason", "decline_reason_needed")])
    done = booking.model_copy(
        update={
            "status": "declined",
            "reason_code": reason_code,
            "reason": reason,
            "spoken": spoken or booking.spoken,
            "answered": None if spoken or reason_code == "condition_refused" else now,
        }
    )
    return done, [event("declined", done, reason_code=reason_code)]


def attach_condition(
    booking: Booking, now: datetime, condition: Condition, spoken: Spoken | None = None
) -> Step:
    """The host would accept fewer people or another hour; the school or the centre decides."""
    _must_wait_for_host(booking, now)
    errors = condition_errors(booking, condition)
    if errors:
        raise Invalid(errors)
    decide_by = min(now + CONDITION_TIME, booking.start)
    done = booking.model_copy(
        update={
            "status": "conditioned",
            "condition": condition,
            "decide_by": decide_by,
            "spoken": spoken,
            "answered": None if spoken else now,
        }
    )
    told = {"condition": condition_data(condition), "decide_by": stamp(decide_by)}
    return done, [event("conditioned", done, **told)]


def condition_errors(booking: Booking, condition: Condition) -> list[FieldError]:
    """Everything that makes a condition useless for this group, each with its field."""
    errors: list[FieldError] = []
    if condition.people is None and condition.start is None and condition.end is None:
        return [FieldError("", "condition_empty")]
    if condition.people is not None:
        if condition.people >= booking.people:
            errors.append(FieldError("/people", "condition_not_smaller", {"now": booking.people}))
        elif condition.people < booking.smallest:
            errors.append(
                FieldError("/people", "condition_below_smallest", {"smallest": booking.smallest})
            )
    if (condition.start is None) != (condition.end is None):
        missing = "/end" if condition.end is None else "/start"
        return [*errors, FieldError(missing, "condition_needs_both_times")]
    if condition.start is None or condition.end is None:
        return errors
    if condition.end <= condition.start:
        errors.append(FieldError("/end", "condition_ends_before_start"))
    if condition.start.astimezone(KST).date() != booking.start.astimezone(KST).date():
        errors.append(FieldError("/start", "condition_other_day"))
    elif booking.not_before is not None and condition.start < booking.not_before:
        errors.append(FieldError("/start", "condition_meets_other_stop"))
    elif booking.not_after is not None and condition.end > booking.not_after:
        errors.append(FieldError("/end", "condition_meets_other_stop"))
    return errors


def agree(booking: Booking) -> Step:
    """The school or the centre takes the condition: the booking is accepted as the host wants."""
    if booking.status != "conditioned" or booking.condition is None:
        raise Refused("no_condition_to_agree", status=booking.status)
    wanted = booking.condition
    by: AcceptedBy = "telephone" if booking.spoken else "host"
    done = booking.model_copy(
        update={
            "status": "accepted",
            "accepted_by": by,
            "people": wanted.people or booking.people,
            "start": wanted.start or booking.start,
            "end": wanted.end or booking.end,
            "answered": None,
        }
    )
    return _confirmed_when_ready(done, [event("accepted", done, by=by)])


def reopen(booking: Booking, now: datetime) -> Step:
    """The host takes its own answer back and is asked again, with time left for another one."""
    until = booking.changeable_until
    if until is None:
        raise Refused("answer_stands", status=booking.status)
    if now >= until:
        raise TooLate("second_thoughts_over", until=until)
    done = booking.model_copy(
        update={
            "status": "asked",
            "accepted_by": None,
            "answered": None,
            "condition": None,
            "decide_by": None,
            "reason_code": None,
            "reason": "",
            "reply_by": max(booking.reply_by, until),
        }
    )
    return done, [event("reopened", done)]


def want_call(booking: Booking, now: datetime) -> Step:
    """The host would rather speak with somebody; the request stays open."""
    _must_wait_for_host(booking, now)
    done = booking.model_copy(update={"call_wanted": now})
    return done, [event("call_requested", done)]


def expire(booking: Booking, now: datetime) -> Step | None:
    """The time to answer is over; None when there is nothing to do (answered, or too early).

    Of a condition it is the time of those who decide about it.
    """
    if booking.status == "conditioned" and booking.decide_by is not None:
        if now < booking.decide_by:
            return None
        return cancel(booking, "system", "condition_unanswered")
    if booking.status != "asked" or now < booking.reply_by:
        return None
    done = booking.model_copy(update={"status": "expired"})
    return done, [event("expired", done)]


def cancel(booking: Booking, by: CancelledBy, reason_code: str, reason: str = "") -> Step:
    """Take back what was asked or agreed; who and why stay on record."""
    if booking.status not in HOLDING or booking.status == "completed":
        raise Refused("booking_over", status=booking.status)
    done = booking.model_copy(
        update={
            "status": "cancelled",
            "cancelled_by": by,
            "reason_code": reason_code,
            "reason": reason,
        }
    )
    return done, [event("cancelled", done, by=by, reason_code=reason_code)]


def check_safety(booking: Booking, safety: Safety) -> Step:
    """Record the safety check; a booking that waited only for it is confirmed with it."""
    if booking.status not in HOLDING:
        raise Refused("booking_over", status=booking.status)
    if not booking.hazards:
        raise Refused("no_hazard_to_check")
    done = booking.model_copy(update={"safety": safety})
    events = [event("safety_checked", done, check_code=safety.check_code)]
    return _confirmed_when_ready(done, events)


def school_confirms(booking: Booking) -> Step:
    """The school has confirmed; the booking is confirmed once host and safety agree as well."""
    if booking.status not in HOLDING:
        raise Refused("booking_over", status=booking.status)
    return _confirmed_when_ready(booking.model_copy(update={"school_confirmed": True}), [])


def school_takes_back(booking: Booking) -> Step:
    """The school's yes no longer holds (its visit changed): the host's answer stays."""
    update: dict[str, Any] = {"school_confirmed": False}
    if booking.status == "confirmed":
        update["status"] = "accepted"
    done = booking.model_copy(update=update)
    return done, [event("changed", done)]


def _confirmed_when_ready(booking: Booking, events: list[Event]) -> Step:
    if booking.status == "accepted" and booking.school_confirmed and booking.safe:
        done = booking.model_copy(update={"status": "confirmed"})
        return done, [*events, event("confirmed", done)]
    return booking, events


def change_people(booking: Booking, people: int) -> Step:
    """The head-count of a roster or of a confirmed group changes within the seats it holds."""
    if booking.status not in HOLDING:
        raise Refused("booking_over", status=booking.status)
    done = booking.model_copy(update={"people": people})
    return done, [event("changed", done)]


def complete(booking: Booking) -> Step | None:
    """Attendance is on record; None when the booking was completed before."""
    if booking.status == "completed":
        return None
    if booking.status not in BINDING:
        raise Refused("booking_over", status=booking.status)
    done = booking.model_copy(update={"status": "completed"})
    return done, [event("changed", done)]
