"""The administrator's page of a service: what waits, what lies dead, and trying it again.

It shows ids, counts and names of fields, never what people wrote: an administrator sees no names.
"""

from typing import Any

from flask import Response, current_app, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis import away, backups, standing
from chassis.act import Act
from chassis.context import Context
from chassis.contracts import SERVICES
from chassis.errors import NotFound
from chassis.events import dead_letters, roles
from chassis.events.consumer import Follower
from chassis.http import health
from chassis.http.routes import Routes
from chassis.roles import Role
from chassis.service import Service

ADMIN = (Role.ADMIN,)
REASON_MOST = 300


class LetterBody(BaseModel):
    """Which dead letter: ids hold signs that an address cannot."""

    id: str = Field(max_length=200)


def routes_of(service: Service) -> Routes:
    """The routes of the administrator's page for one service."""
    from chassis.http.pages import render

    routes = Routes("system")

    def letters() -> list[dict[str, Any]]:
        return [row for one in _followers(service) for row in dead_letters.listed(one)]

    @routes.page("/system", roles=ADMIN)
    def overview(act: Act) -> str:
        """Queues, leases, readiness and dead letters of this service."""
        return render(
            "system.html",
            service=service.name,
            services=[(name, _address(name)) for name in SERVICES],
            ready=health.readiness(_context()) == health.READY,
            rows=standing.measured(_context(), service),
            letters=letters(),
            parked=standing.parked(_context()),
            backup=(backup := backups.last(_context())),
            backup_old=backups.is_old(backup),
            done=request.args.get("done", ""),
        )

    @routes.page("/system/health", roles=ADMIN)
    def one_health(act: Act) -> str:
        """Whether this service can serve; the pages of the others bring it to their own."""
        found = health.readiness(_context())
        return render(
            "system_health.html", service=service.name, ready=found == health.READY, found=found
        )

    @routes.page("/system/lag", roles=ADMIN)
    def lag(act: Act) -> str:
        """How far each group is behind in each partition; the broker is asked."""
        rows: list[tuple[str, str, int, int, int]] = []
        away_now = False
        for one in _followers(service):
            try:
                found = standing.lags(_context(), one)
            except Exception as error:
                if away.away(error) is None:
                    raise
                away_now = True
                break
            rows += [(one.group, *place, next, behind) for place, (next, behind) in found.items()]
        return render(
            "system_lag.html",
            service=service.name,
            away=away_now,
            behind=[row for row in rows if row[4]],
            level=[row for row in rows if not row[4]],
        )

    @routes.form("/system/replay", roles=ADMIN, keyed=False)
    def replay(act: Act) -> Response:
        """Try a dead letter again; what waited behind it follows in order."""
        id = request.form.get("id", "")
        took = dead_letters.replay(_of(service, id), id)
        return _back("replayed" if took else "still")

    @routes.form("/system/discard", roles=ADMIN, keyed=False)
    def discard(act: Act) -> Response:
        """Pass over a dead letter for good, with a reason on record."""
        id, reason = request.form.get("id", ""), request.form.get("reason", "").strip()
        if reason:
            dead_letters.discard(_of(service, id), id, reason[:REASON_MOST], act.actor)
        return _back("discarded" if reason else "")

    return routes


def _followers(service: Service) -> list[Follower]:
    return roles.followers(_context(), service)


def _of(service: Service, id: str) -> Follower:
    for one in _followers(service):
        if id.startswith(f"{one.group}|"):
            return one
    raise NotFound()


def _context() -> Context:
    found: Context = current_app.extensions["ieum"]
    return found


def _address(name: str) -> str:
    return "/system" if name == "registration" else f"/{name}/system"


def _back(done: str) -> Response:
    return redirect(url_for("system.overview", done=done or None), 303)  # type: ignore[return-value]
