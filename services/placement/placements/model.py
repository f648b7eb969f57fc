"""The rules of a placement: what a group or a person gets, from the plan to the head-count.

    planned -> offered -> confirmed -> completed
    planned | waitlisted | postponed -> offered
    planned | offered -> waitlisted            (a repair left no seat)
    offered -> expired                         (nobody confirmed in time)
    offered | confirmed | waitlisted -> withdrawn
    planned | offered | confirmed | waitlisted | postponed -> cancelled
    offered | confirmed -> postponed

CONFIRMED needs every host of the visit and the school: silence is never consent. Nothing is told
to a school before `released` is true.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.errors import FieldError, Invalid, Refused, TooLate
from chassis.facts import Event
from services.placement.placements.shape import (
    Approval,
    Correction,
    EndedBy,
    Part,
    Placement,
    event,
    facts,
    moved,
)

Step = tuple[Placement, list[Event]]


def head_count(placement: Placement, parts: Sequence[Part]) -> int:
    """People of all parts of a split group; a group that comes several times counts once."""
    sizes = [part.people for part in parts]
    whole = len(sizes) > 1 and all(size == placement.people for size in sizes)
    return placement.people if whole or not sizes else sum(sizes)


def refuse_unless(placement: Placement, *allowed: str) -> None:
    """Refuse an act that this state does not allow."""
    if placement.status not in allowed:
        raise Refused("placement_state", status=placement.status)


def plan(placement: Placement) -> Step:
    """A seat of the run's result, not yet shown to the school."""
    planned = placement.model_copy(update={"status": "planned", "released": False})
    return planned, [event("planned", planned)]


def move(
    placement: Placement,
    parts: Sequence[Part],
    confirm_by: datetime | None = None,
    wish_rank: int | None = None,
) -> Step:
    """A repair gives other seats. A school's earlier yes was to another visit and ends."""
    refuse_unless(placement, "planned", "offered", "confirmed")
    update: dict[str, Any] = {
        "parts": tuple(parts),
        "wish_rank": wish_rank,
        "approval": None,
        "confirmed": None,
        "position": None,
        "status": "planned" if placement.status == "planned" else "offered",
        "people": head_count(placement, parts),
    }
    if placement.status != "planned":
        update["confirm_by"] = confirm_by or placement.confirm_by
        update["offered"] = update["people"]
    elsewhere = placement.model_copy(update=update)
    return elsewhere, [moved(elsewhere)]


def lose_seats(
    placement: Placement, position: int, reason_code: str, numbers: Mapping[str, int]
) -> Step:
    """A repair found no seat: the group waits. Before the schools' release nobody is told yet."""
    refuse_unless(placement, "planned", "offered", "confirmed")
    update: dict[str, Any] = {
        "parts": (),
        "wish_rank": None,
        "approval": None,
        "confirm_by": None,
        "confirmed": None,
        "position": position,
        "reason_code": reason_code,
        "facts": dict(numbers),
    }
    if not placement.released:
        hidden = placement.model_copy(update=update)
        return hidden, [moved(hidden)]
    waiting = placement.model_copy(update={**update, "status": "waitlisted"})
    return waiting, [event("waitlisted", waiting)]


def offer(
    placement: Placement,
    now: datetime,
    confirm_by: datetime,
    parts: Sequence[Part] | None = None,
    wish_rank: int | None = None,
) -> Step:
    """Tell the school its seats; it has until `confirm_by`. `parts` are new seats, if any."""
    refuse_unless(placement, "planned", "waitlisted", "postponed")
    if confirm_by <= now:
        raise Refused("confirm_by_passed", confirm_by=confirm_by)
    if parts is None and placement.broken:
        raise Refused("visit_being_repaired")
    update: dict[str, Any] = {
        "status": "offered",
        "released": True,
        "confirm_by": confirm_by,
        "approval": None,
        "confirmed": None,
        "position": None,
        "reason_code": None,
        "facts": {},
        "hold": None,
    }
    if parts is not None:
        update["parts"] = tuple(parts)
        update["people"] = head_count(placement, parts)
        update["wish_rank"] = wish_rank
    offered = placement.model_copy(update=update)
    if not offered.parts:
        raise Refused("no_seat_to_offer")
    offered = offered.model_copy(update={"offered": offered.people})
    return offered, [event("offered", offered)]


def wait(placement: Placement, position: int) -> Step:
    """Put on the waitlist at a position (1 is the first), with the reason it already carries."""
    waiting = placement.model_copy(
        update={"status": "waitlisted", "released": True, "position": position, "parts": ()}
    )
    return waiting, [event("waitlisted", waiting)]


def not_select(placement: Placement) -> Step:
    """The campaign's caps chose other schools: the reason and the reserve rank are told."""
    told = placement.model_copy(
        update={"status": "not_selected", "released": True, "parts": (), "position": None}
    )
    return told, [event("not_selected", told)]


def confirm(placement: Placement, now: datetime, approval: Approval) -> Step:
    """The school says yes. Confirmed at once if every host has accepted; else `approved` waits."""
    refuse_unless(placement, "offered")
    if placement.broken:
        raise Refused("visit_being_repaired")
    if placement.approval is not None:
        raise Refused("confirmed_already")
    if placement.confirm_by is not None and now >= placement.confirm_by:
        raise TooLate("confirm_by_passed", confirm_by=placement.confirm_by)
    if approval.approved_on is not None and approval.approved_on > now.date().isoformat():
        raise Invalid([FieldError("/approved_on", "approved_in_future")])
    approved = placement.model_copy(update={"approval": approval})
    return _confirmed_when_ready(approved, [event("approved", approved)])


def _confirmed_when_ready(placement: Placement, events: list[Event]) -> Step:
    if placement.status == "offered" and placement.approval is not None and placement.ready:
        done = placement.model_copy(update={"status": "confirmed", "confirmed": placement.people})
        return done, [*events, event("confirmed", done)]
    return placement, events


def host_answered(
    placement: Placement, booking: str, start: datetime, end: datetime, people: int | None
) -> Step | None:
    """A host accepted its stop, perhaps at another hour or for fewer people.

    `people` is None for a roster, whose size is not this placement's. Returns None when nothing
    changes. A changed visit is told as `placement.moved`.
    """
    part = next((p for p in placement.parts if any(s.booking == booking for s in p.stops)), None)
    if part is None or placement.status not in ("planned", "offered", "confirmed"):
        return None
    before = next(s for s in part.stops if s.booking == booking)
    after = before.model_copy(update={"accepted": True, "start": start, "end": end})
    size = part.people if people is None else min(people, part.people)
    if after == before and size == part.people:
        return None
    changed_part = Part(people=size, stops=tuple(after if s is before else s for s in part.stops))
    parts = tuple(changed_part if p is part else p for p in placement.parts)
    told: dict[str, Any] = {"parts": parts, "people": head_count(placement, parts)}
    differs = (before.start, before.end) != (start, end) or size != part.people
    changed = placement.model_copy(update=told)
    events = [moved(changed)] if differs else []
    return _confirmed_when_ready(changed, events)


def stop_lost(placement: Placement, booking: str) -> Step | None:
    """A booking ended without the visit: the school's yes no longer holds; None if known.

    What replaces it comes with the repair.
    """
    if all(stop.booking != booking or stop.lost for stop in placement.stops):
        return None
    if placement.status not in ("planned", "offered", "confirmed"):
        return None
    parts = _with_stop(placement, booking, {"lost": True, "accepted": False})
    update: dict[str, Any] = {"parts": parts, "approval": None, "confirmed": None}
    if placement.status == "confirmed":
        update["status"] = "offered"
    broken = placement.model_copy(update=update)
    return broken, [moved(broken)] if broken.released else []


def host_thinks_again(placement: Placement, booking: str) -> Step | None:
    """A host took its answer back: its stop waits again. None where it is another's by now.

    A visit that was confirmed meanwhile is not confirmed any more. The school is told what it was
    told the contrary of before: that a stop was lost, or that all was settled.
    """
    if all(stop.booking != booking for stop in placement.stops):
        return None
    if placement.status not in ("planned", "offered", "confirmed"):
        return None
    told = placement.broken or placement.status == "confirmed"
    parts = _with_stop(placement, booking, {"lost": False, "accepted": False})
    update: dict[str, Any] = {"parts": parts, "confirmed": None}
    if placement.status == "confirmed":
        update["status"] = "offered"
    waiting = placement.model_copy(update=update)
    return waiting, [moved(waiting)] if told and waiting.released else []


def _with_stop(placement: Placement, booking: str, update: dict[str, Any]) -> tuple[Part, ...]:
    return tuple(
        Part(
            people=part.people,
            stops=tuple(
                stop.model_copy(update=update) if stop.booking == booking else stop
                for stop in part.stops
            ),
        )
        for part in placement.parts
    )


def stop_cleared(placement: Placement, booking: str) -> Step | None:
    """The safety check of one stop is on record; None when nothing changes."""
    if all(stop.booking != booking or stop.safe for stop in placement.stops):
        return None
    parts = _with_stop(placement, booking, {"safe": True})
    return _confirmed_when_ready(placement.model_copy(update={"parts": parts}), [])


def expire(placement: Placement, now: datetime) -> Step | None:
    """Nobody confirmed in time; None when there is nothing to do."""
    if placement.status != "offered" or placement.approval is not None or placement.broken:
        return None
    if placement.confirm_by is None or now < placement.confirm_by:
        return None
    done = placement.model_copy(update={"status": "expired"})
    return done, [event("expired", done)]


def withdraw(placement: Placement, reason_code: str, reason: str = "") -> Step:
    """The school gives its seats (or its place on the waitlist) back."""
    refuse_unless(placement, "offered", "confirmed", "waitlisted")
    done = placement.model_copy(
        update={
            "status": "withdrawn",
            "reason_code": reason_code,
            "reason": reason,
            "position": None,
            "hold": None,
        }
    )
    return done, [event("withdrawn", done, by="school")]


def cancel(placement: Placement, by: EndedBy, reason_code: str, reason: str = "") -> Step:
    """The visit does not take place."""
    refuse_unless(placement, "planned", "offered", "confirmed", "waitlisted", "postponed")
    done = placement.model_copy(
        update={
            "status": "cancelled",
            "reason_code": reason_code,
            "reason": reason,
            "position": None,
            "hold": None,
        }
    )
    return done, [event("cancelled", done, by=by)]


def postpone(placement: Placement, by: EndedBy, reason_code: str, reason: str = "") -> Step:
    """The visit will take place at another time, which is offered again."""
    refuse_unless(placement, "offered", "confirmed")
    done = placement.model_copy(
        update={
            "status": "postponed",
            "reason_code": reason_code,
            "reason": reason,
            "approval": None,
            "confirm_by": None,
        }
    )
    return done, [event("postponed", done, by=by)]


def attend(placement: Placement, now: datetime, attended: int) -> Step:
    """Record how many came. Offered and confirmed numbers stay; a second entry corrects."""
    refuse_unless(placement, "confirmed", "completed")
    start = placement.first_start
    if start is not None and now < start:
        raise Refused("not_yet_taken_place", start=start)
    most = placement.confirmed if placement.confirmed is not None else placement.people
    if not 0 <= attended <= most:
        raise Invalid([FieldError("/attended", "attended_above_confirmed", {"most": most})])
    done = placement.model_copy(update={"status": "completed", "attended": attended})
    return done, [Event("attendance.recorded", facts(done))]


def correct(placement: Placement, correction: Correction) -> Step:
    """Put a wrong notice right; one correction reaches a placement once."""
    if any(one.correction == correction.correction for one in placement.corrections):
        return placement, []
    if not placement.released:
        raise Refused("nothing_told_yet")
    done = placement.model_copy(update={"corrections": (*placement.corrections, correction)})
    told = event(
        "corrected", done, correction=correction.correction, what_code=correction.what_code
    )
    return done, [told]
