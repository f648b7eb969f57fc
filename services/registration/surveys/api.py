"""The demand survey over HTTP."""

from pydantic import AwareDatetime, BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt
from chassis.http.problems import text
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.registration.codes import codes
from services.registration.surveys import operations
from services.registration.surveys.answers import Answers, Code, Group, Id, Name, Words
from services.registration.surveys.model import Status
from services.registration.surveys.operations import Reason
from services.registration.surveys.views import (
    Check,
    CodeLists,
    Fault,
    History,
    SurveyList,
    SurveyView,
    Timeline,
    survey_row,
    survey_view,
    timeline_view,
)

routes = Routes("surveys", "/api/v1/surveys")
campaign_routes = Routes("campaign_surveys", "/api/v1/campaigns")
code_routes = Routes("codes", "/api/v1/codes")

READERS = (Role.SCHOOL, Role.CENTRE, Role.OFFICE)


class SurveyPath(BaseModel):
    """Which survey."""

    survey_id: Id


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


class ListQuery(BaseModel):
    """Which surveys, and from where in the list."""

    campaign: Id | None = None
    status: Status | None = None
    late: bool | None = None
    limit: int = Field(default=50, ge=1, le=100)
    cursor: Id | None = None


class AnswersBody(Body):
    """What the school answers; unfinished is fine in a draft."""

    groups: tuple[Group, ...] = Field(default=(), max_length=60)
    remarks: Words = ""

    def answers(self) -> Answers:
        """The answers without what came with them."""
        return Answers(groups=self.groups, remarks=self.remarks)


class NothingBody(Body):
    """A command that says all by its address."""


class AdmitBody(Body):
    """Why a late survey is let in."""

    reason_code: Code
    reason: Words = Field(min_length=1)


class TelephoneBody(Body):
    """With whom the centre spoke, and when."""

    spoken_with: Name = Field(min_length=1)
    at: AwareDatetime


class RecordBody(AnswersBody):
    """What a school said on the telephone; a reason is needed after the deadline."""

    by_telephone: TelephoneBody
    late: AdmitBody | None = None

    def why(self) -> Reason | None:
        """The reason for being late, if one was given."""
        return Reason(self.late.reason_code, self.late.reason) if self.late else None


class RecordForBody(RecordBody):
    """The same for a school that has not begun its survey."""

    school: Id


@campaign_routes.command("PUT", "/<campaign_id>/survey", roles=(Role.SCHOOL,))
def save_draft(act: Act, path: CampaignPath, body: AnswersBody) -> Receipt:
    """Keep the own school's draft (created when it is not there yet)."""
    return operations.save_draft(act, path.campaign_id, body.answers())


@campaign_routes.query("/<campaign_id>/survey", roles=(Role.SCHOOL,), answer=SurveyView)
def own(act: Act, path: CampaignPath) -> SurveyView:
    """The own school's survey in a campaign."""
    return survey_view(act, operations.own(act, path.campaign_id))


@campaign_routes.query("/<campaign_id>/survey/previous", roles=(Role.SCHOOL,), answer=Answers)
def previous(act: Act, path: CampaignPath) -> Answers:
    """The groups that the own school submitted last in another campaign."""
    return operations.previous(act, path.campaign_id)


@campaign_routes.command("POST", "/<campaign_id>/surveys", roles=(Role.CENTRE,))
def record_for(act: Act, path: CampaignPath, body: RecordForBody) -> Receipt:
    """대리 입력 for a school, whether or not it has begun."""
    call = body.by_telephone
    return operations.record(
        act, path.campaign_id, body.school, body.answers(), call.spoken_with, call.at, body.why()
    )


@routes.query("", roles=READERS, answer=SurveyList)
def listed(act: Act, query: ListQuery) -> SurveyList:
    """Surveys in scope."""
    page = operations.listed(
        act, query.campaign, query.status, query.late, query.limit, query.cursor
    )
    return SurveyList(items=[survey_row(row) for row in page.items], next=page.next)


@routes.query("/<survey_id>", roles=READERS, answer=SurveyView)
def show(act: Act, path: SurveyPath) -> SurveyView:
    """One survey."""
    return survey_view(act, operations.shown(act, path.survey_id))


@routes.command("POST", "/<survey_id>/submit", roles=(Role.SCHOOL,), vouched_by_its_question=True)
def submit(act: Act, path: SurveyPath, body: NothingBody) -> Receipt:
    """Submit the draft; also what was edited after submitting."""
    return operations.submit(act, path.survey_id)


@routes.command("PUT", "/<survey_id>", roles=(Role.SCHOOL,), vouched_by_its_question=True)
def amend(act: Act, path: SurveyPath, body: AnswersBody) -> Receipt:
    """Replace what was submitted."""
    return operations.amend(act, path.survey_id, body.answers())


@routes.command("POST", "/<survey_id>/withdraw", roles=(Role.SCHOOL,))
def withdraw(act: Act, path: SurveyPath, body: NothingBody) -> Receipt:
    """Take the survey back before the deadline."""
    return operations.withdraw(act, path.survey_id)


@routes.command("POST", "/<survey_id>/admit", roles=(Role.CENTRE,))
def admit(act: Act, path: SurveyPath, body: AdmitBody) -> Receipt:
    """Let a late survey in."""
    return operations.admit(act, path.survey_id, Reason(body.reason_code, body.reason))


@routes.command("POST", "/<survey_id>/record", roles=(Role.CENTRE,))
def record(act: Act, path: SurveyPath, body: RecordBody) -> Receipt:
    """대리 입력 into a survey that has been begun."""
    call = body.by_telephone
    return operations.record_again(
        act, path.survey_id, body.answers(), call.spoken_with, call.at, body.why()
    )


@routes.query("/<survey_id>/check", roles=(Role.SCHOOL, Role.CENTRE), answer=Check)
def check(act: Act, path: SurveyPath) -> Check:
    """What has to be mended before the draft can be submitted."""
    errors = [
        Fault(
            pointer=error.pointer,
            code=error.code,
            detail=text(f"field.{error.code}", **error.facts),
        )
        for error in operations.to_mend(act, path.survey_id)
    ]
    return Check(ready=not errors, errors=errors)


@routes.query("/<survey_id>/history", roles=(Role.SCHOOL, Role.CENTRE), answer=History)
def history(act: Act, path: SurveyPath) -> History:
    """Who changed what, when."""
    return History(items=list(operations.shown(act, path.survey_id).state.history))


@routes.query("/<survey_id>/timeline", roles=READERS, answer=Timeline)
def timeline(act: Act, path: SurveyPath) -> Timeline:
    """The way of the survey: its own steps, placement's and the messages'."""
    stored = operations.shown(act, path.survey_id)
    return timeline_view(stored, operations.timeline(act, path.survey_id), act.now)


@code_routes.query("", roles=(Role.PUBLIC,), answer=CodeLists)
def code_lists(act: Act) -> CodeLists:
    """The code lists that surveys and offers share."""
    lists = codes()
    return CodeLists.model_validate(
        {name: getattr(lists, name) for name in ("fields", "kinds", "needs", "levels", "grades")}
    )
