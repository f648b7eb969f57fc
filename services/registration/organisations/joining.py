"""Two entries become one organisation. Pure.

One survives; the other is closed and points to it, so that what names it is still understood.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from chassis.errors import Refused
from chassis.facts import Event
from services.registration.organisations.model import Organisation, Status, Tie, change

FILLED = ("name_en", "business_number", "district", "address", "phone")
"""What the survivor takes over where it says nothing itself."""


def check(survivor: Organisation, gone: Organisation, ids: tuple[str, str]) -> None:
    """Raise Refused for two that cannot become one; `ids` are those of survivor and gone."""
    if ids[0] == ids[1]:
        raise Refused("merge_itself")
    for state in (survivor, gone):
        if state.merged_into is not None:
            raise Refused("merge_merged", name=state.name)
    if survivor.status is Status.CLOSED:
        raise Refused("organisation_closed", name=survivor.name)
    if gone.ties or gone.registrar == ids[1]:
        raise Refused("merge_centre", name=gone.name)
    if ids[0] == gone.parent or ids[1] == survivor.parent:
        raise Refused("merge_kin")
    if gone.school_code and survivor.school_code:
        raise Refused("merge_two_schools")
    if gone.school_code:
        raise Refused("merge_keep_school", name=gone.name)


def filled(survivor: Organisation, gone: Organisation) -> dict[str, Any]:
    """What the survivor takes over, because it says nothing of it itself."""
    return {
        name: getattr(gone, name)
        for name in FILLED
        if getattr(gone, name) and not getattr(survivor, name)
    }


def grown(survivor: Organisation, gone: Organisation) -> tuple[Organisation, list[Event]]:
    """The survivor with what the other knew, and with its names kept from new entries."""
    kinds = tuple(dict.fromkeys((*survivor.kinds, *gone.kinds)))
    details = survivor.details().model_copy(update={**filled(survivor, gone), "kinds": kinds})
    further = tuple(dict.fromkeys((*survivor.further, *gone.keys)))
    return change(survivor.model_copy(update={"further": further}), details)


def ended(gone: Organisation, survivor: str) -> tuple[Organisation, list[Event]]:
    """The other one: closed, and pointing to the survivor."""
    closed, events = change(gone.model_copy(update={"further": ()}), gone.details(), Status.CLOSED)
    state = closed.model_copy(update={"merged_into": survivor, "keys": ()})
    return state, [*events, Event("organisation.merged", {"into": survivor})]


def brought_up(child: Organisation, parent: str) -> tuple[Organisation, list[Event]]:
    """A department of the one that ends, under the survivor."""
    return change(child, child.details().model_copy(update={"parent": parent}))


def retied(ties: Iterable[Tie], gone: str, survivor: str, on: date) -> tuple[list[Tie], list[Tie]]:
    """(a centre's ties to the one that ends, those with the survivor that take their place).

    Where the centre holds the same relation with both, that with the survivor is enough. What was
    over before stays with the one that it was with.
    """
    known = list(ties)
    moved = [tie for tie in known if tie.other == gone and (tie.until is None or tie.until >= on)]
    there = {tie.relation for tie in known if tie.other == survivor}
    fresh = [
        tie.model_copy(update={"other": survivor}) for tie in moved if tie.relation not in there
    ]
    return moved, fresh
