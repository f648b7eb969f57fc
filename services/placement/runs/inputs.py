"""What a run takes from the other rooms: the market of the demands, the seats of the offers."""

from typing import Any

from chassis.act import Act
from services.placement.bookings import seating
from services.placement.bookings.shape import Seat
from services.placement.demands import operations as demands
from services.placement.offers import operations as offers
from services.placement.offers.operations import Opening
from services.placement.runs import market
from services.placement.runs.model import Hole

MOST_HOLES = 50
"""More holes than these are not listed: the cause is the same for all of them."""


def missing(act: Act, campaign: str) -> tuple[Hole, ...]:
    """Where the own copy differs from the campaign's manifest, and why."""
    found = demands.missing(act, campaign)
    return tuple(Hole(kind=h.kind, bucket=h.bucket, why=h.why) for h in found[:MOST_HOLES])


def market_of(
    act: Act, campaign: str, mode: str
) -> tuple[dict[str, Any], dict[str, market.Person]]:
    """The market file as it stands now, without a seed, and what it does not say of applicants."""
    frozen = demands.market(act, campaign, mode=mode)
    taken = seating.taken(act, frozen.openings)
    document = market.with_taken(frozen.document, taken)
    persons = {
        demand.group.id: market.Person(
            kind="person" if demand.group.alone else "group",
            smallest=demand.group.fewest,
            grade=demand.group.grade,
        )
        for demand in frozen.demands
    }
    return document, persons


def seats(act: Act, campaign: str) -> dict[str, Seat]:
    """Every session of the campaign as a booking needs it, by id."""
    return {o.session.id: _seat(o) for o in offers.sessions(act, campaign)}


def _seat(opening: Opening) -> Seat:
    offer, session = opening.offer, opening.session
    terms = offer.terms
    return Seat(
        session=session.id,
        offer=opening.offer_id,
        offer_version=offer.version,
        centre=offer.centre,
        host=offer.host,
        team=offer.team,
        start=session.start,
        end=session.end,
        minimum=session.minimum,
        maximum=session.maximum if opening.open else 0,
        hazards=tuple(str(hazard) for hazard in offer.content.hazards),
        terms_people=None if terms is None else terms.people,
        terms_grades=() if terms is None else tuple(terms.grades),
    )
