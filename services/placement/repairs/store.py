"""Repairs in MongoDB, and whose turn it is in each campaign."""

from contextlib import suppress
from typing import Any

from pymongo.errors import DuplicateKeyError

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page, Stored
from services.placement.repairs.model import Repair

TURNS = "repair_turns"

INDEXES: dict[str, list[list[tuple[str, int]]]] = {TURNS: []}

repairs = Aggregates(
    "repairs",
    None,
    Repair,
    lambda repair: Owners(centre=repair.centre),
    indexes=[[("state.campaign", 1), ("state.status", 1)], [("state.status", 1), ("created", 1)]],
)


def page(
    act: Act, campaign: str | None, status: str | None, limit: int, after: str | None
) -> Page[Repair]:
    """A page of the repairs within scope."""
    wanted: dict[str, Any] = {}
    if campaign is not None:
        wanted["state.campaign"] = campaign
    if status is not None:
        wanted["state.status"] = status
    return repairs.find(act, wanted, limit, after)


def queued(act: Act) -> list[Stored[Repair]]:
    """Repairs that wait for their preview, oldest first."""
    return list(repairs.each(act, {"state.status": "queued"}, sort="created"))


def open_of(act: Act, campaign: str, booking: str) -> list[Stored[Repair]]:
    """The repairs that a booking's end began and that nobody has applied or dismissed."""
    wanted = {"state.campaign": campaign, "state.booking": booking}
    return list(repairs.each(act, {**wanted, "state.status": {"$in": ["queued", "previewed"]}}))


def asked_for(act: Act, campaign: str, placement: str) -> list[Stored[Repair]]:
    """The open repairs by which a school asks for other seats for this placement."""
    wanted = {"state.campaign": campaign, "state.placements": placement, "state.cause": "asked"}
    return list(repairs.each(act, {**wanted, "state.status": {"$in": ["queued", "previewed"]}}))


def take_turn(act: Act, campaign: str, repair: str) -> bool:
    """Whether it is this repair's turn: one of a campaign is in work at a time."""
    turns = collection(act, TURNS)
    if act.session is None:
        with suppress(DuplicateKeyError):
            turns.insert_one({"_id": campaign, "repair": None})
    done = turns.update_one(
        {"_id": campaign, "repair": {"$in": [None, repair]}},
        {"$set": {"repair": repair}},
        session=act.session,
    )
    return bool(done.matched_count)


def end_turn(act: Act, campaign: str, repair: str) -> None:
    """Let the next repair of the campaign have its turn."""
    collection(act, TURNS).update_one(
        {"_id": campaign, "repair": repair}, {"$set": {"repair": None}}, session=act.session
    )
