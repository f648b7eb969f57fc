"""Offers, their versions, and the calendar of each team, with every query on them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page, Stored
from chassis.facts import derived_id
from chassis.scope import Party, within
from services.placement.offers.calendar import Taken
from services.placement.offers.content import Content, Session
from services.placement.offers.model import Offer

CALENDARS = "team_calendars"

INDEXES: dict[str, list[list[tuple[str, int]]]] = {CALENDARS: [[("parties", 1)]]}


class Version(BaseModel):
    """One published version of an offer, kept as it was when somebody relied on it."""

    model_config = ConfigDict(frozen=True)

    offer: str
    version: int
    centre: str
    host: str
    content: Content
    sessions: list[Session]
    at: datetime
    by: str


offers = Aggregates(
    "offers",
    "placement.offers",
    Offer,
    lambda o: Owners(centre=o.centre, parties=(o.host,), public=o.status == "published"),
    indexes=[
        [("centre", 1), ("state.campaign", 1), ("state.status", 1)],
        [("parties", 1)],
        [("state.host", 1)],
        [("public", 1), ("state.campaign", 1)],
    ],
)
versions = Aggregates(
    "offer_versions",
    None,
    Version,
    lambda v: Owners(centre=v.centre, parties=(v.host,)),
    indexes=[[("state.offer", 1), ("state.version", 1)]],
)


def page(
    act: Act,
    campaign: str | None,
    status: str | None,
    host: str | None,
    limit: int,
    after: str | None,
) -> Page[Offer]:
    """A page of the offers within scope."""
    wanted = {"state.campaign": campaign, "state.status": status, "state.host": host}
    given = {name: value for name, value in wanted.items() if value is not None}
    return offers.find(act, given, limit, after)


def published(act: Act, centre: str, campaign: str) -> list[Stored[Offer]]:
    """The published offers for a campaign, and those of its centre for any campaign."""
    wanted = {
        "centre": centre,
        "state.campaign": {"$in": [campaign, None]},
        "state.status": "published",
    }
    return list(offers.each(act, wanted))


def published_page(
    act: Act, centre: str, campaign: str, limit: int, after: str | None
) -> Page[Offer]:
    """A page of the same."""
    wanted = {
        "centre": centre,
        "state.campaign": {"$in": [campaign, None]},
        "state.status": "published",
    }
    return offers.find(act, wanted, limit, after)


def many(act: Act, ids: Iterable[str]) -> list[Stored[Offer]]:
    """The offers with these ids that are within scope."""
    return list(offers.each(act, {"_id": {"$in": sorted(set(ids))}}))


def keep_version(act: Act, id: str, offer: Offer) -> None:
    """Keep what was published, beside the offer that goes on changing."""
    version = Version(
        offer=id,
        version=offer.version,
        centre=offer.centre,
        host=offer.host,
        content=offer.content,
        sessions=offer.sessions,
        at=act.now,
        by=act.actor,
    )
    versions.create(act, derived_id("offer_version", id, str(offer.version)), version)


def versions_of(act: Act, offer: str) -> list[Version]:
    """Every published version of an offer within scope, oldest first."""
    rows = versions.each(act, {"state.offer": offer}, sort="state.version")
    return [row.state for row in rows]


def hold_calendar(act: Act, host: str, team: str) -> list[Taken] | None:
    """The team's calendar, held until the act's transaction ends; None if it is another host's.

    Touching the document first makes two acts on one team collide, and the later one read what
    the earlier one wrote. It belongs to the host, whichever centre acts: that is its purpose.
    """
    mine = within(Party(host), {"_id": team})
    rows = collection(act, CALENDARS)
    if rows.find_one({"_id": team, "parties": {"$ne": host}}, {"_id": 1}, session=act.session):
        return None
    fresh: dict[str, Any] = {"centre": None, "parties": [host], "public": False, "taken": []}
    rows.update_one(
        {"_id": team},
        {"$inc": {"version": 1}, "$setOnInsert": fresh},
        upsert=True,
        session=act.session,
    )
    found = rows.find_one(mine, session=act.session) or fresh
    return [Taken.model_validate(row) for row in found["taken"]]


def write_calendar(act: Act, host: str, team: str, taken: Sequence[Taken]) -> None:
    """The team's calendar as it is from now on."""
    rows: list[dict[str, Any]] = [one.model_dump() for one in sorted(taken, key=_by_time)]
    collection(act, CALENDARS).update_one(
        within(Party(host), {"_id": team}), {"$set": {"taken": rows}}, session=act.session
    )


def calendars(act: Act) -> list[tuple[str, list[Taken]]]:
    """Every team's calendar within scope."""
    rows = collection(act, CALENDARS).find(within(act.scope, {}), session=act.session)
    return [
        (row["_id"], [Taken.model_validate(one) for one in row["taken"]])
        for row in rows.sort("_id", 1)
    ]


def teams(act: Act, host: str) -> dict[str, str]:
    """The teams that a host's offers within scope name: their names by id."""
    named = {"state.host": host, "state.content.team_name": {"$ne": None}}
    rows = collection(act, offers.name).find(
        within(act.scope, named),
        {"state.content.team": 1, "state.content.team_name": 1},
        session=act.session,
    )
    found = (row["state"]["content"] for row in rows)
    return {one["team"]: one["team_name"] for one in found if one.get("team")}


def move_host(act: Act, gone: str, survivor: str) -> None:
    """Offers, their versions and the teams' calendars of one host are another's from now on.

    Nothing is published: what an offer says stays as it was, and who asks for its host is here.
    """
    for row in offers.each(act, {"state.host": gone}):
        offers.save(act, row, row.state.model_copy(update={"host": survivor}))
    for kept in versions.each(act, {"state.host": gone}):
        versions.save(act, kept, kept.state.model_copy(update={"host": survivor}))
    collection(act, CALENDARS).update_many(
        within(act.scope, {"parties": gone}),
        {"$set": {"parties": [survivor]}, "$inc": {"version": 1}},
        session=act.session,
    )


def _by_time(one: Taken) -> tuple[datetime, str]:
    return one.start, one.session
