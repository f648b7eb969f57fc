"""A school's timeline: its own steps and what placement and the messages told, in one order."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import orjson
import pytest

from chassis.contracts import CONTRACTS
from chassis.events.envelope import Received
from chassis.scope import Party
from services.registration.app import service
from services.registration.home.school import home
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.survey_world import World, one_registration, world
from tests.support.stack import Servers

AGGREGATE = "0192f0c1-0000-7000-8000-0000000004{:02d}"


@pytest.fixture(scope="module")
def registration(servers: Servers) -> Iterator[Registration]:
    """One service for all tests of this module."""
    with one_registration(servers) as found:
        yield found


@pytest.fixture
def city(registration: Registration) -> World:
    """One centre and its campaign."""
    return world(registration)


def event(kind: str, number: int, **changes: Any) -> Received:
    """A sibling's event: the contract's good example with other ids."""
    example = CONTRACTS / "examples" / f"{kind}.v1" / "good-1.json"
    topic = {
        "booking": "placement.bookings",
        "placement": "placement.placements",
        "offer": "placement.offers",
    }
    return Received(
        topic=topic.get(kind.split(".")[0], "notifications.deliveries"),
        key=AGGREGATE.format(number),
        type=kind,
        version=1,
        id=f"{AGGREGATE.format(number)}:1",
        sequence=1,
        time=f"2099-01-01T00:00:{number:02d}.000Z",
        actor="placement",
        correlation="a-correlation",
        service="placement",
        data={**orjson.loads(example.read_bytes()), **changes},
    )


def tell(city: World, kind: str, number: int, **changes: Any) -> None:
    """Project an event of the city's campaign twice: a duplicate changes nothing."""
    told = event(kind, number, campaign=city.campaign, centre=city.centre.organisation, **changes)
    for _ in range(2):
        for collection, write in service.projections.writes(told):
            city.registration.context.database[collection].bulk_write([write])


def test_steps_of_the_school_of_placement_and_of_messages_stand_in_one_order(
    city: World,
) -> None:
    school = city.school()
    survey = city.submitted(school)
    group = school.done("GET", f"/api/v1/surveys/{survey}")["submitted"]["groups"][0]["id"]
    own = {"school": school.organisation, "group": group}
    tell(city, "booking.asked", 1, **own)
    tell(city, "placement.planned", 2, **own, applicant=None)
    tell(city, "delivery.sent", 3, organisation=school.organisation)
    found = school.done("GET", f"/api/v1/surveys/{survey}/timeline")
    assert [step["what"] for step in found["items"]] == [
        "survey.submitted",
        "booking.asked",
        "placement.planned",
        "delivery.sent",
    ]
    assert [step["group"] for step in found["items"]] == [None, group, group, None]
    assert found["items"][0]["by"] == school.account
    assert found["items"][2]["codes"]["status"] == "planned"


def test_no_school_sees_the_steps_of_another_or_of_single_applicants(city: World) -> None:
    school, other = city.school(), city.school()
    survey = city.submitted(school)
    tell(
        city,
        "placement.planned",
        4,
        school=other.organisation,
        group=AGGREGATE.format(9),
        applicant=None,
    )
    tell(
        city,
        "placement.planned",
        5,
        school=school.organisation,
        group=None,
        applicant=AGGREGATE.format(8),
    )
    steps = school.done("GET", f"/api/v1/surveys/{survey}/timeline")["items"]
    assert [step["what"] for step in steps] == ["survey.submitted"]


def test_a_confirmed_visit_stays_confirmed_on_the_start_page_when_fewer_students_come(
    city: World,
) -> None:
    school = city.school()
    survey = city.submitted(school)
    group = school.done("GET", f"/api/v1/surveys/{survey}")["submitted"]["groups"][0]["id"]
    own = {"school": school.organisation, "group": group, "applicant": None, "released": True}
    city.set_campaign(**{"state.status": "closed"})
    tell(city, "placement.confirmed", 7, **own, status="confirmed", people=24)
    tell(city, "placement.resized", 8, **own, status="confirmed", people=23)
    act = city.registration.act(scope=Party(school.organisation))
    (visit,) = home(act).attending
    assert (visit.what, visit.people) == ("placement.confirmed", 23)


def test_a_visit_whose_attendance_nobody_told_stays_on_the_start_page_however_long_ago(
    city: World,
) -> None:
    school = city.school()
    survey = city.submitted(school, city.group(), city.group(class_name="2학년 5반"))
    told, open_ = school.done("GET", f"/api/v1/surveys/{survey}")["submitted"]["groups"]
    own = {"school": school.organisation, "applicant": None, "released": True}
    for number, group in enumerate((told, open_)):
        seated = {**own, "group": group["id"], "status": "confirmed"}
        tell(city, "placement.confirmed", 51 + number, **seated)
    tell(city, "attendance.recorded", 53, **own, group=told["id"])
    long_ago = {"first": "2024-03-04", "last": "2024-03-29"}
    city.registration.context.database["campaigns"].update_one(
        {"_id": city.campaign},
        {"$set": {"state.status": "closed", "state.window": long_ago, "version": 9}},
    )
    act = city.registration.act(scope=Party(school.organisation))
    found = home(act)
    assert [(one.group, one.what) for one in found.attending] == [
        (open_["class_name"], "placement.confirmed")
    ]
    assert (found.acts, found.sent, found.waiting, found.coming) == (1, (), (), ())
    tell(city, "attendance.recorded", 54, **own, group=open_["id"])
    assert home(act).acts == 0


def test_a_visit_names_its_host_also_when_a_change_in_passing_brought_another(city: World) -> None:
    school = city.school()
    survey = city.submitted(school, city.group(class_name=""))
    group = school.done("GET", f"/api/v1/surveys/{survey}")["submitted"]["groups"][0]["id"]
    own = {"school": school.organisation, "group": group, "applicant": None, "released": True}
    city.set_campaign(**{"state.status": "closed"})
    first, other = city.centre.organisation, city.school("한들중학교").organisation
    stop = event("placement.confirmed", 57).data["parts"][0]["stops"][0]
    own |= {"status": "confirmed", "parts": [{"people": 24, "stops": [{**stop, "host": first}]}]}
    tell(city, "placement.confirmed", 57, **own)
    act = city.registration.act(scope=Party(school.organisation))
    (visit,) = home(act).attending
    assert visit.host == home(act).centre
    assert "모둠 1 24명" in start_page(school)
    own["parts"] = [{"people": 24, "stops": [{**stop, "host": other}]}]
    tell(city, "placement.corrected", 58, **own)
    (visit,) = home(act).attending
    assert visit.host == "한들중학교"


def test_a_group_stands_as_its_latest_steps_say_in_whichever_order_they_are_heard(
    city: World,
) -> None:
    school = city.school().organisation
    steps = (
        *(("placement.resized", 41, {"people": 20}), ("placement.confirmed", 42, {"people": 19})),
        *(("placement.corrected", 43, {"people": 18}), ("placement.resized", 44, {"people": 17})),
    )
    for number, order in enumerate(permutations(steps)):
        group = AGGREGATE.format(90 + number)
        for kind, at, said in order:
            tell(city, kind, at, school=school, group=group, applicant=None, **said)
    found = {"campaign": city.campaign, "school": school}
    rows = list(city.registration.context.database["standings"].find(found, {"_id": 0, "group": 0}))
    assert len(rows) == 24
    assert all(row == rows[0] for row in rows)
    assert rows[0]["last"]["codes"]["people"] == 19
    assert [since["codes"]["people"] for since in rows[0]["since"]] == [18, 17]


def start_page(school: Caller) -> str:
    headers = {"Authorization": f"Bearer {school.token}", "Accept": "text/html"}
    return school.client.get("/", headers=headers).text


def test_a_changed_visit_is_to_be_confirmed_again_when_it_can_be(city: World) -> None:
    school = city.school()
    survey = city.submitted(school)
    group = school.done("GET", f"/api/v1/surveys/{survey}")["submitted"]["groups"][0]["id"]
    own = {"school": school.organisation, "group": group, "applicant": None, "released": True}
    city.set_campaign(**{"state.status": "closed"})
    act = city.registration.act(scope=Party(school.organisation))
    offered = {**own, "status": "offered", "confirm_by": "2099-02-01T00:00:00.000Z"}
    tell(city, "placement.confirmed", 31, **own, status="confirmed")
    tell(city, "placement.moved", 32, **offered, asks=False)
    assert (home(act).confirming, [one.what for one in home(act).waiting]) == (
        (),
        ["placement.moved"],
    )
    assert "다른 자리를 찾고 있습니다" in start_page(school)
    tell(city, "placement.moved", 33, **offered, asks=True)
    (again,) = home(act).confirming
    assert (again.what, home(act).waiting, home(act).acts) == ("placement.moved", (), 1)
    assert "바뀐 자리를 확정해 주세요" in start_page(school)
    asked = {"school": school.organisation, "group": group}
    tell(city, "booking.conditioned", 34, **asked, decide_by="2099-01-20T00:00:00.000Z")
    assert (len(home(act).deciding), home(act).confirming) == (1, ())
    assert "체험처의 조건에 답해 주세요" in start_page(school)
    accepted = event("booking.accepted", 34, campaign=city.campaign, **asked)
    later = replace(accepted, id=f"{accepted.key}:2", time="2099-01-01T00:00:40.000Z")
    for collection, write in service.projections.writes(later):
        city.registration.context.database[collection].bulk_write([write])
    assert (home(act).deciding, len(home(act).confirming)) == ((), 1)


def test_an_event_about_no_school_makes_no_entry() -> None:
    told = event("booking.asked", 6, school=None, group=None)
    assert service.projections.writes(told) == []


def test_the_days_of_a_campaign_show_what_opens_and_what_is_closed(city: World) -> None:
    session = {
        "id": AGGREGATE.format(20),
        "start": f"{city.day()}T01:00:00.000Z",
        "end": f"{city.day()}T03:00:00.000Z",
        "minimum": 8,
        "maximum": 24,
        "status": "open",
    }
    cancelled = {**session, "id": AGGREGATE.format(21), "status": "cancelled"}
    tell(city, "offer.published", 22, field="drones", sessions=[session, cancelled])
    school = city.school()
    path = f"/api/v1/campaigns/{city.campaign}/days"
    days = {day["date"]: day for day in school.done("GET", path)["items"]}
    assert len(days) == (city.last - city.first).days + 1
    assert days[city.day()] == {
        "date": city.day(),
        "closed": None,
        "sessions": 1,
        "seats": 24,
        "fields": {"drones": 1},
    }
    tell(city, "offer.withdrawn", 22, sessions=[])
    assert all(day["sessions"] == 0 for day in school.done("GET", path)["items"])
