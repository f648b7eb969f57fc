"""Which event tells whom what: pure rules from an event to planned notices, gathered here.

To tell something new: add a file to `templates/`, and a function in the room of `rules/` that its
event belongs to.
"""

from services.notifications.messages.planned import Planned, Rules
from services.notifications.messages.rules import bookings, campaigns, placements

__all__ = ["Planned", "rules"]

rules = Rules()
for room in (campaigns, bookings, placements):
    rules.also(room.rules)
