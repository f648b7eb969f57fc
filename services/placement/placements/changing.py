"""What a school changes of its own placement: kept seats, other seats, fewer people. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.errors import FieldError, Invalid, Refused
from services.placement.placements.model import Step, head_count, refuse_unless
from services.placement.placements.shape import Hold, Part, Placement, event


def hold(placement: Placement, kept: Hold) -> Placement:
    """Seats are kept for a group that waits; it keeps its place in the line."""
    refuse_unless(placement, "waitlisted")
    if placement.hold is not None:
        raise Refused("held_already")
    return placement.model_copy(update={"hold": kept})


def exchange(
    placement: Placement, confirm_by: datetime, parts: Sequence[Part], wish_rank: int | None
) -> Step:
    """The school takes other seats: they are offered, and its yes is asked for again."""
    refuse_unless(placement, "offered", "confirmed")
    update: dict[str, Any] = {
        "status": "offered",
        "confirm_by": confirm_by,
        "approval": None,
        "confirmed": None,
        "parts": tuple(parts),
        "people": head_count(placement, parts),
        "wish_rank": wish_rank,
    }
    offered = placement.model_copy(update=update)
    offered = offered.model_copy(update={"offered": offered.people})
    return offered, [event("offered", offered)]


def change_people(placement: Placement, people: int) -> Step:
    """Fewer people come. The number that was confirmed stays on record beside it."""
    refuse_unless(placement, "offered", "confirmed")
    if len(placement.parts) != 1:
        raise Refused("split_group")
    if not 1 <= people < placement.people:
        raise Invalid([FieldError("/people", "people_only_fewer", {"now": placement.people})])
    part = placement.parts[0].model_copy(update={"people": people})
    done = placement.model_copy(update={"people": people, "parts": (part,)})
    return done, [event("resized", done)]
