"""What can be done with individual applications, one function for each use case."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from chassis.act import Act
from chassis.documents import Changed, New, Page, Receipt, Stored
from chassis.errors import FieldError, Invalid, KeyReused, NotFound, Refused, TooLate
from services.registration.acting import own_organisation
from services.registration.applications import jobs, model, store
from services.registration.applications.jobs import Job
from services.registration.applications.model import (
    Application,
    Status,
    Wanted,
    application_id,
)
from services.registration.programmes.model import Kind
from services.registration.surveys import operations as surveys
from services.registration.surveys.terms import Terms, check_school, in_time, terms

LATE = "applications_late"


def apply(act: Act, campaign: str, wanted: Wanted) -> Receipt:
    """Submit one person's wishes. The same wishes again change nothing."""
    school = own_organisation(act)
    there = _terms(act, campaign, school)
    _refuse_faults(model.faults([wanted], there.rules, ""))
    id = application_id(campaign, school, wanted.reference)
    try:
        stored = store.applications.load(act, id)
    except NotFound:
        with in_time(there, LATE):
            model.open_for(there.rules, act.now)
            return act.together(lambda act: _create(act, there, school, wanted))
    if stored.state.status is not Status.WITHDRAWN and not stored.state.says(wanted):
        raise Refused("application_exists", application=id)
    return _change(act, stored, wanted, there)


def apply_many(act: Act, campaign: str, rows: Sequence[Wanted]) -> Receipt:
    """Submit up to 500 persons' wishes as one job, in chunks that are each all or nothing.

    Sent again with the same key after a crash, it goes on where it stopped. A deadline that
    passes meanwhile stops it: what was written before stays, and the refusal says how much.
    """
    school = own_organisation(act)
    there = _terms(act, campaign, school)
    if not 1 <= len(rows) <= jobs.MOST_ROWS:
        raise Invalid([FieldError("/rows", "rows_range", {"most": jobs.MOST_ROWS})])
    _refuse_faults(model.faults(rows, there.rules))
    job = _job(act, there, school, len(rows))
    with in_time(there, LATE):
        model.open_for(there.rules, act.now)
        while True:
            receipt = act.together(partial(_write, there=there, job=job, rows=rows))
            if receipt.state == jobs.Status.DONE:
                return receipt
            job = store.jobs.get(act, job.id)


def amend(act: Act, application: str, wanted: Wanted) -> Receipt:
    """Replace one person's wishes before the deadline."""
    stored = store.applications.load(act, application)
    there = _terms(act, stored.state.campaign, stored.state.school)
    if wanted.reference != stored.state.reference:
        raise Invalid([FieldError("/reference", "reference_fixed")])
    if stored.state.status is Status.WITHDRAWN:
        raise Refused("application_withdrawn")
    _refuse_faults(model.faults([wanted], there.rules, ""))
    return _change(act, stored, wanted, there)


def withdraw(act: Act, application: str) -> Receipt:
    """Take one person's application back before the deadline."""
    stored = store.applications.load(act, application)
    there = terms(act, stored.state.campaign)
    with in_time(there, "applications_withdraw_late"):
        state, events = model.withdrawn(stored.state, act.now, act.actor)
        if not events:
            return _unchanged(stored)
        if act.now >= there.rules.deadline:
            raise TooLate()
        return store.applications.save(act, stored, state, events, before=there.rules.deadline)


def leave(act: Act, campaign: str, school: str) -> None:
    """A school has left a closed campaign: what it asked for single persons is taken back too."""
    rows = []
    for stored in store.standing(act, campaign, school):
        state, events = model.withdrawn(stored.state, act.now, act.actor)
        rows.append(Changed(stored, state, events))
    store.applications.save_many(replace(act, command=None), rows)


def shown(act: Act, application: str) -> Stored[Application]:
    """An application in scope. Raises NotFound."""
    return store.applications.get(act, application)


def shown_job(act: Act, job: str) -> Stored[Job]:
    """How far a bulk submission has come. Raises NotFound."""
    return store.jobs.get(act, job)


def listed(
    act: Act,
    campaign: str | None = None,
    status: Status | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[Application]:
    """Applications in scope, a page at a time."""
    return store.page(act, campaign, status, limit, after)


def timeline(act: Act, application: str) -> list[dict[str, Any]]:
    """What siblings told about one application, oldest first."""
    state = store.applications.get(act, application).state
    return surveys.applicant_timeline(act, state.school, state.campaign, application)


def manifest_lines(act: Act, campaign: str) -> Iterator[tuple[str, str, int]]:
    """("applications", id, sequence) of every application of the campaign."""
    for id, sequence in store.published(act, campaign):
        yield "applications", id, sequence


def applications_of(act: Act, school: str) -> int:
    """How many single persons of a school within scope ever applied."""
    return store.applications.count(act, {"state.school": school})


def _terms(act: Act, campaign: str, school: str) -> Terms:
    there = terms(act, campaign)
    check_school(there, school, Kind.GROUPS)
    return there


def _refuse_faults(found: list[FieldError]) -> None:
    if found:
        raise Invalid(found)


def _create(act: Act, there: Terms, school: str, wanted: Wanted) -> Receipt:
    id = application_id(there.id, school, wanted.reference)
    state, events = model.begun(there.campaign.centre, there.id, school, wanted, act.now, act.actor)
    receipt = store.applications.create(act, id, state, events)
    store.check_in_time(act, id, there.rules)
    return receipt


def _change(act: Act, stored: Stored[Application], wanted: Wanted, there: Terms) -> Receipt:
    state, events = model.changed(stored.state, wanted, act.now, act.actor)
    if not events:
        return _unchanged(stored)
    with in_time(there, LATE):
        model.open_for(there.rules, act.now)
        return store.applications.save(act, stored, state, events, before=there.rules.deadline)


def _job(act: Act, there: Terms, school: str, total: int) -> Stored[Job]:
    """The job of this command, begun now or taken up. Raises Replayed, KeyReused."""
    id = act.new_id("applications")
    said = act.command.body_hash if act.command else ""
    try:
        stored = store.jobs.load(act, id)
    except NotFound:
        begun = Job(
            centre=there.campaign.centre,
            campaign=there.id,
            school=school,
            body_hash=said,
            total=total,
        )
        store.jobs.create(replace(act, command=None), id, begun)
        stored = store.jobs.load(act, id)
    if stored.state.body_hash != said:
        raise KeyReused()
    return stored


def _write(act: Act, there: Terms, job: Stored[Job], rows: Sequence[Wanted]) -> Receipt:
    """One chunk with the job's progress in one transaction, the deadline in the job's filter."""
    school = job.state.school
    coming = [rows[place] for place in jobs.chunk(job.state, rows)]
    ids = [application_id(there.id, school, wanted.reference) for wanted in coming]
    known = store.several(act, ids)
    fresh: list[New[Application]] = []
    other: list[Changed[Application]] = []
    for id, wanted in zip(ids, coming, strict=True):
        if id in known:
            state, events = model.changed(known[id].state, wanted, act.now, act.actor)
            if events:
                other.append(Changed(known[id], state, events))
        else:
            state, events = model.begun(
                there.campaign.centre, there.id, school, wanted, act.now, act.actor
            )
            fresh.append(New(id, state, events))
    quiet = replace(act, command=None)
    store.applications.create_many(quiet, fresh)
    store.applications.save_many(quiet, other)
    same = len(coming) - len(fresh) - len(other)
    after = jobs.advanced(job.state, len(fresh), len(other), same)
    last = after.status is jobs.Status.DONE
    return store.jobs.save(
        act if last else quiet, job, after, before=there.rules.deadline, extra=after.counts()
    )


def _unchanged(stored: Stored[Application]) -> Receipt:
    return Receipt(
        id=stored.id,
        version=stored.version,
        sequence=stored.sequence,
        state=stored.state.status.value,
    )
