"""The market file: whatever is asked for, the engine can read it, and nothing gets lost."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.placement.demands import market as markets
from services.placement.demands import wishes
from services.placement.demands.market import Demand, document
from services.placement.demands.wished import Frame, Group, Session, Split, offered
from services.placement.engine.market import Market

START = datetime(2024, 11, 6, 1, tzinfo=UTC)
FRAME = Frame(date(2024, 10, 7), date(2024, 11, 29), date(2024, 9, 20), frozenset())
CAMPAIGN: dict[str, Any] = {
    "stages": ["placed", "rank", "leximin", "travel", "lottery"],
    "mode": "max",
    "caps": {"schools": 6, "students": 320},
}


def session(n: int, field: str = "drones", hours: int = 0, **changes: Any) -> Session:
    data = {
        "host": f"h{n % 2}",
        "team": None if n % 3 == 0 else f"t{n % 3}",
        "field": field,
        "kind": "visit",
        "place_code": "41281",
        "minimum": 1,
        "maximum": 30,
        "travel_minutes": {"41281": 15},
    }
    begin = START + timedelta(hours=hours)
    made = Session.at(f"s{n}", offered(f"o{n}", data), begin, begin + timedelta(hours=1), 5, 30)
    return replace(made, **changes)


def group(n: int, **changes: Any) -> Group:
    base = Group(f"g{n}", "middle", 2, 20, fields=("drones",), district="41281")
    return replace(base, **changes)


def demand(of: Group, sessions: list[Session], school: str = "k1") -> Demand:
    return Demand("survey", school, of, wishes.order(of, sessions, FRAME))


def test_teams_day_limits_caps_and_the_way_stand_in_the_file() -> None:
    sessions = [session(1), session(4, hours=3), session(3)]
    found = document(CAMPAIGN, sessions, {"t1": 1}, [demand(group(1), sessions)], "seed")
    assert found["clashes"] == {"t1": 1}
    assert found["day_limits"] == {"t1@2024-11-06": 1}
    assert [row["day_limit"] for row in found["sessions"]] == ["t1@2024-11-06"] * 2 + [None]
    assert found["rules"]["caps"] == {"schools": 6, "students": 320}
    assert found["rules"]["stages"] == ["placed", "rank", "leximin", "cost", "lottery"]
    assert {wish["cost"] for wish in found["applicants"][0]["wishes"]} == {15}


@pytest.mark.parametrize(
    ("changes", "split", "wants"),
    [
        ({}, None, 1),
        ({"smallest": 12}, {"smallest": 12, "parts": 1}, 1),
        ({"split": Split(8, 2)}, {"smallest": 8, "parts": 2}, 1),
        ({"wants": 3}, None, 3),
        ({"wants": 3, "smallest": 12}, None, 3),
        ({"wants": 2, "split": Split(8, 2)}, {"smallest": 8, "parts": 2}, 1),
    ],
)
def test_a_group_that_may_shrink_is_a_split_of_one_part(
    changes: dict[str, Any], split: dict[str, int] | None, wants: int
) -> None:
    sessions = [session(1)]
    asked = demand(group(1, **changes), sessions)
    row = document(CAMPAIGN, sessions, {}, [asked], "")["applicants"][0]
    assert (row["split"], row["wants"]) == (split, wants)


def test_a_session_that_is_closed_has_no_seats_and_stays_as_a_reason() -> None:
    sessions = [session(1, open=False)]
    found = document(CAMPAIGN, sessions, {}, [demand(group(1), sessions)], "")
    assert (found["sessions"][0]["max"], found["sessions"][0]["min"]) == (0, 0)
    assert found["excluded"] == [["g1", "s1", "not_open", {}]]


def test_a_large_market_writes_only_reasons_that_answer_a_wish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sessions = [session(1, field="sports"), session(2), session(4, field="design")]
    high = group(1, level="high", order=(("s4",),))
    barred = [replace(s, offer=replace(s.offer, levels=frozenset({"middle"}))) for s in sessions]
    asked = [demand(high, barred)]
    whole = document(CAMPAIGN, barred, {}, asked, "")["excluded"]
    assert [row[1] for row in whole] == ["s1", "s2", "s4"]
    monkeypatch.setattr(markets, "EVERY_REASON", 0)
    short = document(CAMPAIGN, barred, {}, asked, "")["excluded"]
    assert [row[1] for row in short] == ["s2", "s4"]


groups = st.builds(
    lambda people, stops, wants, smallest, split, alone: Group(
        "",
        "middle",
        2,
        1 if alone else people,
        fields=("drones", "sports"),
        stops=1 if alone else stops,
        wants=1 if alone else wants,
        smallest=min(smallest, people),
        split=Split(max(1, people // 2), 2) if split and not alone else None,
        order=(("s0",), ("s2",)) if alone else (),
        district="41281",
        alone=alone,
    ),
    st.integers(1, 40),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 40),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(groups, max_size=6), st.integers(0, 8), st.integers(0, 3))
def test_the_engine_reads_every_market_that_demands_can_make(
    asked: list[Group], count: int, limit: int
) -> None:
    fields = ("drones", "sports", "design")
    sessions = [session(n, fields[n % 3], hours=n * 2 % 9) for n in range(count)]
    demands = [demand(replace(g, id=f"g{i}"), sessions) for i, g in enumerate(asked)]
    limits = {"t1": limit} if limit else {}
    found = document(CAMPAIGN, sessions, limits, demands, "seed")
    read = Market.from_json(found)
    assert len(read.applicants) == len(demands)
    for i, one in enumerate(demands):
        wished = [
            tuple(read.sessions.id[s] for s in read.wishes.stops(w)) for w in read.wishes_of(i)
        ]
        assert wished == [entry.sessions for entry in one.order.entries]
