"""Placements in MongoDB."""

from collections.abc import Iterable, Sequence
from typing import Any

from chassis.act import Act
from chassis.documents import Aggregates, Owners, Page, Stored
from services.placement.placements.shape import Placement


def _owners(placement: Placement) -> Owners:
    """Before the schools' release only the centre sees a placement; then school and hosts."""
    if not placement.released:
        return Owners(centre=placement.centre)
    hosts = sorted({stop.host for stop in placement.stops})
    return Owners(centre=placement.centre, parties=(placement.school, *hosts))


placements = Aggregates(
    "placements",
    "placement.placements",
    Placement,
    _owners,
    indexes=[
        [("state.run", 1), ("state.status", 1)],
        [("state.campaign", 1), ("state.status", 1), ("state.position", 1)],
        [("state.parts.stops.booking", 1)],
        [("state.parts.stops.host", 1)],
    ],
)


def page(
    act: Act,
    campaign: str | None,
    status: Sequence[str] | None,
    school: str | None,
    limit: int,
    after: str | None,
) -> Page[Placement]:
    """A page of the placements within scope."""
    wanted: dict[str, Any] = {}
    if campaign is not None:
        wanted["state.campaign"] = campaign
    if status:
        wanted["state.status"] = {"$in": list(status)}
    if school is not None:
        wanted["state.school"] = school
    return placements.find(act, wanted, limit, after)


def many(act: Act, ids: Iterable[str]) -> list[Stored[Placement]]:
    """The placements with these ids that are within scope."""
    return list(placements.each(act, {"_id": {"$in": list(ids)}}))


def with_booking(act: Act, booking: str) -> list[Stored[Placement]]:
    """The placements that a booking serves."""
    return list(placements.each(act, {"state.parts.stops.booking": booking}))


def planned(act: Act, run: str, limit: int) -> list[Stored[Placement]]:
    """Whole placements of a run that the schools' release has not handled yet."""
    wanted = {
        "state.run": run,
        "state.status": "planned",
        "state.parts.stops.lost": {"$ne": True},
    }
    return placements.find(act, wanted, limit).items


def broken(act: Act, run: str) -> int:
    """How many placements of a run have lost a stop and wait for their repair."""
    return placements.count(
        act,
        {
            "state.run": run,
            "state.status": {"$in": ["planned", "offered"]},
            "state.parts.stops.lost": True,
        },
    )


def waiting(act: Act, campaign: str) -> list[Stored[Placement]]:
    """The waitlist of a campaign, first place first."""
    return list(
        placements.each(
            act,
            {"state.campaign": campaign, "state.status": "waitlisted"},
            sort="state.position",
        )
    )


def seated(act: Act, run: str) -> list[Stored[Placement]]:
    """Placements of a run that hold seats."""
    return list(
        placements.each(
            act, {"state.run": run, "state.status": {"$in": ["planned", "offered", "confirmed"]}}
        )
    )


def waiting_positions(act: Act, campaign: str) -> int:
    """The last position that the waitlist of a campaign has given out (0: none yet).

    Placements that lost their seats before the schools' release carry one as well.
    """
    found = [
        row.state.position
        for row in placements.each(
            act,
            {
                "state.campaign": campaign,
                "state.position": {"$gt": 0},
                "state.status": {"$in": ["planned", "waitlisted"]},
            },
        )
        if row.state.position is not None
    ]
    return max(found, default=0)


def move_host(act: Act, gone: str, survivor: str) -> None:
    """The stops of visits that lead to one host lead to another from now on."""
    for row in placements.each(act, {"state.parts.stops.host": gone}):
        parts = tuple(
            part.model_copy(
                update={
                    "stops": tuple(
                        stop.model_copy(update={"host": survivor}) if stop.host == gone else stop
                        for stop in part.stops
                    )
                }
            )
            for part in row.state.parts
        )
        placements.save(act, row, row.state.model_copy(update={"parts": parts}))
