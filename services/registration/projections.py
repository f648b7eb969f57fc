"""Which events extend registration's read models."""

from chassis.events.envelope import Received
from chassis.events.handlers import Projections, Write
from services.registration.openings import store as openings
from services.registration.surveys import store as surveys
from services.registration.surveys import store_standings as standings

projections = Projections()

timelines = projections.add(
    "timelines",
    collections=(surveys.TIMELINES, standings.STANDINGS),
    topics=("placement.bookings", "placement.placements", "notifications.deliveries"),
)


@timelines.on(
    "booking.asked",
    "booking.accepted",
    "booking.conditioned",
    "booking.changed",
    "booking.declined",
    "booking.expired",
    "booking.cancelled",
    "booking.safety_checked",
    "booking.confirmed",
    "booking.reopened",
    "booking.call_requested",
    "placement.planned",
    "placement.moved",
    "placement.resized",
    "placement.offered",
    "placement.conditioned",
    "placement.approved",
    "placement.confirmed",
    "placement.withdrawn",
    "placement.cancelled",
    "placement.postponed",
    "placement.expired",
    "placement.waitlisted",
    "placement.not_selected",
    "placement.corrected",
    "attendance.recorded",
    "delivery.sent",
    "delivery.failed",
    "delivery.bounced",
    "delivery.task_opened",
    "delivery.task_done",
)
def sibling_told(event: Received) -> list[Write]:
    """A school sees each step on the way of its groups, by whom and when, and where they stand."""
    return [*surveys.told(event), *standings.told(event)]


offered = projections.add("offered", collections=(openings.OFFERED,), topics=("placement.offers",))


@offered.on("offer.published", "offer.revised")
def offer_stands(event: Received) -> list[Write]:
    """A school sees on which days something opens."""
    return openings.offered(event)


@offered.on("offer.withdrawn")
def offer_gone(event: Received) -> list[Write]:
    """What a host takes back is not shown any more."""
    return openings.withdrawn(event)


released = projections.add("released", collections=(surveys.RELEASED,), topics=("placement.runs",))


@released.on("run.released")
def result_told(event: Received) -> list[Write]:
    """A result is known outside the centre."""
    return surveys.released(event)
