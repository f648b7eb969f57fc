"""The service registration as one value, and its web app."""

from datetime import timedelta
from pathlib import Path

from flask import Flask

from chassis.clock import now
from chassis.facts import KST
from chassis.http import app as http
from chassis.service import Service
from services.registration import stores
from services.registration.accounts import api as accounts
from services.registration.applications import api as applications
from services.registration.campaigns import api as campaigns
from services.registration.campaigns import pages as campaign_pages
from services.registration.campaigns.days import holidays_between
from services.registration.closing import api as closing
from services.registration.closing import pages as answer_pages
from services.registration.codes import codes
from services.registration.commands import COMMANDS
from services.registration.contacts import api as contacts
from services.registration.finding import pages as finding
from services.registration.home import pages as home
from services.registration.imports import api as imports
from services.registration.imports import pages as uploads
from services.registration.invitations import api as invitations
from services.registration.invitations import pages as entry
from services.registration.merging import api as merging
from services.registration.merging import pages as merging_pages
from services.registration.openings import api as openings
from services.registration.organisations import api as organisations
from services.registration.posts import pages as posts
from services.registration.programmes import api as programmes
from services.registration.projections import projections
from services.registration.reactions import reactions
from services.registration.registry import pages as registry
from services.registration.registry import showing as registry_shown
from services.registration.registry import waiting as registry_invitations
from services.registration.sessions import api as sessions
from services.registration.sessions import pages as door
from services.registration.surveys import api as surveys
from services.registration.surveys import pages as survey_pages
from services.registration.timers import timers

service = Service(
    name="registration",
    catalogue=Path(__file__).parent / "catalogue",
    aggregates=stores.AGGREGATES,
    projections=projections,
    reactions=reactions,
    timers=timers,
    routes=[
        sessions.routes,
        merging.routes,
        organisations.routes,
        contacts.routes,
        accounts.routes,
        invitations.routes,
        programmes.routes,
        campaigns.routes,
        campaign_pages.routes,
        closing.routes,
        answer_pages.routes,
        surveys.code_routes,
        surveys.campaign_routes,
        surveys.routes,
        applications.campaign_routes,
        applications.routes,
        imports.routes,
        openings.routes,
        home.routes,
        finding.routes,
        merging_pages.routes,
        registry.routes,
        registry_invitations.routes,
        survey_pages.routes,
        uploads.routes,
        door.routes,
        entry.routes,
        entry.link_routes,
        posts.routes,
    ],
    commands=COMMANDS,
    indexes=stores.INDEXES,
    templates=(
        home.TEMPLATES,
        campaign_pages.TEMPLATES,
        answer_pages.TEMPLATES,
        finding.TEMPLATES,
        registry_shown.TEMPLATES,
        merging_pages.TEMPLATES,
        survey_pages.TEMPLATES,
        uploads.TEMPLATES,
        posts.TEMPLATES,
        door.TEMPLATES,
        entry.TEMPLATES,
    ),
)


def create_app() -> Flask:
    """The WSGI app; made here and not at import.

    Codes and holidays are read now: that takes half a second of a processor, in which the first
    school that a new worker meets would wait with all that come after it.
    """
    codes()
    today = now().astimezone(KST).date()
    holidays_between(today, today + timedelta(days=366))
    return http.create_app(service)
