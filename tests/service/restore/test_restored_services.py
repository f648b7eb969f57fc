"""Real databases of producers go back in time; what was published stays, and readers converge."""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import pytest

from chassis.act import Act
from chassis.context import Context
from chassis.contracts import owned_by
from services.placement.app import service as placement_service
from services.placement.campaigns import operations as placement_campaigns
from services.placement.demands import operations as demands
from services.registration.app import service as registration_service
from services.registration.campaigns import operations as campaigns
from services.registration.closing import operations as closing
from tests.service.placement.story import STAFF, Story, one_of_each, story, visitor
from tests.service.placement.world import SCHOOL, prepared
from tests.service.registration.survey_world import World, one_registration, world
from tests.service.restore.history import History, Reader
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database


def sound(history: History) -> None:
    """No number with two contents, none left out, and all that was said is in the archive."""
    logs = {one.name for one in owned_by(history.service.name) if one.guard == "log"}
    said = 0
    for (topic, key), numbers in history.contents().items():
        assert all(len(contents) == 1 for contents in numbers.values()), (topic, key)
        if topic in logs:
            assert sorted(numbers) == list(range(1, len(numbers) + 1)), (topic, key)
        said += len(numbers)
    assert history.context.database["published"].count_documents({}) == said


@dataclass
class Town:
    """Registration with its past, and placement that reads along."""

    history: History
    world: World
    placement: Context

    def close(self, campaign: str) -> None:
        """The deadline passes, and the campaign is closed with its manifest."""
        self.world.close()
        act = self.history.context.act()
        campaigns.close(act, campaign)
        closing.close_with_manifest(act, campaign)

    def act(self) -> Act:
        return self.placement.act()


@pytest.fixture
def town(servers: Servers) -> Iterator[Town]:
    with one_registration(servers) as made, fresh_database(servers) as other:
        history = History(made.context, registration_service)
        reading = context_of(placement_service, servers, other)
        yield Town(history, world(made), reading)


def test_registration_restored_before_a_closing_closes_again_and_placement_has_all(
    town: Town,
) -> None:
    history, here = town.history, town.world
    first, second = here.school(), here.school()
    survey = here.submitted(first)
    history.relay()
    reader = Reader(town.placement, placement_service, "project")
    reader.follow(history.archive())
    backup = history.backup()

    amended = {"groups": [here.group(people=30)]}
    first.done("PUT", f"/api/v1/surveys/{survey}", amended)
    lost = here.submitted(second)
    town.close(here.campaign)
    history.relay()
    reader.follow(history.archive())
    assert not demands.missing(town.act(), here.campaign)

    answered = history.restore(backup)
    assert lost in answered["lost"]
    (undone,) = [row for row in answered["undone"] if row.startswith(survey)]
    assert "survey.amended" in undone
    kept = first.done("GET", f"/api/v1/surveys/{survey}")
    assert kept["draft"]["groups"][0]["people"] == 25
    first.done("PUT", f"/api/v1/surveys/{survey}", {"groups": [here.group(people=28)]})
    assert here.submitted(second) == lost
    # What is created a second time gets its numbers from the relay, before the manifest names them.
    history.relay()
    town.close(here.campaign)
    history.relay()
    sound(history)

    reader.follow(history.log())
    assert placement_campaigns.own(town.act(), here.campaign)["status"] == "closed"
    assert not demands.missing(town.act(), here.campaign)
    people = {one.survey: one.group.people for one in demands.groups(town.act(), here.campaign)}
    assert people == {survey: 28, lost: 25}


class Relayed(Story):
    """The story with its events through the log: published, archived, read by the reactions."""

    history: History
    reader: Reader

    def pump(self) -> None:
        """Publish and react until nothing is left."""
        self.history.relay()
        seen = -1
        while (told := self.history.archive()) and len(told) != seen:
            seen = len(told)
            self.reader.follow(told)
            self.history.relay()


@pytest.fixture
def placed(servers: Servers) -> Iterator[Relayed]:
    with prepared(servers) as app:
        made = story(app, one_of_each(), {SCHOOL: [visitor("a")]})
        context = made.world.context
        found = Relayed(made.world)
        found.history = History(context, placement_service)
        found.reader = Reader(context, placement_service, "react")
        found.history.relay()
        found.to_hosts(found.solved())
        yield found


def agreed(here: Relayed, run: str) -> None:
    """The host accepts, the schools are told, and the school confirms."""
    here.accept_all()
    here.to_schools(run)
    (placement,) = here.placements()
    path = f"/api/v1/placements/{placement['id']}/confirm"
    here.world.do(f"school:{SCHOOL}", "POST", path, {})
    here.pump()
    assert [row["status"] for row in here.bookings()] == ["confirmed"]


def test_placement_restored_before_an_acceptance_asks_again_and_ends_confirmed(
    placed: Relayed, servers: Servers
) -> None:
    (run,) = [row["id"] for row in placed.world.do(STAFF, "GET", "/api/v1/runs")["items"]]
    history = placed.history
    backup = history.backup()
    agreed(placed, run)

    answered = history.restore(backup)
    (booking,) = placed.bookings()
    (undone,) = [row for row in answered["undone"] if row.startswith(booking["id"])]
    assert undone == f"{booking['id']}: booking.accepted, booking.confirmed"
    assert booking["status"] == "asked"
    placed.pump()
    agreed(placed, run)
    sound(history)

    with fresh_database(servers) as other:
        reading = context_of(registration_service, servers, other)
        Reader(reading, registration_service, "project").follow(history.log())
        (last,) = (
            reading.database["timelines"]
            .find({"what": "placement.confirmed"})
            .sort("at", -1)
            .limit(1)
        )
        assert last["school"] == SCHOOL
    final = [
        orjson.loads(record.value)["status"]
        for record in history.log()
        if record.key == booking["id"].encode()
    ]
    assert final[-1] == "confirmed"
