"""The notifications service as one value, and its WSGI app."""

from pathlib import Path

from flask import Flask

from chassis.http import app as http
from chassis.service import Service
from services.notifications.deliveries import api as deliveries
from services.notifications.deliveries import checks, late, role
from services.notifications.deliveries.store import DELIVERIES
from services.notifications.deliveries.store import INDEXES as LEDGER
from services.notifications.desk import pages as desk
from services.notifications.directory.store import INDEXES as DIRECTORY
from services.notifications.messages import api as inbox
from services.notifications.messages.reminders import REMINDERS
from services.notifications.messages.store import MESSAGES, NOTICES
from services.notifications.projections import projections
from services.notifications.reactions import reactions, timers
from services.notifications.recipients import api as preferences
from services.notifications.recipients.store import PREFERENCES, RECIPIENTS

service = Service(
    name="notifications",
    catalogue=Path(__file__).parent / "catalogue",
    aggregates=(RECIPIENTS, PREFERENCES, NOTICES, MESSAGES, REMINDERS, DELIVERIES),
    projections=projections,
    reactions=reactions,
    timers=timers,
    routes=(inbox.routes, deliveries.routes, preferences.routes, desk.routes),
    background={"send": role.run},
    indexes={**DIRECTORY, **LEDGER},
    templates=(desk.TEMPLATES,),
    checks=(checks.ledger,),
    measures=(late.measure,),
)


def create_app() -> Flask:
    """The app that gunicorn serves."""
    return http.create_app(service)
