"""What placement does when a due time has come; each operation checks version and state itself."""

from chassis.act import Act
from chassis.events.handlers import Timers
from services.placement.bookings import operations as bookings
from services.placement.bookings.store import bookings as stored_bookings
from services.placement.moves import operations as moves
from services.placement.placements import heard
from services.placement.placements.store import placements as stored_placements
from services.placement.releases import model as release_rules
from services.placement.releases import operations as releases
from services.placement.releases.store import releases as stored_releases
from services.placement.runs import releasing
from services.placement.runs.store import runs as stored_runs

timers = Timers()
timers.on(stored_bookings, "expire")(bookings.expire)
timers.on(stored_placements, "expire")(heard.expire)
timers.on(stored_placements, "drop_hold")(moves.hold_over)
timers.on(stored_runs, "release")(releasing.step)


@timers.on(stored_releases, release_rules.timer("hosts"))
def release_to_hosts(act: Act, id: str) -> None:
    """Hosts are asked at the campaign's time, or ten minutes after the operator's click."""
    releases.come(act, id, "hosts")


@timers.on(stored_releases, release_rules.timer("schools"))
def release_to_schools(act: Act, id: str) -> None:
    """Schools are told at the campaign's time, or ten minutes after the operator's click."""
    releases.come(act, id, "schools")
