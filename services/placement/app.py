"""The placement service as one value. Making it connects to nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Flask
from pymongo import IndexModel

from chassis.documents import Aggregates
from chassis.http import app as http
from chassis.http.routes import Routes
from chassis.service import Service
from services.placement import solving
from services.placement.answers import pages as answers
from services.placement.answers import store as tries
from services.placement.bookings import api as bookings_api
from services.placement.bookings import store as bookings
from services.placement.campaigns import store as campaigns
from services.placement.demands import api as demands_api
from services.placement.demands import pages as orders
from services.placement.demands import store as demands
from services.placement.desk import letter, moves, office, supply
from services.placement.desk import pages as desk
from services.placement.desk import requests as requests_pages
from services.placement.hosting import pages as hosting
from services.placement.hosts import api as hosts_api
from services.placement.hosts import pages as host_pages
from services.placement.hosts import store as hosts
from services.placement.leaving import pages as leaving
from services.placement.merging import pages as joined_hosts
from services.placement.offers import api as offers_api
from services.placement.offers import store as offers
from services.placement.openness import pages as openness
from services.placement.organisations import store as organisations
from services.placement.placements import api as placements_api
from services.placement.placements import store as placements
from services.placement.projections import projections
from services.placement.reactions import reactions
from services.placement.releases import api as releases_api
from services.placement.releases import pages as release_pages
from services.placement.releases import store as releases
from services.placement.repairs import api as repairs_api
from services.placement.repairs import store as repairs
from services.placement.runs import api as runs_api
from services.placement.runs import files, result_rows
from services.placement.runs import store as runs
from services.placement.timers import timers
from services.placement.visits import pages as visits
from services.placement.waitlists import api as waitlists_api

aggregates: list[Aggregates[Any]] = [
    hosts.vettings,
    offers.offers,
    offers.versions,
    runs.runs,
    bookings.bookings,
    placements.placements,
    repairs.repairs,
    releases.releases,
]
routes: list[Routes] = [
    hosts_api.routes,
    offers_api.routes,
    demands_api.routes,
    runs_api.routes,
    runs_api.lottery_routes,
    releases_api.routes,
    release_pages.routes,
    bookings_api.routes,
    placements_api.routes,
    repairs_api.routes,
    waitlists_api.routes,
    desk.routes,
    orders.routes,
    supply.routes,
    office.routes,
    moves.routes,
    letter.routes,
    requests_pages.routes,
    host_pages.routes,
    joined_hosts.routes,
    answers.routes,
    hosting.routes,
    visits.routes,
    leaving.routes,
    openness.routes,
]
indexes: dict[str, Sequence[Sequence[tuple[str, int]] | IndexModel]] = {
    **organisations.INDEXES,
    **campaigns.INDEXES,
    **offers.INDEXES,
    **demands.INDEXES,
    **runs.INDEXES,
    **result_rows.INDEXES,
    **files.INDEXES,
    **bookings.INDEXES,
    **repairs.INDEXES,
    **tries.INDEXES,
}
background: Mapping[str, Any] = {"solve": solving.run}

service = Service(
    name="placement",
    catalogue=Path(__file__).parent / "catalogue",
    aggregates=aggregates,
    projections=projections,
    reactions=reactions,
    timers=timers,
    routes=routes,
    background=background,
    indexes=indexes,
    templates=(
        desk.TEMPLATES,
        host_pages.TEMPLATES,
        joined_hosts.TEMPLATES,
        orders.TEMPLATES,
        release_pages.TEMPLATES,
        answers.TEMPLATES,
        hosting.TEMPLATES,
        visits.TEMPLATES,
        leaving.TEMPLATES,
        openness.TEMPLATES,
    ),
)


def create_app() -> Flask:
    """The WSGI app, with settings and clients of this process."""
    return http.create_app(service)
