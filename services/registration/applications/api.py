"""Individual applications over HTTP."""

from datetime import datetime

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.registration.applications import jobs, operations
from services.registration.applications.model import Application, Reference, Status, Step, Wanted
from services.registration.surveys.answers import Code, Count, Id
from services.registration.surveys.views import Moment, in_order

routes = Routes("applications", "/api/v1/applications")
campaign_routes = Routes("campaign_applications", "/api/v1/campaigns")

READERS = (Role.SCHOOL, Role.CENTRE)


class ApplicationPath(BaseModel):
    """Which application."""

    application_id: Id


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


class JobPath(BaseModel):
    """Which job."""

    job_id: Id


class ListQuery(BaseModel):
    """Which applications, and from where in the list."""

    campaign: Id | None = None
    status: Status | None = None
    limit: int = Field(default=50, ge=1, le=100)
    cursor: Id | None = None


class WantedBody(Body):
    """One person's wishes. `reference` is a running number of the school's own list."""

    reference: Reference
    level: Code | None = None
    grade: Count | None = None
    wishes: tuple[Id, ...] = Field(default=(), max_length=50)

    def wanted(self) -> Wanted:
        """The wishes as the rules know them."""
        return Wanted(
            reference=self.reference, level=self.level, grade=self.grade, wishes=self.wishes
        )


class BulkBody(Body):
    """Many persons' wishes, at most 500."""

    rows: tuple[Wanted, ...] = Field(min_length=1, max_length=jobs.MOST_ROWS)


class NothingBody(Body):
    """A command that says all by its address."""


class ApplicationView(BaseModel):
    """One application, with each change it went through."""

    id: str
    version: int
    sequence: int
    centre: str
    campaign: str
    school: str
    person: str
    reference: str
    level: str | None
    grade: int | None
    wishes: list[str]
    status: str
    submitted_at: datetime
    history: list[Step]


class ApplicationList(BaseModel):
    """A page of applications; `next` goes into `cursor` of the following page."""

    items: list[ApplicationView]
    next: str | None


class ApplicationTimeline(BaseModel):
    """What placement and the messages told of one application, oldest first."""

    items: list[Moment]
    as_of: datetime


class JobView(BaseModel):
    """How far a bulk submission has come."""

    id: str
    version: int
    campaign: str
    status: str
    total: int
    done: int
    created: int
    amended: int
    unchanged: int


def _view(stored: Stored[Application]) -> ApplicationView:
    state = stored.state
    return ApplicationView(
        id=stored.id,
        version=stored.version,
        sequence=stored.sequence,
        **state.model_dump(exclude={"history"}),
        history=list(state.history),
    )


@campaign_routes.command("POST", "/<campaign_id>/applications", roles=(Role.SCHOOL,), status=201)
def apply(act: Act, path: CampaignPath, body: WantedBody) -> Receipt:
    """Submit one person's wishes."""
    return operations.apply(act, path.campaign_id, body.wanted())


@campaign_routes.command("POST", "/<campaign_id>/applications/bulk", roles=(Role.SCHOOL,))
def apply_many(act: Act, path: CampaignPath, body: BulkBody) -> Receipt:
    """Submit many persons' wishes as one job; the same key again finishes what was begun."""
    return operations.apply_many(act, path.campaign_id, body.rows)


@routes.query("", roles=READERS, answer=ApplicationList)
def listed(act: Act, query: ListQuery) -> ApplicationList:
    """Applications in scope."""
    page = operations.listed(act, query.campaign, query.status, query.limit, query.cursor)
    return ApplicationList(items=[_view(row) for row in page.items], next=page.next)


@routes.query("/<application_id>", roles=READERS, answer=ApplicationView)
def show(act: Act, path: ApplicationPath) -> ApplicationView:
    """One application."""
    return _view(operations.shown(act, path.application_id))


@routes.query("/<application_id>/timeline", roles=READERS, answer=ApplicationTimeline)
def timeline(act: Act, path: ApplicationPath) -> ApplicationTimeline:
    """The way of one application: its own steps and placement's."""
    stored = operations.shown(act, path.application_id)
    told = operations.timeline(act, path.application_id)
    own = [
        Moment(at=step.at, what=f"application.{step.deed}", by=step.by, subject=stored.id)
        for step in stored.state.history
    ]
    return ApplicationTimeline(items=in_order(own, told), as_of=act.now)


@routes.command("PUT", "/<application_id>", roles=(Role.SCHOOL,))
def amend(act: Act, path: ApplicationPath, body: WantedBody) -> Receipt:
    """Replace one person's wishes."""
    return operations.amend(act, path.application_id, body.wanted())


@routes.command("POST", "/<application_id>/withdraw", roles=(Role.SCHOOL,))
def withdraw(act: Act, path: ApplicationPath, body: NothingBody) -> Receipt:
    """Take one person's application back."""
    return operations.withdraw(act, path.application_id)


@routes.query("/jobs/<job_id>", roles=READERS, answer=JobView)
def show_job(act: Act, path: JobPath) -> JobView:
    """How far a bulk submission has come."""
    stored = operations.shown_job(act, path.job_id)
    state = stored.state
    return JobView(
        id=stored.id,
        version=stored.version,
        **state.model_dump(exclude={"centre", "school", "body_hash"}),
    )
