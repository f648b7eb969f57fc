"""Placements in bulk, for releases: deterministic ids, running one again doubles nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from chassis.act import Act
from chassis.documents import Changed, New, Stored
from chassis.facts import Due, derived_id
from services.placement.placements import model, store
from services.placement.placements.operations import noted
from services.placement.placements.shape import Placement


def placement_id(run: str, applicant: str) -> str:
    """The id of the placement of one applicant (a group or a person) of a run."""
    return derived_id("placement", run, applicant)


def plan(act: Act, rows: Iterable[tuple[str, Placement]]) -> None:
    """Create planned placements; those that exist are left alone."""
    store.placements.create_many(
        act,
        [
            New(id, noted(act, state, "planned"), events)
            for id, (state, events) in ((id, model.plan(found)) for id, found in rows)
        ],
    )


def wait(act: Act, rows: Iterable[tuple[str, Placement, int]]) -> None:
    """Create waitlisted placements at their positions."""
    store.placements.create_many(
        act,
        [
            New(id, noted(act, state, "waitlisted"), events)
            for id, (state, events) in ((id, model.wait(found, at)) for id, found, at in rows)
        ],
    )


def not_select(act: Act, rows: Iterable[tuple[str, Placement]]) -> None:
    """Create placements of schools that the caps did not choose."""
    store.placements.create_many(
        act,
        [
            New(id, noted(act, state, "not_selected"), events)
            for id, (state, events) in ((id, model.not_select(found)) for id, found in rows)
        ],
    )


def offer(act: Act, found: Sequence[Stored[Placement]], confirm_by: datetime) -> None:
    """Tell the schools: planned seats are offered, those that lost theirs join the waitlist.

    A placement that changed meanwhile is left for the next turn of the job.
    """
    rows = []
    for stored in found:
        placement = stored.state
        if placement.parts:
            state, events = model.offer(placement, act.now, confirm_by)
            due = [Due(confirm_by, "expire")]
            rows.append(Changed(stored, noted(act, state, "offered"), events, due))
        else:
            state, events = model.wait(placement, placement.position or 1)
            rows.append(Changed(stored, noted(act, state, "waitlisted"), events, []))
    store.placements.save_many(act, rows)
