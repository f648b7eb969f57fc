"""A host's offers with who asks for them, its calendar, and what taking a visit back would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import NotFound
from chassis.facts import KST
from chassis.scope import Centre
from services.placement.bookings import operations as bookings
from services.placement.bookings.shape import BINDING, HOLDING, Booking
from services.placement.campaigns import operations as campaigns
from services.placement.offers import operations as offers
from services.placement.offers.content import Content, Session
from services.placement.offers.model import Offer
from services.placement.organisations import operations as organisations
from services.placement.placements import operations as placements
from services.placement.repairs import asking
from services.placement.repairs.asking import Outlook

MOST = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """One booking of a session, with the name of who comes."""

    id: str
    booking: Booking
    school: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One session of an offer, and who asks for it."""

    session: Session
    asked: tuple[Asked, ...]

    @property
    def people(self) -> int:
        """How many seats are asked for or agreed."""
        return sum(one.booking.people for one in self.asked)


@dataclass(frozen=True, slots=True)
class Own:
    """One of the host's own offers."""

    id: str
    version: int
    offer: Offer
    centre: str | None
    campaign: str | None
    rows: tuple[Row, ...]
    now: datetime

    @property
    def requests(self) -> int:
        """How many requests wait for an answer."""
        return sum(one.booking.status == "asked" for row in self.rows for one in row.asked)

    @property
    def people(self) -> int:
        """How many people are coming, as far as it was agreed."""
        return sum(
            one.booking.people
            for row in self.rows
            for one in row.asked
            if one.booking.status in BINDING
        )

    @property
    def ahead(self) -> int:
        """How many open sessions are still to come."""
        return sum(
            row.session.status == "open" and row.session.start > self.now for row in self.rows
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the calendar: a session of any of the host's teams, for whichever centre."""

    start: datetime
    end: datetime
    title: str
    team: str | None
    centre: str | None
    offer: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign that an offer can be made for."""

    id: str
    centre: str
    name: str | None
    centre_name: str | None
    frame: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom it would concern if the host took a visit back, and where else they could go."""

    id: str
    booking: Booking
    school: str | None
    outlook: Outlook | None
    """What the repair would do; None where nobody is placed by it."""
    title: str | None


def overview(act: Act) -> list[Own]:
    """The host's offers: drafts first, then those with the most to do."""
    found: list[Stored[Offer]] = []
    after: str | None = None
    while True:
        page = offers.page(act, limit=MOST, after=after)
        found += page.items
        after = page.next
        if after is None:
            break
    order = {"draft": 0, "published": 1, "withdrawn": 2}
    own = _own(act, found)
    return sorted(
        own, key=lambda one: (order[one.offer.status], -one.requests, one.offer.content.title)
    )


def offer(act: Act, id: str) -> Own:
    """One of the host's own offers. Raises NotFound."""
    stored = offers.show(act, id)
    if stored.state.host != act.tenant():
        raise NotFound()
    return _own(act, [stored])[0]


def calendar(act: Act) -> list[tuple[date, list[Entry]]]:
    """What is to come, day by day, over all centres."""
    taken = [pair for _, pairs in offers.team_calendars(act) for pair in pairs]
    coming = [(one, offer) for one, offer in taken if one.end > act.now]
    asked = _asked(act, {one.offer for one, _ in coming})
    names = organisations.names(act, {one.centre for one, _ in coming})
    days: dict[date, list[Entry]] = {}
    for one, found in sorted(coming, key=lambda pair: (pair[0].start, pair[0].session)):
        entry = Entry(
            start=one.start,
            end=one.end,
            title=found.content.title,
            team=found.content.team_name,
            centre=names.get(one.centre),
            offer=one.offer,
            asked=tuple(asked.get(one.session, ())),
        )
        days.setdefault(one.start.astimezone(KST).date(), []).append(entry)
    return list(days.items())


def open_campaigns(act: Act) -> list[Campaign]:
    """The campaigns of the host's centres that offers can be made for."""
    centres = organisations.centres_of(act)
    frames = [frame for frame in campaigns.of_centres(act, centres) if not campaigns.closed(frame)]
    frames = [frame for frame in frames if frame["status"] != "cancelled"]
    names = organisations.names(act, {*centres, *(frame["_id"] for frame in frames)})
    return [
        Campaign(
            frame["_id"],
            frame["centre"],
            names.get(frame["_id"]),
            names.get(frame["centre"]),
            frame,
        )
        for frame in frames
    ]


def save(act: Act, id: str | None, content: Content, campaign: Campaign | None) -> Receipt:
    """Begin an offer for a campaign, or change one. Raises Invalid, Refused, NotFound."""
    if id is not None:
        return offers.rewrite(act, id, content)
    if campaign is None:
        raise NotFound("campaign_unknown")
    return offers.draft(act, content, campaign.id, centre=campaign.centre)


def affected(act: Act, booking: str) -> Affected:
    """What taking a visit back would do, before it is done. Raises NotFound.

    The repair's own search is asked with the centre's eyes, and changes nothing; the host learns
    numbers, and of schools only the one that it knows.
    """
    found = bookings.show(act, booking).state
    inside = replace(act, scope=Centre(found.centre))
    outlook = None
    if placements.served_by(inside, booking):
        outlook = asking.if_cancelled(inside, found.centre, booking)
    names = organisations.names(act, [found.school] if found.school else [])
    known = offers.by_id(act, [found.offer]).get(found.offer)
    return Affected(
        id=booking,
        booking=found,
        school=names.get(found.school or ""),
        outlook=outlook,
        title=known.content.title if known else None,
    )


def _own(act: Act, found: Sequence[Stored[Offer]]) -> list[Own]:
    asked = _asked(act, {row.id for row in found})
    parties = {row.state.centre for row in found}
    parties |= {row.state.campaign for row in found if row.state.campaign}
    names = organisations.names(act, parties)
    return [
        Own(
            id=row.id,
            version=row.version,
            offer=row.state,
            centre=names.get(row.state.centre),
            campaign=names.get(row.state.campaign or ""),
            rows=tuple(Row(one, tuple(asked.get(one.id, ()))) for one in row.state.sessions),
            now=act.now,
        )
        for row in found
    ]


def _asked(act: Act, ids: set[str]) -> dict[str, list[Asked]]:
    """Bookings that hold seats, by session, of the host's own offers."""
    found: list[Stored[Booking]] = []
    for id in sorted(ids):
        after: str | None = None
        while True:
            page = bookings.page(act, offer=id, status=tuple(HOLDING), limit=MOST, after=after)
            found += page.items
            after = page.next
            if after is None:
                break
    names = organisations.names(act, {row.state.school for row in found if row.state.school})
    by_session: dict[str, list[Asked]] = {}
    for row in found:
        asked = Asked(row.id, row.state, names.get(row.state.school or ""))
        by_session.setdefault(row.state.session, []).append(asked)
    return by_session
