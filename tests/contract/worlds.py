"""A world for each service in which everything that a route can name exists, and its twin.

`own` says by the name of a route's argument which thing it is, for all who may ask or by role.
Its twin (`twins.py`) is every document once more under other ids: another centre with its schools
and hosts that has everything the first one has, so that whatever is added here has its twin too.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from chassis.facts import derived_id
from services.placement.app import service
from services.registration.accounts.model import Role as PostRole
from tests.service.notifications import world as notified
from tests.service.placement import story as placed
from tests.service.placement import world as offered
from tests.service.registration.conftest import PASSWORD, Caller
from tests.service.registration.survey_world import one_registration
from tests.service.registration.survey_world import world as surveyed
from tests.support import notices
from tests.support.believing import Believing
from tests.support.post_office import PostOffice
from tests.support.stack import Servers, fresh_database

Ids = Mapping[str, str | Mapping[str, str]]


@dataclass
class World:
    """A service with its own things: who asks, for what, and what certain routes need besides."""

    app: Flask
    members: Mapping[str, str]
    """The organisation that speaks in each role."""
    own: Ids
    here: Mapping[str, Ids] = field(default_factory=dict)
    """Another thing than usual for one route, by its method and rule."""
    bodies: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """What is sent where the smallest body that fits the schema says nothing sensible."""

    def id_of(self, door: str, argument: str, role: str) -> str:
        """The own thing for an argument of a route. KeyError where the world has none."""
        found = {**self.own, **self.here.get(door, {})}[argument]
        return found if isinstance(found, str) else found[role]


@contextmanager
def registration(servers: Servers) -> Iterator[World]:
    """Two campaigns of one centre: one for groups that a school has answered, one for persons."""
    with one_registration(servers) as registered:
        groups = surveyed(registered)
        centre, school = groups.centre, groups.school()
        earlier = groups.campaign
        survey = groups.submitted(school)
        answered = school.done("GET", f"/api/v1/surveys/{survey}")["submitted"]
        groups.campaign = _again(centre, earlier)
        draft = groups.draft(school)["id"]
        persons = _again(centre, earlier, kind="individuals")
        wish = {"reference": "1", "level": "middle", "grade": 2, "wishes": [derived_id("wish")]}
        application = school.done("POST", f"/api/v1/campaigns/{persons}/applications", wish)["id"]
        rows = {"rows": [{**wish, "reference": "2"}]}
        job = school.done("POST", f"/api/v1/campaigns/{persons}/applications/bulk", rows)["id"]
        found = {
            "kinds": ["company"],
            "name": "한들목공방",
            "relation": {"relation": "centre_host"},
        }
        host = centre.done("POST", "/api/v1/organisations", found)["id"]
        centre.done("POST", "/api/v1/organisations", {**found, "name": "(주)한들목공방"})
        office = centre.done(
            "POST",
            "/api/v1/organisations",
            {"kinds": ["education_support_office"], "name": "교육지원청"},
        )["id"]
        host_caller = registered.user("host-caller", PostRole.HOST, host)
        entered, account = _entered(centre, registered.anyone(), host)
        invited = centre.done(
            "POST",
            "/api/v1/invitations",
            {"organisation": host, "role": "host", "duty": "team_lead"},
        )["id"]
        reached = {"telephone": "031-000-1004", "roles": ["host"]}
        contact = centre.done("POST", f"/api/v1/organisations/{host}/contacts", reached)["id"]
        programme = centre.done("GET", "/api/v1/programmes")["items"][0]["id"]
        members = {
            "centre": centre.organisation,
            "school": school.organisation,
            "host": host,
            "office": office,
            "admin": office,
        }
        callers = {"centre": centre, "school": school, "host": host_caller}
        contacts = {"centre": contact} | _contacts(school, host_caller)
        posts = _posts(callers)
        registered.app.extensions["ieum_verifier"] = Believing(
            (centre.organisation,), {one.organisation: one.account for one in callers.values()}
        )
        yield World(
            registered.app,
            members,
            own={
                "account_id": account,
                "application_id": application,
                "campaign_id": earlier,
                "contact_id": contacts,
                "group_id": answered["groups"][0]["id"],
                "invitation_id": entered,
                "job_id": job,
                "organisation_id": members,
                "other_id": host,
                "post_id": posts,
                "programme_id": programme,
                "relation": "centre_host",
                "school_id": school.organisation,
                "survey_id": survey,
            },
            here={
                "GET /api/v1/campaigns/<campaign_id>/survey/previous": {
                    "campaign_id": groups.campaign
                },
                "POST /api/v1/campaigns/<campaign_id>/applications": {"campaign_id": persons},
                "POST /api/v1/campaigns/<campaign_id>/applications/bulk": {"campaign_id": persons},
                "POST /api/v1/invitations/<invitation_id>/withdraw": {"invitation_id": invited},
                "POST /api/v1/surveys/<survey_id>/submit": {"survey_id": draft},
                "POST /api/v1/surveys/<survey_id>/admit": {"survey_id": draft},
            },
            bodies={
                "POST /api/v1/organisations/<organisation_id>/relations": {
                    "relation": "centre_host",
                    "other": office,
                },
                "PUT /api/v1/organisations/<organisation_id>": {
                    "kinds": ["career_centre"],
                    "name": "이름을 바꾼 센터",
                },
                "POST /api/v1/organisations/<organisation_id>/contacts": reached,
                "PUT /api/v1/contacts/<contact_id>": reached,
                "POST /api/v1/campaigns/<campaign_id>/applications": {**wish, "reference": "3"},
                "POST /api/v1/campaigns/<campaign_id>/applications/bulk": rows,
                "PUT /api/v1/applications/<application_id>": wish,
            },
        )


def _again(centre: Caller, campaign: str, **changes: Any) -> str:
    """Another campaign like one that is there, announced."""
    there = centre.done("GET", f"/api/v1/campaigns/{campaign}")
    names = ("opens_at", "deadline", "hosts_reply_by", "schools_confirm_by", "window", "fields")
    body = {"name": "봄 사업", **{name: there[name] for name in (*names, "programme")}}
    programme = centre.done("GET", f"/api/v1/programmes/{there['programme']}")
    if changes:
        wanted = {name: programme[name] for name in ("name", "brand", "level", "grades")}
        body["programme"] = centre.done("POST", "/api/v1/programmes", {**wanted, **changes})["id"]
    made: str = centre.done("POST", "/api/v1/campaigns", {**body, **changes})["id"]
    centre.done("POST", f"/api/v1/campaigns/{made}/announce", {})
    return made


def _entered(centre: Caller, anyone: Caller, organisation: str) -> tuple[str, str]:
    """An invitation whose code somebody has used, and the account that waits for approval."""
    wanted = {"organisation": organisation, "role": "host", "duty": "coordinator"}
    invited = centre.done("POST", "/api/v1/invitations", wanted)
    body = {
        "code": invited["extra"]["code"],
        "login": "newcomer",
        "password": PASSWORD,
        "email": "newcomer@example.kr",
    }
    entered = anyone.done("POST", "/api/v1/invitations/accept", body)
    return invited["id"], entered["extra"]["account"]


def _contacts(*callers: Caller) -> dict[str, str]:
    roles = ("school", "host")
    found = {}
    for role, caller in zip(roles, callers, strict=True):
        path = f"/api/v1/organisations/{caller.organisation}/contacts"
        rows = caller.done("GET", path)["items"]
        found[role] = next(row["id"] for row in rows if row["post"] is not None)
    return found


def _posts(callers: Mapping[str, Caller]) -> dict[str, str]:
    return {
        role: caller.done("GET", f"/api/v1/organisations/{caller.organisation}/posts")["items"][0][
            "id"
        ]
        for role, caller in callers.items()
    }


@contextmanager
def placement(servers: Servers) -> Iterator[World]:
    """A campaign that was placed and told to all; one visit is declined, one waits in the line."""
    with offered.prepared(servers) as app:
        drones, sports = placed.one_of_each()
        drones["maximum"], sports["maximum"] = 24, 48
        groups = {
            offered.SCHOOL: [placed.visitor("a"), placed.visitor("b")],
            offered.OTHER_SCHOOL: [placed.visitor("c"), placed.visitor("d")],
        }
        told = placed.story(app, [drones, sports], groups)
        run = told.solved()
        told.to_hosts(run)
        _follow(told)
        accepted, declined, conditioned = told.bookings(status="asked")
        told.accept(accepted["id"])
        for booking, answer, body in (
            (declined, "decline", {"reason_code": "staff_absent"}),
            (conditioned, "condition", placed.slot("15-17")),
        ):
            path = f"/api/v1/bookings/{booking['id']}/{answer}"
            told.world.do(f"host:{booking['host']}", "POST", path, body)
        told.pump()
        told.preview()
        told.to_schools(run, anyway="the test goes on")
        (repair,) = told.repairs()
        waiting = next(row["id"] for row in told.placements(status="waitlisted"))
        members = {
            "centre": offered.CENTRE,
            # A school sees a request about itself as soon as it is asked about a condition.
            "school": conditioned["school"],
            "host": conditioned["host"],
            "office": offered.an_id("office"),
            "admin": offered.an_id("admin"),
        }
        app.extensions["ieum_verifier"] = Believing((offered.CENTRE,))
        yield World(
            app,
            members,
            own={
                "booking_id": conditioned["id"],
                "campaign_id": offered.CAMPAIGN,
                "host_id": conditioned["host"],
                "name": "market.json",
                "offer_id": conditioned["offer"],
                "other_id": conditioned["host"],
                "placement_id": conditioned["placement"],
                "repair_id": repair["id"],
                "run_id": run,
                "school_id": conditioned["school"],
                "stage": "hosts",
            },
            here={"POST /api/v1/waitlists/<placement_id>/offer": {"placement_id": waiting}},
            bodies={"PUT /api/v1/offers/<offer_id>": _without(offered.offer(), "host", "campaign")},
        )


def _follow(told: placed.Story) -> None:
    """What the service itself does when it hears of the campaign's closing."""
    event = notices.received("campaign.closed", offered.CAMPAIGN, **placed.rules())
    for number, react in enumerate(service.reactions.handlers.get(event.type, [])):
        act = told.world.context.act(causation=event.id, seed=f"{event.id}|{number}")
        act.together(lambda inner, react=react: react(inner, event))  # type: ignore[misc]


def _without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


@contextmanager
def notifications(servers: Servers) -> Iterator[World]:
    """A school was written to, and a host without e-mail has to be called."""
    with ExitStack() as stack:
        database = stack.enter_context(fresh_database(servers))
        office = PostOffice().open()
        stack.callback(office.close)
        world = notified.populated(notified.opened(servers, database), office)
        world.surveyed("survey.submitted")
        world.booked("booking.asked", host=notified.PHONE_HOST)
        world.passes(hours=1)
        world.send()
        (task,) = world.deliveries(channel="telephone")
        app = world.client.application
        app.extensions["ieum_verifier"] = Believing((notified.CENTRE,))
        yield World(
            app,
            {
                "centre": notified.CENTRE,
                "school": notified.SCHOOL,
                "host": notified.PHONE_HOST,
                "office": notified.an_id("office"),
                "admin": notified.an_id("admin"),
            },
            own={"message_id": task["state"]["message"], "task_id": task["_id"]},
        )


WORLDS = {
    "registration": registration,
    "placement": placement,
    "notifications": notifications,
}
