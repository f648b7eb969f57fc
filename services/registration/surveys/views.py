"""Surveys as JSON shows them, shaped for who reads: an office sees numbers and no words."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Stored
from chassis.scope import Office
from services.registration.surveys.answers import Answers
from services.registration.surveys.history import Entry
from services.registration.surveys.model import COUNTS, Admission, Call, Survey


class SurveyView(BaseModel):
    """One survey. `dirty`: the draft says something that has not been submitted."""

    id: str
    version: int
    sequence: int
    centre: str
    campaign: str
    school: str
    status: str
    late: bool
    dirty: bool
    draft: Answers | None
    submitted: Answers | None
    submitted_at: datetime | None
    admission: Admission | None
    calls: list[Call]
    changed: datetime


class SurveyRow(BaseModel):
    """A survey in a list, by its numbers."""

    id: str
    version: int
    campaign: str
    school: str
    status: str
    late: bool
    dirty: bool
    groups: int
    people: int
    submitted_at: datetime | None
    changed: datetime


class SurveyList(BaseModel):
    """A page of surveys; `next` goes into `cursor` of the following page."""

    items: list[SurveyRow]
    next: str | None


class Fault(BaseModel):
    """One thing to mend before the draft can be submitted."""

    pointer: str
    code: str
    detail: str


class Check(BaseModel):
    """Everything that keeps the draft from being submitted."""

    ready: bool
    errors: list[Fault]


class History(BaseModel):
    """Every change with its value before and after, oldest first."""

    items: list[Entry]


class Moment(BaseModel):
    """One step on the way of a survey: what happened, when, by whom, with its codes."""

    at: datetime
    what: str
    by: str
    group: str | None = None
    subject: str
    codes: dict[str, Any] = {}


class Timeline(BaseModel):
    """The way of a survey, oldest first; what siblings told is known up to `as_of`."""

    items: list[Moment]
    as_of: datetime


class CodeLists(BaseModel):
    """The code lists with their names, by list and code."""

    fields: dict[str, dict[str, str]]
    kinds: dict[str, dict[str, str]]
    needs: dict[str, dict[str, str]]
    levels: dict[str, dict[str, str]]
    grades: dict[str, list[int]]


def survey_view(act: Act, stored: Stored[Survey]) -> SurveyView:
    """The survey as this reader may see it."""
    state = stored.state
    outside = isinstance(act.scope, Office)
    handed_in = state.submitted
    return SurveyView(
        id=stored.id,
        version=stored.version,
        sequence=stored.sequence,
        centre=state.centre,
        campaign=state.campaign,
        school=state.school,
        status=state.status.value,
        late=state.late,
        dirty=state.dirty,
        draft=None if outside else state.draft,
        submitted=handed_in.without_words() if outside and handed_in else handed_in,
        submitted_at=state.submitted_at,
        admission=None if outside else state.admission,
        calls=[] if outside else list(state.calls),
        changed=stored.changed,
    )


def survey_row(stored: Stored[Survey]) -> SurveyRow:
    """The survey as one line: what counts, or else what has been written so far."""
    state = stored.state
    shown = state.submitted if state.status in COUNTS and state.submitted else state.draft
    return SurveyRow(
        id=stored.id,
        version=stored.version,
        campaign=state.campaign,
        school=state.school,
        status=state.status.value,
        late=state.late,
        dirty=state.dirty,
        groups=len(shown.groups),
        people=shown.people(),
        submitted_at=state.submitted_at,
        changed=stored.changed,
    )


def timeline_view(stored: Stored[Survey], told: list[dict[str, Any]], now: datetime) -> Timeline:
    """The survey's own steps and those of its siblings in one order."""
    own = [
        Moment(
            at=entry.at,
            what=f"survey.{entry.deed}",
            by=entry.by,
            subject=stored.id,
            codes=dict(entry.codes),
        )
        for entry in stored.state.history
        if entry.deed != "drafted"
    ]
    return Timeline(items=in_order(own, told), as_of=now)


def in_order(own: list[Moment], told: list[dict[str, Any]]) -> list[Moment]:
    """Own steps and those that siblings told, oldest first."""
    others = [
        Moment(
            at=row["at"],
            what=row["what"],
            by=row["by"],
            group=row["group"],
            subject=row["subject"],
            codes=row["codes"],
        )
        for row in told
    ]
    return sorted([*own, *others], key=lambda moment: moment.at)
