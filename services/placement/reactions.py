"""What placement does when something happened: each reaction calls one operation."""

from chassis.act import Act
from chassis.events.envelope import Received
from chassis.events.handlers import Reactions
from services.placement.bookings import following
from services.placement.bookings import operations as bookings
from services.placement.leaving import operations as leaving
from services.placement.merging import operations as merging
from services.placement.placements import heard
from services.placement.releases import operations as releases
from services.placement.repairs import operations as repairs
from services.placement.runs import operations as runs
from services.placement.waitlists import operations as waitlists

reactions = Reactions()


@reactions.on("campaign.announced")
def commit_lottery(act: Act, event: Received) -> None:
    """The lottery's commitment stands before anybody answers."""
    runs.commit_lottery(act, event.key)


@reactions.on(
    "campaign.announced",
    "campaign.changed",
    "campaign.opened",
    "campaign.closing",
    "campaign.closed",
    "campaign.cancelled",
)
def follow_release_times(act: Act, event: Received) -> None:
    """The campaign's own times of release become due times."""
    releases.follow_campaign(act, event.key, event.data)


@reactions.on("organisation.merged")
def hosts_are_one(act: Act, event: Received) -> None:
    """What belonged to an entry that was double belongs to the one that stays."""
    merging.merged(act, event.key, event.data["into"])


@reactions.on("survey.withdrawn")
def school_left(act: Act, event: Received) -> None:
    """A school that leaves after the closing keeps no seat, whatever was released meanwhile."""
    if event.data.get("late"):
        leaving.withdrawn(act, event.data["campaign"], event.data["school"])


@reactions.on("booking.accepted")
def host_accepted(act: Act, event: Received) -> None:
    """Seats and the team's hours follow what was accepted, and so does the placement."""
    following.fit_hold(act, event)
    heard.host_answered(act, event)


@reactions.on("booking.conditioned")
def host_conditioned(act: Act, event: Received) -> None:
    """The school has to answer under which condition its group comes."""
    if event.data["placement"] is not None and event.data.get("decide_by"):
        heard.host_conditioned(act, event)


@reactions.on("booking.reopened")
def host_thinks_again(act: Act, event: Received) -> None:
    """What a host's answer did is undone."""
    repairs.host_thinks_again(act, event)


@reactions.on("booking.safety_checked")
def safety_checked(act: Act, event: Received) -> None:
    """A visit that waited only for its check is confirmed."""
    heard.stop_cleared(act, event)


@reactions.on("booking.declined", "booking.expired", "booking.cancelled")
def booking_ended(act: Act, event: Received) -> None:
    """Seats are given back, and who lost a stop by it is repaired."""
    repairs.booking_ended(act, event)


@reactions.on("placement.approved", "placement.confirmed")
def school_confirmed(act: Act, event: Received) -> None:
    """The school's yes reaches the bookings of its visit."""
    bookings.school_confirmed(act, _bookings(event))


@reactions.on(
    "placement.withdrawn", "placement.cancelled", "placement.postponed", "placement.expired"
)
def placement_ended(act: Act, event: Received) -> None:
    """Bookings end with their placement, and the waitlist moves up."""
    waitlists.placement_ended(act, event)


@reactions.on("placement.resized")
def fewer_come(act: Act, event: Received) -> None:
    """Hosts hear of a smaller group, and its seats are free again."""
    following.come_with(act, _bookings(event), event.data["people"])


@reactions.on("attendance.recorded")
def attended(act: Act, event: Received) -> None:
    """Bookings are completed with their placement."""
    bookings.complete(act, _bookings(event))


def _bookings(event: Received) -> list[str]:
    return [stop["booking"] for part in event.data["parts"] for stop in part["stops"]]
