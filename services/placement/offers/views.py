"""What is shown of an offer: to everybody, and to its own host and centre."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from chassis.documents import Stored
from services.placement.offers.content import Content, Terms
from services.placement.offers.model import Change, Offer


class SessionView(BaseModel):
    """One session."""

    id: str
    start: datetime
    end: datetime
    minimum: int
    maximum: int
    status: str


class PublishedView(BaseModel):
    """What everybody may know about a published offer."""

    id: str
    offer_version: int
    centre: str
    campaign: str | None
    host: str
    host_name: str | None
    team: str | None
    team_name: str | None
    title: str
    field: str
    kind: str
    levels: list[str]
    grades: list[int]
    hazards: list[str]
    setting: str
    place: str
    place_code: str
    accessible: list[str]
    minimum: int
    maximum: int
    lead_days: int
    travel_minutes: dict[str, int]
    sessions: list[SessionView]


class SkippedView(BaseModel):
    """A day of a recurring rule that has no session, and why."""

    date: str
    code: str


class TelephoneView(BaseModel):
    """When the centre spoke with somebody; with whom stands in the view of the one offer."""

    at: datetime
    spoken_with: str | None


class ChangeView(BaseModel):
    """One change of the offer."""

    what: str
    at: datetime
    by: str
    version: int
    by_telephone: TelephoneView | None
    reason_code: str | None


class OfferView(PublishedView):
    """An offer as its host and its centre see it."""

    version: int
    status: str
    meeting_point: str
    telephone: str | None
    day_limit: int | None
    blackout: list[str]
    terms: Terms | None
    either_or: bool
    skipped: list[SkippedView]
    changes: list[ChangeView]


class OffersView(BaseModel):
    """A page of one's own offers."""

    items: list[OfferView]
    next: str | None


class CatalogueView(BaseModel):
    """A page of published offers."""

    items: list[PublishedView]
    next: str | None


class TakenView(BaseModel):
    """One session in a team's calendar."""

    offer: str
    title: str
    centre: str
    session: str
    start: datetime
    end: datetime


class TeamView(BaseModel):
    """When a team is taken, over all centres."""

    team: str
    team_name: str | None
    taken: list[TakenView]


class CalendarView(BaseModel):
    """The calendar of a host, team by team."""

    teams: list[TeamView]


class VersionView(BaseModel):
    """What one version of an offer said."""

    offer_version: int
    at: datetime
    by: str
    content: Content
    sessions: list[SessionView]


class VersionsView(BaseModel):
    """Every version, oldest first."""

    items: list[VersionView]


def _shared(stored: Stored[Offer], names: dict[str, str]) -> dict[str, object]:
    offer = stored.state
    content = offer.content.model_dump()
    return {
        **{name: content[name] for name in PublishedView.model_fields if name in content},
        "id": stored.id,
        "offer_version": offer.version,
        "centre": offer.centre,
        "campaign": offer.campaign,
        "host": offer.host,
        "host_name": names.get(offer.host),
        "sessions": [s.model_dump() for s in offer.sessions],
    }


def published(stored: Stored[Offer], names: dict[str, str]) -> PublishedView:
    """What everybody may know."""
    return PublishedView.model_validate(_shared(stored, names))


def own(
    stored: Stored[Offer], names: dict[str, str], spoken: Sequence[str | None] = ()
) -> OfferView:
    """All of it; `spoken`: with whom the centre spoke, change by change, where that is shown."""
    offer = stored.state
    told = [*spoken, *([None] * len(offer.changes))]
    content = offer.content
    return OfferView.model_validate(
        {
            **_shared(stored, names),
            "version": stored.version,
            "status": offer.status,
            "meeting_point": content.meeting_point,
            "telephone": content.telephone,
            "day_limit": content.day_limit,
            "blackout": content.blackout,
            "terms": content.terms.model_dump() if content.terms else None,
            "either_or": content.either_or,
            "skipped": offer.skipped,
            "changes": [_changed(c, who) for c, who in zip(offer.changes, told, strict=False)],
        }
    )


def _changed(change: Change, who: str | None) -> ChangeView:
    said = change.by_telephone
    return ChangeView(
        what=change.what,
        at=change.at,
        by=change.by,
        version=change.version,
        by_telephone=None if said is None else TelephoneView(at=said.at, spoken_with=who),
        reason_code=change.reason_code,
    )
