"""JSON endpoints of releases: what is planned, release in ten minutes, call off, resume."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.placement.releases import operations
from services.placement.releases.model import Appointment, Status
from services.placement.runs.model import Stage

routes = Routes("releases", "/api/v1")


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: str


class RunPath(BaseModel):
    """Which run."""

    run_id: str


class PlanBody(Body):
    """To whom; until when they answer (the campaign's date by default); why before the time."""

    stage: Stage
    answer_by: AwareDatetime | None = None
    anyway: str | None = Field(default=None, min_length=1, max_length=500)


class StageBody(Body):
    """Which of the two releases."""

    stage: Stage


class AppointmentView(BaseModel):
    """One release: whether it is set, by whom, and when it happens."""

    stage: Stage
    status: Status
    at: datetime | None
    by: Literal["campaign", "person"]
    run: str | None
    anyway: str | None
    code: str | None


class ReleasesView(BaseModel):
    """Both releases of a campaign."""

    campaign: str
    hosts: AppointmentView
    schools: AppointmentView


def _view(stage: Stage, one: Appointment) -> AppointmentView:
    return AppointmentView(
        stage=stage,
        status=one.status,
        at=one.at,
        by="campaign" if one.by_clock else "person",
        run=one.run,
        anyway=one.anyway,
        code=one.code,
    )


@routes.query("/campaigns/<campaign_id>/releases", roles=(Role.CENTRE,), answer=ReleasesView)
def show(act: Act, path: CampaignPath) -> ReleasesView:
    """What goes out when."""
    found = operations.show(act, path.campaign_id)
    return ReleasesView(
        campaign=path.campaign_id,
        hosts=_view("hosts", found.hosts),
        schools=_view("schools", found.schools),
    )


@routes.command("POST", "/runs/<run_id>/release-in-ten-minutes", roles=(Role.CENTRE,))
def plan(act: Act, path: RunPath, body: PlanBody) -> Receipt:
    """Release in ten minutes; until then it can be called off."""
    return operations.plan(act, path.run_id, body.stage, body.answer_by, body.anyway)


@routes.command("POST", "/campaigns/<campaign_id>/releases/call-off", roles=(Role.CENTRE,))
def call_off(act: Act, path: CampaignPath, body: StageBody) -> Receipt:
    """Call a release off before it happens, also one of the campaign's own time."""
    return operations.call_off(act, path.campaign_id, body.stage)


@routes.command("POST", "/campaigns/<campaign_id>/releases/resume", roles=(Role.CENTRE,))
def resume(act: Act, path: CampaignPath, body: StageBody) -> Receipt:
    """Let the campaign's own time count again."""
    return operations.resume(act, path.campaign_id, body.stage)
