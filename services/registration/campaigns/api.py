"""JSON endpoints for campaigns. Times may be sent with any offset and are answered in UTC."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import FieldError
from chassis.http.routes import Asked, Body, Routes
from chassis.roles import Role
from services.registration.campaigns import operations
from services.registration.campaigns.model import Campaign, Status
from services.registration.campaigns.plan import STAGES, Mode, Plan, rules_hash
from services.registration.programmes.model import Kind
from services.registration.views import Code, Id, Name, Paged, Phone

MEMBERS = (Role.CENTRE, Role.SCHOOL, Role.HOST, Role.OFFICE, Role.ADMIN)
NULLABLE = {"phone", "hosts_release_at", "schools_release_at"}
Stage = Annotated[str, StringConstraints(max_length=20)]

routes = Routes("campaigns", "/api/v1/campaigns")


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


class WindowBody(Body):
    """The first and the last day of visits."""

    first: date
    last: date


class CapsBody(Body):
    """The published limits; null is no limit."""

    schools: int | None = Field(None, le=100_000)
    students: int | None = Field(None, le=10_000_000)


class DraftBody(Body):
    """What the centre decides about a campaign."""

    programme: Id
    name: Name
    kind: Kind = Kind.GROUPS
    opens_at: AwareDatetime
    deadline: AwareDatetime
    hosts_reply_by: AwareDatetime
    schools_confirm_by: AwareDatetime
    hosts_release_at: AwareDatetime | None = None
    schools_release_at: AwareDatetime | None = None
    window: WindowBody
    unusable_dates: list[date] = Field(default_factory=list, max_length=366)
    caps: CapsBody = CapsBody()
    stages: list[Stage] = Field(default_factory=lambda: list(STAGES), max_length=10)
    mode: Mode = Mode.MAX
    fields: list[Code] = Field(min_length=1, max_length=60)
    phone: Phone | None = None

    @classmethod
    def faults(cls, said: Mapping[str, Any], asked: Asked) -> list[FieldError]:
        """What the rules of a plan find in what could be read of it."""
        return operations.faults(asked.act, _given(said))


class ReplanBody(Body):
    """What shall change; what is not named stays."""

    programme: Id | None = None
    name: Name | None = None
    kind: Kind | None = None
    opens_at: AwareDatetime | None = None
    deadline: AwareDatetime | None = None
    hosts_reply_by: AwareDatetime | None = None
    schools_confirm_by: AwareDatetime | None = None
    hosts_release_at: AwareDatetime | None = None
    schools_release_at: AwareDatetime | None = None
    window: WindowBody | None = None
    unusable_dates: list[date] | None = Field(None, max_length=366)
    caps: CapsBody | None = None
    stages: list[Stage] | None = Field(None, max_length=10)
    mode: Mode | None = None
    fields: list[Code] | None = Field(None, max_length=60)
    phone: Phone | None = None

    @classmethod
    def faults(cls, said: Mapping[str, Any], asked: Asked) -> list[FieldError]:
        """What the rules find in the plan as it would be, without what could not be read."""
        unread = frozenset(asked.sent) - set(said)
        return operations.faults_in_changes(
            asked.act, asked.path["campaign_id"], _given(said), unread
        )

    def changes(self) -> dict[str, Any]:
        """What was named, without a null where nothing can be null."""
        return _given(self.model_dump(exclude_unset=True))


def _given(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None or name in NULLABLE}


class CancelBody(Body):
    """Why the campaign is called off."""

    reason: str = Field(min_length=1, max_length=500)


class CampaignView(BaseModel):
    """A campaign. The manifest is shown as it was published when it closed."""

    id: str
    version: int
    centre: str
    programme: str
    name: str
    kind: Kind
    status: Status
    opens_at: AwareDatetime
    deadline: AwareDatetime
    hosts_reply_by: AwareDatetime
    schools_confirm_by: AwareDatetime
    hosts_release_at: AwareDatetime | None
    schools_release_at: AwareDatetime | None
    window: WindowBody
    unusable_dates: list[date]
    caps: CapsBody
    stages: list[str]
    mode: Mode
    fields: list[str]
    phone: str | None
    rules_hash: str
    manifest: dict[str, Any] | None


class CampaignsView(BaseModel):
    """A page of campaigns, without their manifests."""

    items: list[CampaignView]
    next: str | None


class Listing(Paged):
    """Which campaigns."""

    status: Status | None = None


def _view(stored: Stored[Campaign]) -> CampaignView:
    return CampaignView(
        id=stored.id,
        version=stored.version,
        rules_hash=rules_hash(stored.state),
        **stored.state.model_dump(exclude={"reason"}),
    )


@routes.query("", roles=MEMBERS, answer=CampaignsView)
def campaigns(act: Act, query: Listing) -> CampaignsView:
    """A centre's own campaigns; for a school or host those of its centres; else all announced."""
    page = operations.listed(act, query.status, query.limit, query.cursor)
    rows = [_view(stored).model_copy(update={"manifest": None}) for stored in page.items]
    return CampaignsView(items=rows, next=page.next)


@routes.query("/<campaign_id>", roles=MEMBERS, answer=CampaignView)
def campaign(act: Act, path: CampaignPath) -> CampaignView:
    """One campaign."""
    return _view(operations.shown(act, path.campaign_id))


@routes.command("POST", "", roles=(Role.CENTRE,), answer=Receipt, status=201)
def draft(act: Act, body: DraftBody) -> Receipt:
    """A new campaign, seen by the centre only until it is announced."""
    return operations.draft(act, Plan.model_validate(body.model_dump()))


@routes.command("PATCH", "/<campaign_id>", roles=(Role.CENTRE,), answer=Receipt)
def replan(act: Act, path: CampaignPath, body: ReplanBody) -> Receipt:
    """Change a campaign. The deadline moves only before it has passed."""
    return operations.replan(act, path.campaign_id, body.changes())


@routes.command("POST", "/<campaign_id>/announce", roles=(Role.CENTRE,), answer=Receipt)
def announce(act: Act, path: CampaignPath) -> Receipt:
    """Make a campaign public; it opens and closes by itself."""
    return operations.announce(act, path.campaign_id)


@routes.command("POST", "/<campaign_id>/remind", roles=(Role.CENTRE,), answer=Receipt)
def remind(act: Act, path: CampaignPath) -> Receipt:
    """Remind the schools that have not answered."""
    return operations.remind(act, path.campaign_id)


@routes.command("POST", "/<campaign_id>/cancel", roles=(Role.CENTRE,), answer=Receipt)
def cancel(act: Act, path: CampaignPath, body: CancelBody) -> Receipt:
    """Call a campaign off before it is closed."""
    return operations.cancel(act, path.campaign_id, body.reason)
