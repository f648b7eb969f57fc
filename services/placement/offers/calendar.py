"""The calendar of a team over all centres: when it is taken, and what would clash.

Pure. A team cannot be in two places: a session that overlaps another one of the same team is
refused and the other one is named. Only sessions that both say "either, or" within one campaign
may overlap: of these the placement opens one.
"""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.placement.offers.model import Offer


class Taken(BaseModel):
    """One session in a team's calendar."""

    model_config = ConfigDict(frozen=True)

    offer: str
    session: str
    centre: str
    campaign: str | None
    either_or: bool
    start: datetime
    end: datetime


def taken(id: str, offer: Offer) -> list[Taken]:
    """What a published offer takes of its team's time."""
    if offer.status != "published" or offer.team is None:
        return []
    return [
        Taken(
            offer=id,
            session=s.id,
            centre=offer.centre,
            campaign=offer.campaign,
            either_or=offer.content.either_or,
            start=s.start,
            end=s.end,
        )
        for s in offer.open_sessions()
    ]


def clash(calendar: Iterable[Taken], wanted: Iterable[Taken]) -> tuple[Taken, Taken] | None:
    """The first (wanted, other) pair that cannot both be, in order of time; None if all fit."""
    rows = sorted(
        [(t.start, t.end, 0, t) for t in calendar] + [(t.start, t.end, 1, t) for t in wanted],
        key=lambda row: (row[0], row[1], row[2], row[3].session),
    )
    running: list[tuple[int, Taken]] = []
    for start, _, mine, entry in rows:
        running = [(m, other) for m, other in running if other.end > start]
        for whose, other in running:
            if (mine or whose) and not _alternatives(entry, other):
                return (entry, other) if mine else (other, entry)
        running.append((mine, entry))
    return None


def _alternatives(one: Taken, other: Taken) -> bool:
    return (
        one.either_or
        and other.either_or
        and one.centre == other.centre
        and one.campaign == other.campaign
    )
