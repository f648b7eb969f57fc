"""Pages of a campaign's answers: remind, write down what was said on the telephone, admit late."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from flask import Response, redirect, request, url_for
from pydantic import BaseModel, ValidationError

from chassis.act import Act
from chassis.documents import Stored
from chassis.errors import FieldError, Invalid, NotFound, Problem
from chassis.facts import KST
from chassis.http.mends import again
from chassis.http.pages import render
from chassis.http.problems import lang, text
from chassis.http.routes import Routes
from chassis.http.sheets import attachment, workbook
from chassis.roles import Role
from services.registration.acting import own_centre
from services.registration.campaigns import operations as campaigns
from services.registration.closing import operations, telephone
from services.registration.codes import codes
from services.registration.contacts import operations as contacts
from services.registration.organisations import operations as organisations
from services.registration.programmes import operations as programmes
from services.registration.surveys import operations as surveys
from services.registration.surveys.answers import Answers
from services.registration.surveys.model import Survey, survey_id
from services.registration.surveys.operations import Reason
from services.registration.surveys.rules import faults
from services.registration.surveys.terms import terms
from services.registration.views import Id

TEMPLATES = Path(__file__).parent / "templates"
CENTRE = (Role.CENTRE,)
DONE = ("submitted", "amended")
REASONS = ("illness", "handover", "trouble", "disaster", "other")
"""Why a late answer is let in; the code travels, the sentence stays."""

FIELDS = {
    "people": "people{}",
    "class_name": "class{}",
    "fields": "field{}-0",
    "dates": "date{}-0",
}
"""The form's fields of a group by what they say; its grade stands for the rest."""
ASKED = ("spoken_with", "at", "reason")

routes = Routes("answer_pages", "/campaigns", templates=str(TEMPLATES))


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


class SchoolPath(CampaignPath):
    """Which school's answer."""

    school_id: Id


@routes.page("/<campaign_id>/remind", roles=CENTRE)
def look(act: Act, path: CampaignPath) -> str:
    """Whom a reminder would reach."""
    return _remind(act, path, None)


@routes.form("/<campaign_id>/remind", roles=CENTRE)
def remind(act: Act, path: CampaignPath) -> Response | tuple[str, int]:
    """Send it."""
    try:
        campaigns.remind(act, path.campaign_id)
    except Problem as refused:
        return _remind(act, path, refused), refused.status
    return _to(url_for("home.campaign", campaign_id=path.campaign_id))


@routes.query("/<campaign_id>/answers.xlsx", roles=CENTRE)
def sheet(act: Act, path: CampaignPath) -> Response:
    """Who has answered, as a workbook."""
    rows = operations.answers(act, path.campaign_id)
    heads = [text("page.home.school"), text("page.home.state")]
    lines = [(row.name, text(f"page.survey.{row.status or 'none'}")) for row in rows]
    title = text("page.answers.title")
    return attachment(title, workbook(title, heads, lines))


@routes.page("/<campaign_id>/schools/<school_id>", roles=CENTRE)
def school(act: Act, path: SchoolPath) -> str:
    """One school's answer: how to reach it, what it has written, and what the centre may do."""
    stored = _survey(act, path)
    draft = stored.state.draft if stored else Answers()
    return _school(act, path, telephone.rows_of(draft), {}, None)


@routes.form("/<campaign_id>/schools/<school_id>/record", roles=CENTRE)
def record(act: Act, path: SchoolPath) -> Response | tuple[str, int]:
    """Write down and submit what was said (대리 입력)."""
    sent = request.form
    rows = telephone.typed(sent)
    stored = _survey(act, path)
    known = stored.state.draft if stored else Answers()
    try:
        answers = telephone.answers_of(rows, known, _level(act, path.campaign_id))
        at = _local(sent.get("at", ""), act.now)
        said_by = sent.get("spoken_with", "").strip()[:100]
        if not said_by:
            missing = FieldError("/by_telephone/spoken_with", "missing")
            raise Invalid([missing, *faults(answers, terms(act, path.campaign_id).rules)])
        surveys.record(
            act, path.campaign_id, path.school_id, answers, said_by, at, _reason(sent, "why")
        )
    except ValidationError:
        unread = Invalid([FieldError("", "day_unreadable")])
        return _school(act, path, rows, sent, unread), unread.status
    except Problem as refused:
        return _school(act, path, rows, sent, refused), refused.status
    return _to(url_for("home.campaign", campaign_id=path.campaign_id))


@routes.form("/<campaign_id>/schools/<school_id>/admit", roles=CENTRE)
def admit(act: Act, path: SchoolPath) -> Response | tuple[str, int]:
    """Let what the school has written in, although it is late."""
    stored = _survey(act, path)
    if stored is None:
        raise NotFound()
    rows = telephone.rows_of(stored.state.draft)
    try:
        reason = _reason(request.form, "reason")
        if reason is None:
            raise Invalid([FieldError("/reason", "missing")])
        surveys.admit(act, stored.id, reason)
    except Problem as refused:
        return _school(act, path, rows, request.form, refused), refused.status
    return _to(url_for("home.campaign", campaign_id=path.campaign_id))


@routes.page("/<campaign_id>/schools/<school_id>/withdraw", roles=CENTRE)
def ask_withdraw(act: Act, path: SchoolPath) -> str:
    """What taking a school's answer back does, before it is done."""
    return _withdraw(act, path, None)


@routes.form("/<campaign_id>/schools/<school_id>/withdraw", roles=CENTRE)
def withdraw(act: Act, path: SchoolPath) -> Response | tuple[str, int]:
    """Take a school's answer back, as it asked on the telephone."""
    stored = _survey(act, path)
    if stored is None:
        raise NotFound()
    try:
        said_by = request.form.get("spoken_with", "").strip()[:100]
        if not said_by:
            raise Invalid([FieldError("/spoken_with", "missing")])
        surveys.withdraw_for(act, stored.id, said_by)
    except Problem as refused:
        return _withdraw(act, path, refused), refused.status
    return _to(url_for("home.campaign", campaign_id=path.campaign_id))


def _withdraw(act: Act, path: SchoolPath, refused: Problem | None) -> str:
    campaign = campaigns.own(act, path.campaign_id).state
    return render(
        "closing/withdraw.html",
        path=path,
        campaign=campaign,
        school=organisations.shown(act, path.school_id).state,
        survey=_survey(act, path),
        late=act.now >= campaign.deadline,
        leaves=surveys.leaving(act, path.campaign_id),
        spoken_with=request.form.get("spoken_with", "").strip()[:100],
        **again(refused),
    )


def _remind(act: Act, path: CampaignPath, refused: Problem | None) -> str:
    rows = operations.answers(act, path.campaign_id)
    return render(
        "closing/remind.html",
        id=path.campaign_id,
        campaign=campaigns.own(act, path.campaign_id).state,
        missing=[row for row in rows if row.status not in DONE],
        **again(refused),
    )


def _school(
    act: Act,
    path: SchoolPath,
    rows: list[telephone.Row],
    sent: Mapping[str, str],
    refused: Problem | None,
) -> str:
    campaign = campaigns.own(act, path.campaign_id).state
    stored = _survey(act, path)
    found = organisations.shown(act, path.school_id).state
    return render(
        "closing/school.html",
        path=path,
        campaign=campaign,
        school=found,
        survey=stored,
        late=act.now >= campaign.deadline,
        leaves=surveys.leaving(act, path.campaign_id),
        reach=_reach(act, path.school_id),
        rows=rows,
        sent=sent,
        at=sent.get("at") or act.now.astimezone(KST).strftime("%Y-%m-%dT%H:%M"),
        ranks=range(telephone.RANKS),
        offered=[("", text("page.answers.choose"))]
        + [(code, codes().fields[code][lang()]) for code in campaign.fields],
        reasons=[(code, text(f"page.answers.why.{code}")) for code in REASONS],
        **again(refused, _field_in(rows, sent)),
    )


def _reach(act: Act, school: str) -> list[tuple[str, str]]:
    """How to call the school: person and number. Reading it is put on record."""
    try:
        found = contacts.shown(act, school)
    except NotFound:
        return []
    return [(one.reach.person or "", one.reach.telephone) for one in found if one.reach.telephone]


def _survey(act: Act, path: SchoolPath) -> Stored[Survey] | None:
    """The school's survey, if it has begun. NotFound for a school that is another centre's."""
    campaigns.own(act, path.campaign_id)
    if not organisations.looks_after(act, own_centre(act), path.school_id):
        raise NotFound()
    try:
        return surveys.shown(act, survey_id(path.campaign_id, path.school_id))
    except NotFound:
        return None


def _level(act: Act, campaign: str) -> str:
    state = campaigns.own(act, campaign).state
    return programmes.shown(act, state.programme).state.level.value


def _reason(sent: Mapping[str, str], name: str) -> Reason | None:
    words = sent.get(name, "").strip()[:500]
    code = sent.get(f"{name}_code", "")
    return Reason(code if code in REASONS else "other", words) if words else None


def _local(written: str, now: datetime) -> datetime:
    try:
        return datetime.fromisoformat(written).replace(tzinfo=KST)
    except ValueError:
        return now


def _field_in(rows: list[telephone.Row], sent: Mapping[str, str]) -> Callable[[str], str]:
    """The form's field that a pointer into the answers is about; of what was sent, empty rows
    are no groups."""
    groups = [n for n, row in enumerate(rows) if not (row.blank and "rows" in sent)]

    def field_of(pointer: str) -> str:
        match pointer.strip("/").split("/"):
            case ["groups", place, name, *_] if place.isdecimal():
                return FIELDS.get(name, "grade{}").format(groups[int(place)])
            case ["by_telephone", name] | [name]:
                return name if name in ASKED else ""
            case _:
                return ""

    return field_of


def _to(address: str) -> Response:
    return redirect(address, 303)  # type: ignore[return-value]
