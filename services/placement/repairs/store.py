"""Repairs in MongoDB, and whose turn it is in each campaign."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from chassis.act import Act, collection
from chassis.clock import shift
from chassis.documents import Aggregates, Owners, Page, Stored
from chassis.facts import fresh_id
from services.placement.repairs.model import Repair

TURNS = "repair_turns"
QUESTIONS = "repair_questions"
ASKED_FOR = timedelta(seconds=5)
"""Nobody waits longer than this for the answer to a question."""

INDEXES: dict[str, list[Any]] = {
    TURNS: [],
    QUESTIONS: [IndexModel("ends", expireAfterSeconds=0)],
}

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


def ask(act: Act, centre: str, question: Mapping[str, Any]) -> str:
    """Leave a question for the solver. The database drops it by its own, unshifted clock."""
    id = fresh_id()
    row = {"_id": id, "centre": centre, "question": dict(question), "asked": act.now}
    collection(act, QUESTIONS).insert_one(
        {**row, "answer": None, "taken": False, "ends": act.now - shift() + 2 * ASKED_FOR}
    )
    return id


def answer(act: Act, id: str) -> dict[str, Any] | None:
    """The answer to a question of one's own, once it is there.

    No scope: its id is fresh and known to nobody but the request that asked.
    """
    row = collection(act, QUESTIONS).find_one({"_id": id}, {"answer": 1})
    found: dict[str, Any] | None = None if row is None else row["answer"]
    return found


def next_question(act: Act) -> dict[str, Any] | None:
    """Take the oldest question that somebody still waits for.

    No scope: the solver answers for every centre, and each question names its own.
    """
    wanted = {"taken": False, "asked": {"$gt": act.now - ASKED_FOR}}
    found: dict[str, Any] | None = collection(act, QUESTIONS).find_one_and_update(
        wanted, {"$set": {"taken": True}}, sort=[("asked", 1)]
    )
    return found


def say(act: Act, id: str, found: Mapping[str, Any]) -> None:
    """Answer a question."""
    collection(act, QUESTIONS).update_one({"_id": id}, {"$set": {"answer": dict(found)}})
