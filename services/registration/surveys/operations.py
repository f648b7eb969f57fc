"""What can be done with a demand survey, one function for each use case."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.documents import Page, Receipt, Stored
from chassis.errors import FieldError, Invalid, NotFound, Refused, TooLate
from chassis.events import numbers
from services.registration.acting import in_public, own_centre, own_organisation
from services.registration.campaigns.model import Status as CampaignStatus
from services.registration.programmes.model import Kind
from services.registration.surveys import model, store, store_names
from services.registration.surveys.answers import Answers
from services.registration.surveys.model import Admission, Call, Status, Survey, survey_id
from services.registration.surveys.rules import faults
from services.registration.surveys.store import surveys
from services.registration.surveys.store_names import Named
from services.registration.surveys.terms import (
    Terms,
    check_school,
    in_time,
    own_campaign,
    terms,
    with_terms,
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the centre does what the rules do not foresee: a code that travels, words that stay."""

    code: str
    words: str


def save_draft(act: Act, campaign: str, answers: Answers) -> Receipt:
    """Keep what a school has written so far. Tells nobody; nothing has to be complete."""
    school = own_organisation(act)
    there = terms(act, campaign)
    check_school(there, school, Kind.INDIVIDUALS)
    stored = _begun(act, there, school)
    state = model.drafted_with(stored.state, answers, act.now, act.actor)
    return _saved(act, stored, state)


def submit(act: Act, survey: str) -> Receipt:
    """Hand the draft in, first or again; what is handed in already stays as it is."""
    stored, there = with_terms(act, survey)
    return _submit(act, stored, stored.state, there)


def amend(act: Act, survey: str, answers: Answers) -> Receipt:
    """Replace what was submitted, in one step with saving it."""
    stored, there = with_terms(act, survey)
    if stored.state.status is Status.DRAFT:
        raise Refused("survey_not_submitted")
    wanted = model.drafted_with(stored.state, answers, act.now, act.actor)
    return _submit(act, stored, wanted, there)


def withdraw(act: Act, survey: str) -> Receipt:
    """Take the survey back: before the deadline, or after it until the first release."""
    stored = surveys.load(act, survey)
    there = terms(act, stored.state.campaign)
    return _withdraw(act, stored, stored.state, there)


def withdraw_for(act: Act, survey: str, spoken_with: str) -> Receipt:
    """The centre takes a survey back because the school said so; with whom it spoke stays."""
    stored = surveys.load(act, survey)
    there = own_campaign(act, stored.state.campaign, own_centre(act))
    said = model.recorded(stored.state, Call(spoken_with=spoken_with, at=act.now, by=act.actor))
    return _withdraw(act, stored, said, there)


def leaving(act: Act, campaign: str) -> bool:
    """Whether to withdraw now is to leave a closed campaign of which nothing was released yet.

    What placement has not told yet it mends itself: a school that leaves in the very moment of the
    release has its visits cancelled.
    """
    closed = terms(act, campaign).campaign.status is CampaignStatus.CLOSED
    return closed and not store.is_released(in_public(act), campaign)


def _withdraw(act: Act, stored: Stored[Survey], state: Survey, there: Terms) -> Receipt:
    leaves = act.now >= there.rules.deadline and leaving(act, there.id)
    with in_time(there, "survey_withdraw_late"):
        gone, events = model.withdrawn(
            state, there.rules, act.now, act.actor, stored.version + 1, leaves
        )
        if not events:
            return _unchanged(stored)
        before = None if leaves else there.rules.deadline
        return surveys.save(act, stored, gone, events, before=before, extra=_extra(gone))


def admit(act: Act, survey: str, reason: Reason) -> Receipt:
    """Let a late draft in. The campaign's manifest is amended by a reaction to the event."""
    stored = surveys.load(act, survey)
    there = own_campaign(act, stored.state.campaign, own_centre(act))
    return _admit(act, stored, stored.state, there, reason)


def record(
    act: Act,
    campaign: str,
    school: str,
    answers: Answers,
    spoken_with: str,
    at: datetime,
    reason: Reason | None,
) -> Receipt:
    """대리 입력: write down and submit what a school said on the telephone.

    After the deadline a reason is needed, and the survey counts as admitted.
    """
    there = own_campaign(act, campaign, own_centre(act))
    check_school(there, school, Kind.INDIVIDUALS)
    if at > act.now:
        raise Invalid([FieldError("/by_telephone/at", "call_in_future")])
    stored = _begun(act, there, school)
    drafted = model.drafted_with(stored.state, answers, act.now, act.actor)
    state = model.recorded(drafted, Call(spoken_with=spoken_with, at=at, by=act.actor))
    if act.now < there.rules.deadline:
        return _submit(act, stored, state, there)
    if reason is None:
        with in_time(there, "survey_record_late"):
            raise TooLate()
    return _admit(act, stored, state, there, reason)


def record_again(
    act: Act, survey: str, answers: Answers, spoken_with: str, at: datetime, reason: Reason | None
) -> Receipt:
    """대리 입력 into a survey that the school has begun."""
    found = surveys.load(act, survey).state
    return record(act, found.campaign, found.school, answers, spoken_with, at, reason)


def shown(act: Act, survey: str) -> Stored[Survey]:
    """A survey in scope. Raises NotFound."""
    return surveys.get(act, survey)


def own(act: Act, campaign: str) -> Stored[Survey]:
    """The acting school's survey in a campaign. Raises NotFound before it has begun."""
    return surveys.get(act, survey_id(campaign, own_organisation(act)))


def previous(act: Act, campaign: str) -> Answers:
    """The groups that the acting school submitted last in another campaign, to begin with.

    Raises NotFound if it never submitted any.
    """
    found = store.latest(act, own_organisation(act), campaign)
    if found is None or found.state.submitted is None:
        raise NotFound()
    return found.state.submitted.as_template()


def listed(
    act: Act,
    campaign: str | None = None,
    status: Status | None = None,
    late: bool | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[Survey]:
    """Surveys in scope, a page at a time."""
    return store.page(act, campaign, status, late, limit, after)


def to_mend(act: Act, survey: str) -> list[FieldError]:
    """What keeps the draft from being submitted; empty if nothing does."""
    state = surveys.get(act, survey).state
    return faults(state.draft, terms(act, state.campaign).rules)


def timeline(act: Act, survey: str) -> list[dict[str, Any]]:
    """What siblings told about the school of this survey in its campaign, oldest first."""
    state = surveys.get(act, survey).state
    return store.timeline(act, state.school, state.campaign)


def standing(act: Act, campaigns: Sequence[str]) -> dict[str, Counter[str]]:
    """By campaign: what siblings told last of how many bookings and placements."""
    return store.standing(act, campaigns)


def applicant_timeline(
    act: Act, school: str, campaign: str, applicant: str
) -> list[dict[str, Any]]:
    """What siblings told about one applicant of a school, oldest first."""
    return store.timeline(act, school, campaign, applicant)


def manifest_lines(act: Act, campaign: str) -> Iterator[tuple[str, str, int]]:
    """(kind, aggregate id, sequence) of everything of this campaign that was ever told.

    Surveys count their dense sequence; needs count the version that last told them, or a higher
    number that the relay had to give after a restore. What was withdrawn stays in the manifest,
    since its withdrawal has to have arrived too.
    """
    rows = list(store.published(act, campaign))
    told = numbers.last_told(act.database, model.NEEDS_TOPIC, [id for id, _, _ in rows])
    for id, sequence, needs in rows:
        yield "surveys", id, sequence
        yield "needs", id, max(needs, told.get(id, 0))


def answered(act: Act, campaign: str) -> dict[str, str]:
    """The status of each school's survey, by school."""
    return store.statuses(act, campaign)


def called(act: Act, pattern: str, most: int) -> list[Named]:
    """The named groups of surveys within scope in which a group's name fits a pattern."""
    return store_names.called(act, pattern, most)


def groups_of(act: Act, schools: Sequence[str], most: int) -> list[Named]:
    """The named groups of some schools' surveys within scope, newest surveys first."""
    return store_names.of_schools(act, schools, most)


def answers_of(act: Act, school: str) -> int:
    """How many surveys of a school within scope are begun or stand, in whichever campaign."""
    return store.count_of(act, school)


def _begun(act: Act, there: Terms, school: str) -> Stored[Survey]:
    """The school's survey, begun now if need be. Two who begin at once meet in one survey."""
    id = survey_id(there.id, school)
    try:
        return surveys.load(act, id)
    except NotFound:
        empty = Survey(centre=there.campaign.centre, campaign=there.id, school=school)
        try:
            surveys.create(replace(act, command=None), id, empty)
        except Refused as refused:
            if refused.code != "exists":
                raise
        return surveys.load(act, id)


def _submit(act: Act, stored: Stored[Survey], wanted: Survey, there: Terms) -> Receipt:
    check_school(there, wanted.school, Kind.INDIVIDUALS)
    with in_time(there, "survey_late"):
        state, events = model.submitted(wanted, there.rules, act.now, act.actor, stored.version + 1)
        if not events:
            return _saved(act, stored, state)
        return surveys.save(
            act, stored, state, events, before=there.rules.deadline, extra=_extra(state)
        )


def _admit(
    act: Act, stored: Stored[Survey], wanted: Survey, there: Terms, reason: Reason
) -> Receipt:
    admission = Admission(by=act.actor, at=act.now, reason_code=reason.code, reason=reason.words)
    state, events = model.admitted(wanted, there.rules, act.now, stored.version + 1, admission)
    return surveys.save(act, stored, state, events, extra=_extra(state))


def _saved(act: Act, stored: Stored[Survey], state: Survey) -> Receipt:
    """Save without telling; a state that is the same is not written at all."""
    if state == stored.state:
        return _unchanged(stored)
    return surveys.save(act, stored, state, extra=_extra(state))


def _unchanged(stored: Stored[Survey]) -> Receipt:
    return Receipt(
        id=stored.id,
        version=stored.version,
        sequence=stored.sequence,
        state=stored.state.status.value,
        extra=_extra(stored.state),
    )


def _extra(state: Survey) -> dict[str, Any]:
    """The ids of the groups in their order, so that a caller can name them from now on."""
    return {"groups": [group.id for group in state.draft.groups], "dirty": state.dirty}
