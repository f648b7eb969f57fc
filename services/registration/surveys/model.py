"""The demand survey of one school in one campaign: draft, submitted, amended, withdrawn.

The teacher always edits the draft; submitting copies it into what counts. So a page may save at
any time, also after submitting, and nothing half-written ever travels. Every change is kept in the
history. Clicking twice changes nothing the second time.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from chassis.errors import FieldError, Invalid, Refused, TooLate
from chassis.facts import Event, derived_id, stamp
from services.registration.surveys.answers import Answers, with_ids
from services.registration.surveys.history import Deed, Entry, changes, drafted
from services.registration.surveys.rules import Rules, faults

NEEDS_TOPIC = "registration.needs"
IDS_AHEAD = 60


class Status(StrEnum):
    """Where a survey stands. Only a draft has never been seen by anybody else."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"


COUNTS = (Status.SUBMITTED, Status.AMENDED)


class Call(BaseModel):
    """A telephone call in which the school said what the centre wrote down for it."""

    model_config = ConfigDict(frozen=True)

    spoken_with: str
    at: datetime
    by: str


class Admission(BaseModel):
    """Why the centre let a late survey in. The sentence stays here; only the code travels."""

    model_config = ConfigDict(frozen=True)

    by: str
    at: datetime
    reason_code: str
    reason: str


class Survey(BaseModel):
    """State of one survey. `needs_version` is the version that last sent the access needs."""

    model_config = ConfigDict(frozen=True)

    centre: str
    campaign: str
    school: str
    status: Status = Status.DRAFT
    draft: Answers = Answers()
    submitted: Answers | None = None
    submitted_at: datetime | None = None
    late: bool = False
    admission: Admission | None = None
    calls: tuple[Call, ...] = ()
    needs_version: int = 0
    groups_made: int = 0
    history: tuple[Entry, ...] = ()

    @property
    def dirty(self) -> bool:
        """Whether the draft says something that has not been submitted."""
        return self.draft != self.submitted


def survey_id(campaign: str, school: str) -> str:
    """One survey for each campaign and school, whoever begins it."""
    return derived_id("survey", campaign, school)


def drafted_with(survey: Survey, answers: Answers, now: datetime, by: str) -> Survey:
    """The survey with another draft; the same object if nothing changed.

    Raises Invalid for a group id that this survey never gave.
    """
    own = survey_id(survey.campaign, survey.school)
    made = survey.groups_made
    # Ids are made when they are asked for: most answers say which groups they mean, or need one.
    fresh = (derived_id("group", own, str(made + n)) for n in range(IDS_AHEAD))
    named = any(group.id for group in answers.groups)
    given = {derived_id("group", own, str(n)) for n in range(made)} if named else set[str]()
    strange = [
        FieldError(f"/groups/{place}/id", "group_unknown")
        for place, group in enumerate(answers.groups)
        if group.id and group.id not in given
    ]
    if strange:
        raise Invalid(strange)
    draft = with_ids(answers, survey.draft, fresh)
    if draft == survey.draft:
        return survey
    known = given | {group.id for group in survey.draft.groups}
    used = sum(1 for group in draft.groups if group.id not in known)
    return survey.model_copy(
        update={
            "draft": draft,
            "groups_made": made + used,
            "history": drafted(survey.history, survey.draft, draft, now, by),
        }
    )


def submitted(
    survey: Survey, rules: Rules, now: datetime, by: str, version: int
) -> tuple[Survey, Sequence[Event]]:
    """The draft becomes what counts; `version` is the one this write will have.

    Submitting again what is submitted already changes nothing and says nothing. Raises TooLate,
    Refused (not open yet) or Invalid with every fault at once.
    """
    if survey.status in COUNTS and not survey.dirty:
        return survey, ()
    if now < rules.opens_at:
        raise Refused("survey_not_open", opens_at=rules.opens_at)
    if now >= rules.deadline:
        raise TooLate("survey_late", deadline=rules.deadline)
    deed: Deed = "amended" if survey.status in COUNTS else "submitted"
    return _counted(survey, rules, now, by, version, deed, {})


def admitted(
    survey: Survey,
    rules: Rules,
    now: datetime,
    version: int,
    admission: Admission,
) -> tuple[Survey, Sequence[Event]]:
    """The centre lets the draft in after the deadline.

    Raises Refused before the deadline (the school can submit itself) and when nothing is new.
    """
    if now < rules.deadline:
        raise Refused("survey_not_late", deadline=rules.deadline)
    if survey.status in COUNTS and not survey.dirty:
        raise Refused("survey_nothing_new")
    codes = {"reason_code": admission.reason_code}
    late = survey.model_copy(update={"late": True, "admission": admission})
    return _counted(late, rules, now, admission.by, version, "admitted", codes)


def withdrawn(
    survey: Survey, rules: Rules, now: datetime, by: str, version: int, leaves: bool = False
) -> tuple[Survey, Sequence[Event]]:
    """The school takes its survey back; the draft stays, to be submitted again if it likes.

    `leaves`: the survey has closed and nothing was released yet, so that the school leaves the
    campaign before anybody was told of it. Raises Refused for what was never submitted, TooLate
    after the deadline otherwise (then the placement has to be withdrawn, so that its seats go to
    those who wait).
    """
    if survey.status is Status.WITHDRAWN:
        return survey, ()
    if survey.status is Status.DRAFT:
        raise Refused("survey_not_submitted")
    late = now >= rules.deadline
    if late and not leaves:
        raise TooLate("survey_withdraw_late", deadline=rules.deadline)
    gone = survey.model_copy(
        update={
            "status": Status.WITHDRAWN,
            "needs_version": version,
            "history": (*survey.history, Entry(at=now, by=by, deed="withdrawn")),
        }
    )
    told = {**_ids(survey), "late": True} if late else _ids(survey)
    return gone, [Event("survey.withdrawn", told), _needs(survey, Answers())]


def recorded(survey: Survey, call: Call) -> Survey:
    """The survey with a call noted, of which the next submission is the outcome."""
    return survey.model_copy(update={"calls": (*survey.calls, call)})


def _counted(
    survey: Survey,
    rules: Rules,
    now: datetime,
    by: str,
    version: int,
    deed: Deed,
    codes: dict[str, str],
) -> tuple[Survey, Sequence[Event]]:
    wrong = faults(survey.draft, rules)
    if wrong:
        raise Invalid(wrong)
    before = survey.submitted or Answers()
    entry = Entry(
        at=now,
        by=by,
        deed=deed,
        codes={**codes, "changed": str(len(changes(before, survey.draft)))},
    )
    counted = survey.model_copy(
        update={
            "status": Status.AMENDED if deed == "amended" else Status.SUBMITTED,
            "submitted": survey.draft,
            "submitted_at": now,
            "needs_version": version,
            "history": (*survey.history, entry),
        }
    )
    fact = {
        **_ids(survey),
        "submitted_at": stamp(now),
        "late": survey.late,
        "groups": [group.fact() for group in survey.draft.groups],
    }
    if deed == "admitted":
        fact["reason_code"] = codes["reason_code"]
    return counted, [Event(f"survey.{deed}", fact), _needs(survey, survey.draft)]


def _ids(survey: Survey) -> dict[str, Any]:
    return {"centre": survey.centre, "campaign": survey.campaign, "school": survey.school}


def _needs(survey: Survey, answers: Answers) -> Event:
    """Access needs and what groups are called, sealed for placement; sent also when empty, so
    that old ones go away."""
    groups = {group.id: sorted(set(group.needs)) for group in answers.groups if group.needs}
    data = {
        "survey": survey_id(survey.campaign, survey.school),
        "campaign": survey.campaign,
        "groups": groups,
        "names": {group.id: group.class_name for group in answers.groups if group.class_name},
    }
    return Event("needs.declared", data, topic=NEEDS_TOPIC)
