"""Bookings, the seats they hold, and the calendar of each team.

`seats` has one document per session that was ever asked for: how many seats, how many taken, and
which booking holds how many. `team_hours` has one per team: when it is busy, over all campaigns
and centres. Both are changed by single conditional updates, so that two acts that race for the
last seat (or the same hour of a team) cannot both win, inside a transaction or outside.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page, Stored
from chassis.errors import Refused
from chassis.scope import within
from services.placement.bookings.shape import HOLDING, Booking, Seat

SEATS = "seats"
CALENDARS = "team_hours"

INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    SEATS: [[("centre", 1), ("_id", 1)]],
    CALENDARS: [],
}


def _owners(booking: Booking) -> Owners:
    """A school sees a booking once it is asked about a condition, or has confirmed."""
    seen = booking.school is not None and (booking.condition or booking.school_confirmed)
    parties = (booking.host, booking.school) if seen and booking.school else (booking.host,)
    return Owners(centre=booking.centre, parties=parties)


bookings = Aggregates(
    "bookings",
    "placement.bookings",
    Booking,
    _owners,
    indexes=[
        [("state.campaign", 1), ("state.status", 1)],
        [("state.placement", 1)],
        [("state.session", 1)],
        [("state.offer", 1)],
        [("state.host", 1)],
    ],
)


def page(
    act: Act,
    campaign: str | None,
    status: Sequence[str] | None,
    host: str | None,
    offer: str | None,
    limit: int,
    after: str | None,
) -> Page[Booking]:
    """A page of the bookings within scope."""
    wanted: dict[str, Any] = {}
    if campaign is not None:
        wanted["state.campaign"] = campaign
    if status:
        wanted["state.status"] = {"$in": list(status)}
    if host is not None:
        wanted["state.host"] = host
    if offer is not None:
        wanted["state.offer"] = offer
    return bookings.find(act, wanted, limit, after)


def many(act: Act, ids: Iterable[str]) -> list[Stored[Booking]]:
    """The bookings with these ids that are within scope."""
    return list(bookings.each(act, {"_id": {"$in": list(ids)}}))


def move_host(act: Act, gone: str, survivor: str) -> None:
    """Every request to one host, answered or not, is another's from now on."""
    for row in bookings.each(act, {"state.host": gone}):
        bookings.save(act, row, row.state.model_copy(update={"host": survivor}))
    collection(act, SEATS).update_many(
        within(act.scope, {"parties": gone}),
        {"$set": {"parties": [survivor]}},
        session=act.session,
    )


def waiting(act: Act, run: str) -> int:
    """How many bookings of a run still wait for an answer."""
    return bookings.count(
        act, {"state.run": run, "state.status": {"$in": ["asked", "conditioned"]}}
    )


def refused(act: Act, campaign: str) -> list[Stored[Booking]]:
    """The bookings of a campaign that a host declined, let expire, or took back."""
    return list(
        bookings.each(
            act,
            {
                "state.campaign": campaign,
                "$or": [
                    {"state.status": {"$in": ["declined", "expired"]}},
                    {
                        "state.status": "cancelled",
                        "state.cancelled_by": {"$in": ["host", "centre", "system"]},
                    },
                ],
            },
        )
    )


def roster(act: Act, session: str) -> Stored[Booking] | None:
    """The booking of a session's single persons that holds seats and is not over."""
    wanted = {
        "state.session": session,
        "state.placement": None,
        "state.status": {"$in": sorted(HOLDING - {"completed"})},
    }
    return next(iter(bookings.each(act, wanted)), None)


def prepare_seats(act: Act, wanted: Iterable[Seat]) -> None:
    """Make sure that each session has its document, with the numbers of its offer of today."""
    for seat in wanted:
        collection(act, SEATS).update_one(
            within(act.scope, {"_id": seat.session}),
            {
                "$set": {
                    "centre": seat.centre,
                    "parties": [seat.host],
                    "minimum": seat.minimum,
                    "maximum": seat.maximum,
                    "team": seat.team,
                },
                "$setOnInsert": {"taken": 0, "holds": {}},
            },
            upsert=True,
            session=act.session,
        )


def hold(act: Act, seat: Seat, booking: str, people: int) -> None:
    """Hold seats for a booking; again for the same booking changes nothing.

    Raises Refused `session_full` or `team_taken`. The seat's document must exist.
    """
    if seat.team is not None:
        _claim_team(act, seat.team, seat.session, seat.start, seat.end)
    held = f"holds.{booking}"
    done = collection(act, SEATS).update_one(
        within(
            act.scope,
            {
                "_id": seat.session,
                held: {"$exists": False},
                "$expr": {"$lte": [{"$add": ["$taken", people]}, "$maximum"]},
            },
        ),
        {"$set": {held: people}, "$inc": {"taken": people}},
        session=act.session,
    )
    if done.matched_count:
        return
    found = seats(act, [seat.session]).get(seat.session)
    if found is not None and booking in found["holds"]:
        return
    if found is not None and not found["holds"]:
        _leave_team(act, seat.team, seat.session)
    raise Refused("session_full", session=seat.session)


def grow(act: Act, session: str, booking: str, people: int) -> None:
    """Hold so many seats more for a booking that holds some. Raises Refused `session_full`."""
    held = f"holds.{booking}"
    enough = {"$expr": {"$lte": [{"$add": ["$taken", people]}, "$maximum"]}}
    done = collection(act, SEATS).update_one(
        within(act.scope, {"_id": session, held: {"$exists": True}, **enough}),
        {"$inc": {held: people, "taken": people}},
        session=act.session,
    )
    if not done.matched_count:
        raise Refused("session_full", session=session)


def resize(act: Act, session: str, booking: str, people: int) -> None:
    """Give seats of a hold back. A hold never grows this way: that would have to be asked for."""
    held = f"holds.{booking}"
    collection(act, SEATS).update_one(
        within(act.scope, {"_id": session, held: {"$gt": people}}),
        [
            {"$set": {"taken": {"$subtract": ["$taken", {"$subtract": [f"${held}", people]}]}}},
            {"$set": {held: people}},
        ],
        session=act.session,
    )


def let_go(act: Act, session: str, team: str | None, booking: str) -> bool:
    """Give all seats of a booking back; an empty session frees its team. False: none were held."""
    held = f"holds.{booking}"
    done = collection(act, SEATS).update_one(
        within(act.scope, {"_id": session, held: {"$exists": True}}),
        [
            {"$set": {"taken": {"$subtract": ["$taken", f"${held}"]}}},
            {"$unset": held},
        ],
        session=act.session,
    )
    if not done.matched_count:
        return False
    found = seats(act, [session]).get(session)
    if found is not None and not found["holds"]:
        _leave_team(act, team, session)
    return True


def let_go_all(act: Act, holder: str) -> None:
    """Give back whatever seats somebody holds, in whichever sessions, and free their teams."""
    held = f"holds.{holder}"
    rows = collection(act, SEATS).find(
        within(act.scope, {held: {"$exists": True}}), {"_id": 1, "team": 1}, session=act.session
    )
    for row in list(rows):
        let_go(act, row["_id"], row.get("team"), holder)


def seats(act: Act, sessions: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The seat documents of these sessions within scope: {_id, maximum, taken, holds}."""
    rows = collection(act, SEATS).find(
        within(act.scope, {"_id": {"$in": list(sessions)}}), session=act.session
    )
    return {row["_id"]: row for row in rows}


def reschedule(act: Act, team: str, session: str, start: datetime, end: datetime) -> None:
    """Move the team's entry of a session to another hour. Raises Refused `team_taken`."""
    _leave_team(act, team, session)
    _claim_team(act, team, session, start, end)


def busy(act: Act, teams: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """When each team is busy: {session, start, end} rows, over all campaigns and centres.

    No scope: a team that serves several centres cannot be in two places at once. Asked for teams
    of sessions that were read within scope; the rows decide a time and never leave the service.
    """
    rows = collection(act, CALENDARS).find({"_id": {"$in": list(teams)}}, session=act.session)
    return {row["_id"]: row["busy"] for row in rows}


def _claim_team(act: Act, team: str, session: str, start: datetime, end: datetime) -> None:
    """Enter the session in the team's calendar unless it overlaps another one.

    No scope: a calendar belongs to a team, which may serve several centres; it is a lock that
    nobody reads over HTTP.
    """
    calendars = collection(act, CALENDARS)
    calendars.update_one(
        {"_id": team}, {"$setOnInsert": {"busy": []}}, upsert=True, session=act.session
    )
    overlap = {"session": {"$ne": session}, "start": {"$lt": end}, "end": {"$gt": start}}
    done = calendars.update_one(
        {"_id": team, "busy": {"$not": {"$elemMatch": overlap}}, "busy.session": {"$ne": session}},
        {"$push": {"busy": {"session": session, "start": start, "end": end}}},
        session=act.session,
    )
    if done.matched_count:
        return
    if not calendars.count_documents({"_id": team, "busy.session": session}, session=act.session):
        raise Refused("team_taken", team=team)


def _leave_team(act: Act, team: str | None, session: str) -> None:
    if team is None:
        return
    collection(act, CALENDARS).update_one(
        {"_id": team}, {"$pull": {"busy": {"session": session}}}, session=act.session
    )
