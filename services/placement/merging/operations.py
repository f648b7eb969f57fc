"""What happens here when registration has found that two hosts are one."""

from chassis.act import Act
from services.placement.bookings import operations as bookings
from services.placement.hosts import operations as hosts
from services.placement.offers import operations as offers
from services.placement.organisations import operations as organisations
from services.placement.placements import operations as placements


def merged(act: Act, gone: str, survivor: str) -> None:
    """Vetting, offers, calendars, requests and visits of the one that is gone are the survivor's.

    All in the transaction of the act, so that nobody finds a host with half of its requests. A
    second time there is nothing left to move but the vetting, hence once per event.
    """
    hosts.move_host(act, gone, survivor)
    offers.move_host(act, gone, survivor)
    bookings.move_host(act, gone, survivor)
    placements.move_host(act, gone, survivor)


def same_named(act: Act, one: str, other: str) -> list[str] | None:
    """Names of teams that two hosts of the acting centre have in common, each with a calendar of
    its own; None if one of the two is no host of the centre."""
    centre = act.tenant()
    for host in (one, other):
        if not organisations.related(act, centre, host, "centre_host"):
            return None
    return offers.same_named(act, one, other)
