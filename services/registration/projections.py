"""Which events extend registration's read models."""

from chassis.events.envelope import Received
from chassis.events.handlers import Projections, Write
from services.registration.surveys import store as surveys

projections = Projections()

timelines = projections.add(
    "timelines",
    collections=(surveys.TIMELINES,),
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
    "placement.planned",
    "placement.moved",
    "placement.offered",
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
    """A school sees each step on the way of its groups, by whom and when."""
    return surveys.told(event)
