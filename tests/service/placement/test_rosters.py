"""Single persons: the host of a session is asked once for its roster, whoever joins or leaves."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from tests.service.placement.story import STAFF, Story, manifest, one_of_each, rules
from tests.service.placement.world import (
    CAMPAIGN,
    CENTRE,
    HOST,
    OTHER_HOST,
    SCHOOL,
    World,
    an_id,
    peopled,
)
from tests.support.notices import example

WHO = f"school:{SCHOOL}"


def told(app: Flask, seats: tuple[int, int], wishes: Mapping[str, str]) -> Story:
    """Persons have applied for the drones ("d") and the sports ("s"), in the order they wish."""
    world = peopled(app)
    world.told("campaign.changed", CAMPAIGN, rules(kind="individuals"))
    sessions = {}
    for letter, offer, maximum, host in zip(
        "ds", one_of_each(), seats, (HOST, OTHER_HOST), strict=True
    ):
        world.approve(host)
        published = world.publish(**{**offer, "minimum": 1, "maximum": maximum})
        sessions[letter] = world.sessions(published)[0]["id"]
    for name, wished in wishes.items():
        applied(world, name, [sessions[letter] for letter in wished])
    applications = manifest(*((an_id(name), 1) for name in wishes), kind="applications")
    closed = {**rules(kind="individuals"), "status": "closed", "manifest": applications}
    world.told("campaign.closed", CAMPAIGN, closed)
    return Story(world)


def applied(world: World, name: str, wishes: list[str]) -> None:
    facts: dict[str, Any] = {
        **example("application.submitted"),
        "centre": CENTRE,
        "campaign": CAMPAIGN,
        "school": SCHOOL,
        "level": "middle",
        "grade": 2,
        "wishes": wishes,
    }
    world.told("application.submitted", an_id(name), facts)


def rosters(here: Story) -> list[tuple[int, str]]:
    """How many are on each roster that is not over, and how it stands."""
    rows = [row for row in here.bookings() if row["status"] not in ("declined", "cancelled")]
    assert all(row["placement"] is None and row["school"] is None for row in rows)
    return sorted((row["people"], row["status"]) for row in rows)


def seats_of(here: Story, name: str) -> list[str]:
    found = next(row for row in here.placements() if row["applicant"] == an_id(name))
    return [stop["booking"] for part in found["parts"] for stop in part["stops"]]


def answer(here: Story, host: str, what: str, body: Mapping[str, Any]) -> None:
    asked = next(row for row in here.bookings(status="asked") if row["host"] == host)
    here.world.do(f"host:{host}", "POST", f"/api/v1/bookings/{asked['id']}/{what}", body)
    here.pump()


@pytest.fixture
def placed(app: Flask) -> Story:
    """Two on the roster of the drones, one on that of the sports."""
    here = told(app, (3, 1), {"a": "d", "b": "d", "c": "sd"})
    here.to_hosts(here.solved())
    assert rosters(here) == [(1, "asked"), (2, "asked")]
    return here


def test_a_person_moved_by_a_repair_joins_the_roster_of_her_new_session(placed: Story) -> None:
    answer(placed, HOST, "accept", {})
    answer(placed, OTHER_HOST, "decline", {"reason_code": "staff_absent"})
    assert placed.preview()
    (repair,) = placed.repairs()
    placed.world.do(STAFF, "POST", f"/api/v1/repairs/{repair['id']}/apply", {})
    placed.pump()
    assert rosters(placed) == [(3, "accepted")]
    assert seats_of(placed, "c") == seats_of(placed, "a")
    assert placed.told.last("booking.changed").data["people"] == 3


def test_a_person_from_the_waitlist_joins_the_roster_that_another_has_left(app: Flask) -> None:
    here = told(app, (2, 1), {"a": "d", "b": "d", "c": "d"})
    run = here.solved()
    here.to_hosts(run)
    answer(here, HOST, "accept", {})
    here.to_schools(run)
    rows = {row["status"]: row for row in here.placements(WHO)}
    left = f"/api/v1/placements/{rows['offered']['id']}/withdraw"
    here.world.do(WHO, "POST", left, {"reason_code": "school_event"})
    here.pump()
    assert rosters(here) == [(2, "accepted")]
    assert {row["status"] for row in here.placements(WHO)} == {"offered", "withdrawn"}
    (stop,) = here.world.do(WHO, "GET", f"/api/v1/placements/{rows['waitlisted']['id']}")["parts"][
        0
    ]["stops"]
    assert stop["accepted"]


def test_a_roster_that_everybody_left_is_begun_anew_for_who_comes_later(app: Flask) -> None:
    here = told(app, (1, 1), {"a": "d", "b": "d"})
    run = here.solved()
    here.to_hosts(run)
    answer(here, HOST, "accept", {})
    here.to_schools(run)
    rows = {row["status"]: row for row in here.placements(WHO)}
    left = f"/api/v1/placements/{rows['offered']['id']}/withdraw"
    here.world.do(WHO, "POST", left, {"reason_code": "school_event"})
    here.pump()
    assert rosters(here) == [(1, "asked")]
    answer(here, HOST, "accept", {})
    assert rosters(here) == [(1, "accepted")]
