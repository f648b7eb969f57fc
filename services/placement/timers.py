"""What placement does when a due time has come; each operation checks version and state itself."""

from chassis.events.handlers import Timers
from services.placement.bookings import operations as bookings
from services.placement.bookings.store import bookings as stored_bookings
from services.placement.placements import operations as placements
from services.placement.placements.store import placements as stored_placements
from services.placement.runs import releasing
from services.placement.runs.store import runs as stored_runs

timers = Timers()
timers.on(stored_bookings, "expire")(bookings.expire)
timers.on(stored_placements, "expire")(placements.expire)
timers.on(stored_runs, "release")(releasing.step)
