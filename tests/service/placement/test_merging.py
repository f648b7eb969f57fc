"""Two entries of one host become one: what belonged to the one that is gone is the survivor's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from chassis.act import Act
from chassis.links import Link, Purpose
from chassis.scope import System
from services.placement.answers import operations as answers
from services.placement.bookings.shape import Booking
from services.placement.bookings.store import bookings
from services.placement.merging import operations
from services.placement.organisations import operations as organisations
from services.placement.placements.shape import Part, Placement, Stop
from services.placement.placements.store import placements
from tests.service.placement.world import (
    CAMPAIGN,
    CENTRE,
    HOST,
    OTHER_HOST,
    SCHOOL,
    World,
    an_id,
    offer,
    peopled,
    prepared,
)
from tests.support.stack import Servers

NOBODY = f"centre:{CENTRE}"


@pytest.fixture(scope="module")
def app(servers: Servers) -> Iterator[Flask]:
    with prepared(servers) as made:
        yield made


@pytest.fixture
def here(app: Flask) -> World:
    return peopled(app)


def act_of(here: World) -> Act:
    return replace(here.context.act(), scope=System())


def asked(act: Act, host: str) -> None:
    """A request to a host, and the visit that it belongs to."""
    start = act.now + timedelta(days=30)
    booking = Booking(
        status="asked",
        centre=CENTRE,
        campaign=CAMPAIGN,
        run=an_id("run"),
        placement=an_id("visit"),
        school=SCHOOL,
        group=an_id("group"),
        host=host,
        offer=an_id("offer"),
        offer_version=1,
        team=None,
        session=an_id("session"),
        people=24,
        smallest=24,
        start=start,
        end=start + timedelta(hours=2),
        reply_by=act.now + timedelta(days=7),
    )
    bookings.create(act, an_id("request"), booking)
    stop = Stop(
        booking=an_id("request"),
        session=an_id("session"),
        offer=an_id("offer"),
        host=host,
        team=None,
        start=start,
        end=booking.end,
    )
    visit = Placement(
        status="planned",
        centre=CENTRE,
        campaign=CAMPAIGN,
        run=an_id("run"),
        school=SCHOOL,
        group=an_id("group"),
        people=24,
        parts=(Part(people=24, stops=(stop,)),),
        released=True,
    )
    placements.create(act, an_id("visit"), visit)


def test_offers_requests_and_visits_of_the_one_that_is_gone_are_the_survivors(here: World) -> None:
    here.approve(OTHER_HOST)
    offer = here.publish(host=OTHER_HOST)
    act = act_of(here)
    asked(act, OTHER_HOST)
    act.together(lambda act: operations.merged(act, OTHER_HOST, HOST))
    seen = here.do(f"host:{HOST}", "GET", "/api/v1/offers")["items"]
    assert [row["id"] for row in seen] == [offer]
    found = here.do(f"host:{HOST}", "GET", "/api/v1/bookings")["items"]
    assert [row["id"] for row in found] == [an_id("request")]
    assert here.do(f"host:{OTHER_HOST}", "GET", "/api/v1/bookings")["items"] == []
    visit = placements.get(act, an_id("visit")).state
    assert visit.parts[0].stops[0].host == HOST
    assert here.do(f"host:{HOST}", "GET", f"/api/v1/offers/{offer}/versions")["items"]


def test_teams_of_the_same_name_are_named_before_and_share_a_calendar_where_they_can(
    here: World,
) -> None:
    for host, teams in ((HOST, ("Drone  Team",)), (OTHER_HOST, ("drone team", "camera team"))):
        here.approve(host)
        for team in teams:
            here.publish(host=host, team_name=team)
    page = f"/hosts/{HOST}/teams/{OTHER_HOST}"
    said = here.ask(NOBODY, "GET", page).get_data(as_text=True)
    assert "Drone  Team" in said
    assert "camera team" not in said
    assert here.ask(NOBODY, "GET", f"/hosts/{HOST}/teams/{an_id('nobody')}").status_code == 404
    act_of(here).together(lambda act: operations.merged(act, OTHER_HOST, HOST))
    calendars = here.do(f"host:{HOST}", "GET", "/api/v1/calendar")["teams"]
    assert len(calendars) == 3
    again = here.do(NOBODY, "POST", "/api/v1/offers", offer(team_name="Camera Team"))
    found = here.ask(NOBODY, "POST", f"/api/v1/offers/{again['id']}/publish", {})
    assert found.get_json()["code"] == "team_busy"


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        (("found",), ("found", "contacted", "visited", "approved"), "approved"),
        (("found", "contacted", "visited", "approved"), ("found", "held"), "held"),
    ],
)
def test_both_vettings_are_one_history_and_a_hold_of_either_stands(
    here: World, first: tuple[str, ...], second: tuple[str, ...], counts: str
) -> None:
    for host, steps in ((HOST, first), (OTHER_HOST, second)):
        for step in steps:
            body = {"status": step} | ({"reason_code": "unsafe"} if step == "held" else {})
            here.do(NOBODY, "POST", f"/api/v1/hosts/{host}/vetting", body)
    act_of(here).together(lambda act: operations.merged(act, OTHER_HOST, HOST))
    found = here.do(NOBODY, "GET", f"/api/v1/hosts/{HOST}")
    assert found["status"] == counts
    assert len(found["steps"]) == len(first) + len(second)


def test_a_link_to_the_one_that_is_gone_opens_for_the_survivor(here: World) -> None:
    # A chain: the one that stays at first is merged itself later.
    here.told("organisation.merged", SCHOOL, {"into": OTHER_HOST})
    here.told("organisation.merged", OTHER_HOST, {"into": HOST})
    act = act_of(here)
    assert organisations.survivor(act, SCHOOL) == HOST
    assert organisations.survivor(act, HOST) == HOST
    link = Link(
        purpose=Purpose.ANSWER,
        holder=an_id("holder"),
        subject=OTHER_HOST,
        centre=CENTRE,
        until=act.now + timedelta(days=1),
    )
    assert answers.guest(act, link).tenant() == HOST
