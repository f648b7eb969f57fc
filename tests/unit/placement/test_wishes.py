"""The rule from wishes to ranks: complete, deterministic, and as the golden examples say."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.placement.demands import wished, wishes
from services.placement.demands.refusals import CODES
from services.placement.demands.wished import DateWish, Frame, Group, Offered, Session, Split

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples" / "wishes"
FRAME = Frame(date(2024, 10, 7), date(2024, 11, 29), date(2024, 9, 20), frozenset())
MONDAY = datetime(2024, 10, 7, 1, 0, tzinfo=UTC)  # 10:00 in Seoul


def offer(id: str = "o1", **changes: Any) -> Offered:
    base = Offered(
        id=id,
        host="h1",
        team=f"team-{id}",
        field="drones",
        kind="visit",
        levels=frozenset({"middle"}),
        grades=frozenset(),
        setting="on_site",
        place_code="41281",
        accessible=frozenset(),
        minimum=1,
        maximum=30,
        lead_days=0,
        travel_minutes={},
    )
    return replace(base, **changes)


def session(id: str, of: Offered, start: datetime = MONDAY, minutes: int = 60) -> Session:
    return Session.at(id, of, start, start + timedelta(minutes=minutes), 1, 30)


def group(**changes: Any) -> Group:
    base = Group(id="g1", level="middle", grade=2, people=20, fields=("drones",))
    return replace(base, **changes)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda p: p.stem)
def test_golden_example_gives_the_published_order(path: Path) -> None:
    example = json.loads(path.read_text())
    given_in = example["input"]
    sessions = [s for row in given_in["offers"] for s in wished.sessions(row["id"], row)]
    needs = frozenset(given_in.get("needs", []))
    asked = wished.group(given_in["group"], needs, given_in.get("district"))
    found = wishes.order(asked, sessions, wished.frame(given_in["campaign"]))
    assert {
        "version": found.version,
        "order": [
            {"sessions": list(e.sessions), "rank": e.rank, "travel": list(e.travel)}
            for e in found.entries
        ],
        "excluded": [[e.session, e.code, e.facts] for e in found.excluded],
    } == example["expected"]


def test_field_first_orders_by_field_and_then_by_date() -> None:
    drones, sports = offer("o1"), offer("o2", field="sports")
    late = MONDAY + timedelta(days=2)
    asked = group(
        fields=("drones", "sports"), dates=(DateWish(late.date()), DateWish(MONDAY.date()))
    )
    all_of_them = [
        session("sports-late", sports, late),
        session("sports-early", sports),
        session("drones-early", drones),
        session("drones-late", drones, late),
    ]
    by_field = wishes.order(asked, all_of_them, FRAME)
    assert [e.sessions[0] for e in by_field.entries] == [
        "drones-late",
        "drones-early",
        "sports-late",
        "sports-early",
    ]
    by_date = wishes.order(replace(asked, first="date"), all_of_them, FRAME)
    assert [e.sessions[0] for e in by_date.entries] == [
        "drones-late",
        "sports-late",
        "drones-early",
        "sports-early",
    ]


def test_unranked_comes_last_and_equal_keys_share_a_rank() -> None:
    sessions = [
        session("a", offer("o1")),
        session("b", offer("o2")),
        session("c", offer("o3", field="sports")),
    ]
    found = wishes.order(group(), sessions, FRAME)
    assert [(e.sessions[0], e.rank) for e in found.entries] == [("a", 0), ("b", 0), ("c", 1)]


def test_a_wished_hour_that_the_session_leaves_does_not_count_as_the_wished_date() -> None:
    asked = group(dates=(DateWish(date(2024, 10, 7), 10 * 60, 10 * 60 + 30),))
    found = wishes.order(asked, [session("a", offer())], FRAME)
    assert found.entries[0].key == (0, 1)


@pytest.mark.parametrize(
    ("asked", "offered", "code", "facts"),
    [
        ({"blackout": frozenset({date(2024, 10, 7)})}, {}, "blackout", {"date": "2024-10-07"}),
        ({"weekdays": frozenset({3})}, {}, "weekday", {"weekday": 1}),
        ({}, {"lead_days": 30}, "lead_time", {"days": 17, "lead_days": 30}),
        ({"level": "high"}, {}, "level", {"level": "high"}),
        ({}, {"grades": frozenset({1, 3})}, "grade", {"grade": 2}),
        ({"kinds": frozenset({"talk"})}, {}, "kind", {"kind": "visit"}),
        ({"place": "in_school"}, {}, "place", {"setting": "on_site"}),
        (
            {"travel_limit": 30, "district": "11110"},
            {"travel_minutes": {"11110": 55}},
            "travel_limit",
            {"minutes": 55, "limit": 30},
        ),
        ({"needs": frozenset({"step_free"})}, {}, "access", {}),
        ({"people": 5}, {"minimum": 8}, "too_small", {"people": 5, "minimum": 8}),
        ({"people": 31}, {}, "too_big", {"people": 31, "maximum": 30}),
    ],
)
def test_each_hard_filter_names_its_reason(
    asked: dict[str, Any], offered: dict[str, Any], code: str, facts: dict[str, Any]
) -> None:
    found = wishes.order(group(**asked), [session("a", offer(**offered))], FRAME)
    assert found.entries == ()
    assert [(e.code, e.facts) for e in found.excluded] == [(code, facts)]


def test_window_and_unusable_dates_of_the_campaign_exclude() -> None:
    outside = session("out", offer(), MONDAY + timedelta(days=90))
    exam = session("exam", offer(), datetime(2024, 11, 14, 1, tzinfo=UTC))
    frame = replace(FRAME, unusable=frozenset({date(2024, 11, 14)}))
    found = wishes.order(group(), [outside, exam], frame)
    assert [(e.session, e.code) for e in found.excluded] == [
        ("exam", "unusable_date"),
        ("out", "date"),
    ]


def test_a_group_that_may_be_smaller_or_split_is_not_too_big() -> None:
    sessions = [session("a", offer())]
    assert wishes.order(group(people=36, smallest=28), sessions, FRAME).entries
    assert wishes.order(group(people=50, split=Split(20, 2)), sessions, FRAME).entries


def test_a_bundle_joins_two_teams_on_one_day_with_time_for_the_way() -> None:
    one, two = offer("o1"), offer("o2", field="sports", place_code="41285")
    sessions = [
        session("first", one),
        session("too-soon", two, MONDAY + timedelta(minutes=90)),
        session("in-time", two, MONDAY + timedelta(minutes=120)),
        session("same-team", one, MONDAY + timedelta(minutes=150)),
        session("other-day", two, MONDAY + timedelta(days=1)),
    ]
    found = wishes.order(group(stops=2), sessions, FRAME)
    assert [e.sessions for e in found.entries] == [("first", "in-time")]
    assert found.entries[0].travel == (wishes.OTHER_DISTRICT_MINUTES,)
    assert {e.session: e.code for e in found.excluded} == {
        "too-soon": "no_partner",
        "same-team": "no_partner",
        "other-day": "no_partner",
    }


def test_a_way_that_a_host_states_counts_instead_of_the_estimate() -> None:
    one = offer("o1", travel_minutes={"41285": 75})
    two = offer("o2", place_code="41285")
    sessions = [session("a", one), session("b", two, MONDAY + timedelta(minutes=140))]
    found = wishes.order(group(stops=2), sessions, FRAME)
    assert found.entries[0].travel == (75,)


def test_an_own_order_counts_as_it_stands_and_drops_what_cannot_be() -> None:
    sessions = [
        session("a", offer("o1")),
        session("b", offer("o2")),
        session("c", offer("o3", levels=frozenset({"high"}))),
        session("d", offer("o4")),
    ]
    asked = group(order=(("b",), ("c",), ("a",), ("b",)))
    found = wishes.order(asked, sessions, FRAME)
    assert [(e.sessions, e.rank) for e in found.entries] == [(("b",), 0), (("a",), 1)]
    assert {e.session: e.code for e in found.excluded} == {"c": "level", "d": "not_listed"}


def test_a_person_is_never_too_small_for_a_group_offer() -> None:
    data = {"level": "middle", "grade": 2, "wishes": ["a"]}
    found = wishes.order(wished.person(data, "p1"), [session("a", offer(minimum=10))], FRAME)
    assert [e.sessions for e in found.entries] == [("a",)]


def test_the_fingerprint_names_this_very_rule() -> None:
    assert len(wishes.fingerprint()) == 64
    assert wishes.fingerprint() == wishes.fingerprint()


offers = st.builds(
    offer,
    id=st.sampled_from(["o1", "o2", "o3", "o4"]),
    field=st.sampled_from(["drones", "sports", "design"]),
    grades=st.sampled_from([frozenset(), frozenset({1}), frozenset({2, 3})]),
    minimum=st.integers(1, 25),
    maximum=st.integers(25, 40),
    lead_days=st.sampled_from([0, 20, 40]),
    place_code=st.sampled_from(["41281", "41285"]),
    travel_minutes=st.dictionaries(st.sampled_from(["41281", "11110"]), st.integers(0, 90)),
)


@st.composite
def markets(draw: st.DrawFn) -> list[Session]:
    by_id = {o.id: o for o in draw(st.lists(offers, min_size=1, max_size=6))}
    found = []
    for i in range(draw(st.integers(0, 14))):
        start = MONDAY + timedelta(
            days=draw(st.integers(0, 4)), minutes=30 * draw(st.integers(0, 12))
        )
        of = by_id[draw(st.sampled_from(sorted(by_id)))]
        found.append(session(f"s{i}", of, start, draw(st.sampled_from([30, 60, 120]))))
    return found


groups = st.builds(
    group,
    people=st.integers(1, 45),
    fields=st.permutations(["drones", "sports", "design"]).map(lambda p: tuple(p[:2])),
    dates=st.lists(
        st.builds(DateWish, st.dates(date(2024, 10, 7), date(2024, 10, 11))), max_size=3
    ).map(tuple),
    first=st.sampled_from(["field", "date"]),
    stops=st.integers(1, 3),
    travel_limit=st.sampled_from([None, 20, 60]),
    district=st.sampled_from([None, "11110", "41281"]),
    weekdays=st.sampled_from([frozenset(), frozenset({1, 3})]),
    order=st.lists(
        st.lists(
            st.sampled_from([f"s{i}" for i in range(14)]), min_size=1, max_size=3, unique=True
        ).map(tuple),
        max_size=6,
    ).map(tuple),
)


@given(groups, markets(), st.randoms())
def test_every_session_is_ordered_or_excluded_exactly_once_whatever_the_input(
    asked: Group, sessions: list[Session], random: object
) -> None:
    found = wishes.order(asked, sessions, FRAME)
    ordered = {id for entry in found.entries for id in entry.sessions}
    excluded = [e.session for e in found.excluded]
    assert len(excluded) == len(set(excluded))
    assert ordered | set(excluded) == {s.id for s in sessions}
    assert not ordered & set(excluded)
    assert {e.code for e in found.excluded} <= set(CODES)
    ranks = [e.rank for e in found.entries]
    assert ranks == sorted(ranks)
    assert not ranks or ranks[0] == 0
    shuffled = sessions[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert wishes.order(asked, shuffled, FRAME) == found


@given(groups, markets())
def test_every_visit_can_be_walked(asked: Group, sessions: list[Session]) -> None:
    by_id = {s.id: s for s in sessions}
    for entry in wishes.order(asked, sessions, FRAME).entries:
        stops = [by_id[id] for id in entry.sessions]
        assert len({s.day for s in stops}) == 1
        assert len({s.offer.place_of_work for s in stops}) == len(stops)
        for before, after, way in zip(stops, stops[1:], entry.travel, strict=False):
            assert before.end + way <= after.start
