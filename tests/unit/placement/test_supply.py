"""The supply gap: levels, weeks, and what the public does not see."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from chassis.facts import KST
from services.placement.demands.supply import level, supply
from services.placement.demands.wished import DateWish, Group, Offered, Session, offered

WEDNESDAY = datetime(2024, 11, 6, 10, tzinfo=KST)


def offer(field: str) -> Offered:
    data = {"host": "h", "field": field, "kind": "visit", "place_code": "41281"}
    return offered(f"o-{field}", {**data, "minimum": 1, "maximum": 30})


def session(id: str, field: str, start: datetime = WEDNESDAY) -> Session:
    return Session.at(id, offer(field), start, start + timedelta(hours=1), 1, 30)


def group(field: str, people: int = 24, **changes: object) -> Group:
    day = DateWish(date(2024, 11, 6))
    base = Group("g", "middle", 2, people, fields=(field, "design"), dates=(day,))
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("demand", "seats", "expected"),
    [
        (44, 100, "ample"),
        (45, 100, "normal"),
        (100, 100, "normal"),
        (101, 100, "short"),
        (1, 0, "short"),
        (0, 30, "ample"),
        (0, 0, "normal"),
    ],
)
def test_levels_change_at_45_and_100_percent(demand: int, seats: int, expected: str) -> None:
    assert level(demand, seats) == expected


def test_demand_and_seats_meet_by_field_and_week() -> None:
    sessions = [
        session("a", "drones"),
        session("b", "drones", WEDNESDAY + timedelta(days=7)),
        session("c", "sports"),
    ]
    found = supply([("s1", group("drones", 40)), ("s2", group("health", 10))], sessions, False)
    rows = {row.field: (row.demand, row.seats, row.percent, row.level) for row in found.fields}
    assert rows == {
        "drones": (40, 60, 66, "normal"),
        "health": (10, 0, None, "short"),
        "sports": (0, 30, 0, "ample"),
    }
    weeks = {(r.field, r.week): r.level for r in found.weeks}
    assert weeks["drones", date(2024, 11, 4)] == "short"
    assert weeks["drones", date(2024, 11, 11)] == "ample"
    assert (found.demand, found.seats) == (50, 90)


def test_two_stops_count_for_two_fields_and_no_day_counts_as_undated() -> None:
    found = supply([("s1", group("drones", 20, stops=2, dates=()))], [], public=False)
    assert {(r.field, r.demand) for r in found.undated} == {("drones", 20), ("design", 20)}


def test_two_stops_with_one_field_count_twice_for_it() -> None:
    found = supply([("s1", group("drones", 20, stops=2, fields=("drones",)))], [], public=False)
    assert [(r.field, r.demand) for r in found.fields] == [("drones", 40)]


def test_the_public_sees_no_figure_behind_which_fewer_than_three_schools_stand() -> None:
    asked = [(f"s{n}", group("drones")) for n in range(3)] + [("s1", group("sports"))]
    found = supply(asked, [session("c", "sports")], public=True)
    rows = {row.field: (row.demand, row.percent, row.level) for row in found.fields}
    assert rows == {"drones": (72, None, "short"), "sports": (None, None, "normal")}
