"""JSON endpoints of offers: for centre and host their own, for everybody what is published."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt
from chassis.errors import FieldError
from chassis.http.routes import Asked, Body, Routes
from chassis.roles import Role
from services.placement.offers import operations
from services.placement.offers.content import CODE, ByTelephone, Content
from services.placement.offers.model import Status
from services.placement.offers.views import (
    CalendarView,
    CatalogueView,
    OffersView,
    SessionView,
    TakenView,
    TeamView,
    VersionsView,
    VersionView,
    own,
    published,
)
from services.placement.organisations import operations as organisations

routes = Routes("offers", "/api/v1")
OWN = (Role.CENTRE, Role.HOST)


class OfferPath(BaseModel):
    """Which offer."""

    offer_id: str


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: str


class OfferBody(Content, Body):
    """A new offer. A centre names the host, a host names the centre.

    `by_telephone`: a centre records what a host without e-mail said (대리 입력).
    """

    host: str | None = None
    centre: str | None = None
    campaign: str | None = None
    by_telephone: ByTelephone | None = None

    @classmethod
    def faults(cls, said: Mapping[str, Any], asked: Asked) -> list[FieldError]:
        """What the rules find in what can be read."""
        return operations.faults_in(asked.act, asked.sent, said.get("campaign"))

    def content(self) -> Content:
        """The part that the offer says."""
        return Content.model_validate({n: getattr(self, n) for n in Content.model_fields})


class RewriteBody(Content, Body):
    """The offer's new content, in full."""

    by_telephone: ByTelephone | None = None

    @classmethod
    def faults(cls, said: Mapping[str, Any], asked: Asked) -> list[FieldError]:
        """What the rules find in what can be read."""
        return operations.faults_in(asked.act, asked.sent, id=asked.path["offer_id"])

    def content(self) -> Content:
        """The part that the offer says."""
        return Content.model_validate({n: getattr(self, n) for n in Content.model_fields})


class PublishBody(Body):
    """Nothing but, for a centre, who said so on the telephone."""

    by_telephone: ByTelephone | None = None


class WithdrawBody(Body):
    """Why the offer is taken back."""

    reason_code: str = Field(pattern=CODE)
    by_telephone: ByTelephone | None = None


class OffersQuery(BaseModel):
    """Which offers, and where the page begins."""

    campaign: str | None = None
    status: Status | None = None
    host: str | None = None
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = None
    after: str | None = None


class PageQuery(BaseModel):
    """Where the page begins."""

    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = None
    after: str | None = None


@routes.query("/offers", roles=OWN, answer=OffersView)
def index(act: Act, query: OffersQuery) -> OffersView:
    """One's own offers."""
    page = operations.page(act, query.campaign, query.status, query.host, query.limit, query.cursor)
    names = organisations.names(act, [row.state.host for row in page.items])
    return OffersView(items=[own(row, names) for row in page.items], next=page.next)


@routes.query("/calendar", roles=(Role.HOST,), answer=CalendarView)
def calendar(act: Act) -> CalendarView:
    """When one's own teams are taken, whichever centre asked."""
    return CalendarView(
        teams=[
            TeamView(
                team=team,
                team_name=taken[0][1].content.team_name if taken else None,
                taken=[
                    TakenView(
                        offer=one.offer,
                        title=offer.content.title,
                        centre=one.centre,
                        session=one.session,
                        start=one.start,
                        end=one.end,
                    )
                    for one, offer in taken
                ],
            )
            for team, taken in operations.team_calendars(act)
        ]
    )


@routes.query("/offers/<offer_id>", roles=(*OWN, Role.SCHOOL))
def show(act: Act, path: OfferPath) -> BaseModel:
    """An offer in full for its host and its centre, else what is published of it."""
    stored = operations.show(act, path.offer_id)
    names = organisations.names(act, [stored.state.host])
    mine = act.tenant() in (stored.state.host, stored.state.centre)
    if not mine:
        return published(stored, names)
    return own(stored, names, operations.spoken_with(act, stored))


@routes.query("/offers/<offer_id>/versions", roles=OWN, answer=VersionsView)
def versions(act: Act, path: OfferPath) -> VersionsView:
    """What each published version said: a booking names the version it relies on."""
    return VersionsView(
        items=[
            VersionView(
                offer_version=v.version,
                at=v.at,
                by=v.by,
                content=v.content,
                sessions=[SessionView(**s.model_dump()) for s in v.sessions],
            )
            for v in operations.versions(act, path.offer_id)
        ]
    )


@routes.query(
    "/campaigns/<campaign_id>/offers",
    roles=(Role.CENTRE, Role.HOST, Role.SCHOOL, Role.PUBLIC),
    answer=CatalogueView,
)
def catalogue(act: Act, path: CampaignPath, query: PageQuery) -> CatalogueView:
    """What is published for a campaign."""
    page = operations.catalogue(act, path.campaign_id, query.limit, query.cursor)
    names = organisations.names(act, [row.state.host for row in page.items])
    return CatalogueView(items=[published(row, names) for row in page.items], next=page.next)


@routes.command("POST", "/offers", roles=OWN, status=201)
def draft(act: Act, body: OfferBody) -> Receipt:
    """Begin an offer: a draft that nobody else sees."""
    return operations.draft(
        act, body.content(), body.campaign, body.host, body.centre, body.by_telephone
    )


@routes.command("PUT", "/offers/<offer_id>", roles=OWN)
def rewrite(act: Act, path: OfferPath, body: RewriteBody) -> Receipt:
    """Change a draft, or revise a published offer into its next version."""
    return operations.rewrite(act, path.offer_id, body.content(), body.by_telephone)


@routes.command("POST", "/offers/<offer_id>/publish", roles=OWN)
def publish(act: Act, path: OfferPath, body: PublishBody) -> Receipt:
    """Publish a draft; only hosts that the centre has approved may."""
    return operations.publish(act, path.offer_id, body.by_telephone)


@routes.command("POST", "/offers/<offer_id>/withdraw", roles=OWN)
def withdraw(act: Act, path: OfferPath, body: WithdrawBody) -> Receipt:
    """Take a published offer back, while nobody relies on it."""
    return operations.withdraw(act, path.offer_id, body.reason_code, body.by_telephone)
