"""What placement does when something happened: each reaction calls one operation."""

from chassis.events.handlers import Reactions, Timers

reactions = Reactions()
timers = Timers()
