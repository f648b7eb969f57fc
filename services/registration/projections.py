"""Which events extend registration's read models."""

from chassis.events.handlers import Projections

projections = Projections()
