"""Use cases of placements: schools confirm or withdraw, the centre offers, cancels, corrects."""

from collections.abc import Sequence
from datetime import datetime

from chassis.act import Act
from chassis.documents import Page, Receipt, Replayed, Stored
from chassis.errors import FieldError, Forbidden, Invalid, NotFound, Refused
from chassis.facts import Due, Event
from chassis.scope import Party
from services.placement.placements import changing, model, store
from services.placement.placements.shape import (
    Approval,
    Change,
    Correction,
    Hold,
    Part,
    Placement,
)


def show(act: Act, id: str) -> Stored[Placement]:
    """One placement within scope."""
    return store.placements.get(act, id)


def page(
    act: Act,
    campaign: str | None = None,
    status: Sequence[str] | None = None,
    school: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[Placement]:
    """A page of the placements within scope."""
    return store.page(act, campaign, status, school, limit, after)


def confirm(
    act: Act, id: str, approved_on: str | None = None, document_number: str | None = None
) -> Receipt:
    """The school says yes, before the date it was given."""
    stored = store.placements.load(act, id)
    _is_the_school(act, stored.state)
    approval = Approval(
        at=act.now, by=act.actor, approved_on=approved_on, document_number=document_number
    )
    state, events = model.confirm(stored.state, act.now, approval)
    return store.placements.save(
        act,
        stored,
        noted(act, state, "confirmed_by_school"),
        events,
        due=[],
        before=stored.state.confirm_by,
    )


def confirm_many(
    act: Act, ids: Sequence[str], approved_on: str | None, document_number: str | None
) -> Receipt:
    """The school says yes to many at once; what cannot be confirmed is named with its code."""
    refused: dict[str, str] = {}
    for id in ids:
        try:
            confirm(act, id, approved_on, document_number)
        except Replayed:
            continue
        except (Refused, Forbidden, NotFound) as why:
            refused[id] = why.code
    return Receipt(
        id=act.new_id("confirmations"),
        version=1,
        sequence=0,
        state="confirmed",
        extra={"confirmed": len(ids) - len(refused), "refused": refused},
    )


def withdraw(act: Act, id: str, reason_code: str, reason: str = "") -> Receipt:
    """The school gives its seats back; the waitlist moves up."""
    stored = store.placements.load(act, id)
    _is_the_school(act, stored.state)
    state, events = model.withdraw(stored.state, reason_code, reason)
    return _ended(act, stored, state, events, "withdrawn", reason)


def change_people(act: Act, id: str, people: int) -> Receipt:
    """The school comes with fewer people; its hosts are told, and seats are given back."""
    stored = store.placements.load(act, id)
    _is_the_school(act, stored.state)
    state, events = changing.change_people(stored.state, people)
    return store.placements.save(act, stored, noted(act, state, "people_changed"), events)


def cancel(act: Act, id: str, reason_code: str, reason: str = "") -> Receipt:
    """The centre cancels a visit."""
    stored = store.placements.load(act, id)
    state, events = model.cancel(stored.state, "centre", reason_code, reason)
    return _ended(act, stored, state, events, "cancelled", reason)


def postpone(act: Act, id: str, reason_code: str, reason: str = "") -> Receipt:
    """The centre postpones a visit; it is offered again later."""
    stored = store.placements.load(act, id)
    state, events = model.postpone(stored.state, "centre", reason_code, reason)
    return _ended(act, stored, state, events, "postponed", reason)


def attend(act: Act, id: str, attended: int) -> Receipt:
    """Record how many came: the school's escort, the host, or the centre."""
    stored = store.placements.load(act, id)
    state, events = model.attend(stored.state, act.now, attended)
    return store.placements.save(act, stored, noted(act, state, "attended"), events)


def correct(act: Act, ids: Sequence[str], what_code: str, text: str) -> Receipt:
    """One correction notice for all concerned: each placement carries it once."""
    correction = act.new_id("correction")
    stored = store.many(act, ids)
    missing = set(ids) - {found.id for found in stored}
    if missing:
        raise Invalid(
            [
                FieldError(f"/placements/{place}", "placement_unknown")
                for place, id in enumerate(ids)
                if id in missing
            ]
        )
    notice = Correction(
        correction=correction, what_code=what_code, text=text, at=act.now, by=act.actor
    )

    def write(inner: Act) -> None:
        for found in store.many(inner, ids):
            state, events = model.correct(found.state, notice)
            if events:
                noted_state = noted(inner, state, "corrected", text)
                store.placements.save(inner, found, noted_state, events)

    act.together(write)
    return Receipt(
        id=correction, version=1, sequence=0, state="corrected", extra={"placements": len(stored)}
    )


def move_host(act: Act, gone: str, survivor: str) -> None:
    """Visits to one host lead to another from now on."""
    store.move_host(act, gone, survivor)


def _is_the_school(act: Act, placement: Placement) -> None:
    if isinstance(act.scope, Party) and act.scope.id != placement.school:
        raise Forbidden("not_the_school")


def _ended(
    act: Act,
    stored: Stored[Placement],
    state: Placement,
    events: list[Event],
    what: str,
    why: str,
) -> Receipt:
    return store.placements.save(act, stored, noted(act, state, what, why), events, due=[])


# What runs, repairs and waitlists do with placements


def load(act: Act, id: str) -> Stored[Placement]:
    """A placement that the act's command is about to change."""
    return store.placements.load(act, id)


def served_by(act: Act, booking: str) -> list[Stored[Placement]]:
    """The placements that a booking serves."""
    return store.with_booking(act, booking)


def many(act: Act, ids: Sequence[str]) -> list[Stored[Placement]]:
    """The placements with these ids that are within scope."""
    return store.many(act, ids)


def planned(act: Act, run: str, limit: int) -> list[Stored[Placement]]:
    """Placements of a run that the schools' release has not handled yet."""
    return store.planned(act, run, limit)


def broken(act: Act, run: str) -> int:
    """How many placements of a run have lost a stop and wait for their repair."""
    return store.broken(act, run)


def waitlist(act: Act, campaign: str) -> list[Stored[Placement]]:
    """The waitlist of a campaign, first place first."""
    return store.waiting(act, campaign)


def seated(act: Act, run: str) -> list[Stored[Placement]]:
    """Placements of a run that hold seats."""
    return store.seated(act, run)


def next_position(act: Act, campaign: str) -> int:
    """The place behind the last one of the waitlist."""
    return store.waiting_positions(act, campaign) + 1


def give_seats(
    act: Act,
    stored: Stored[Placement],
    parts: Sequence[Part],
    confirm_by: datetime,
    wish_rank: int | None,
    what: str,
) -> Receipt:
    """Offer new seats to a group that waits or was postponed."""
    state, events = model.offer(stored.state, act.now, confirm_by, parts, wish_rank)
    due = [Due(confirm_by, "expire")]
    return store.placements.save(act, stored, noted(act, state, what), events, due=due)


def hold(act: Act, stored: Stored[Placement], kept: Hold) -> Receipt:
    """Keep seats for a group that waits, while its school decides."""
    state = noted(act, changing.hold(stored.state, kept), "seats_held")
    return store.placements.save(act, stored, state, due=[Due(kept.until, "drop_hold")])


def drop_hold(act: Act, stored: Stored[Placement]) -> Receipt:
    """Keep the seats no longer; the group waits on at its place."""
    state = stored.state
    if state.hold is not None:
        state = noted(act, state.model_copy(update={"hold": None}), "hold_ended")
    return store.placements.save(act, stored, state, due=[])


def exchange(
    act: Act,
    stored: Stored[Placement],
    parts: Sequence[Part],
    confirm_by: datetime,
    wish_rank: int | None,
) -> Receipt:
    """Other seats for a group that has some, as its school wished."""
    state, events = changing.exchange(stored.state, confirm_by, parts, wish_rank)
    due = [Due(confirm_by, "expire")]
    return store.placements.save(act, stored, noted(act, state, "exchanged"), events, due=due)


def move(
    act: Act,
    stored: Stored[Placement],
    parts: Sequence[Part],
    confirm_by: datetime | None,
    wish_rank: int | None,
) -> None:
    """A repair gives other seats."""
    state, events = model.move(stored.state, parts, confirm_by, wish_rank)
    due = [Due(state.confirm_by, "expire")] if state.confirm_by is not None else []
    store.placements.save(act, stored, noted(act, state, "moved"), events, due=due)


def lose_seats(
    act: Act, stored: Stored[Placement], position: int, reason_code: str, facts: dict[str, int]
) -> None:
    """A repair found no seat for this group."""
    state, events = model.lose_seats(stored.state, position, reason_code, facts)
    noted_state = noted(act, state, "seats_lost")
    store.placements.save(act, stored, noted_state, events, due=[])


def noted(act: Act, placement: Placement, what: str, why: str = "") -> Placement:
    """The placement with one more line of history."""
    line = Change(what=what, by=act.actor, at=act.now, why=why)
    return placement.model_copy(update={"history": (*placement.history, line)})
