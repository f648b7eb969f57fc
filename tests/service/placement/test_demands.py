"""Demands over the service's doors: the order, the market, the gap, and what is missing."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from chassis.act import Act
from chassis.errors import NotFound
from chassis.scope import Centre
from services.placement.demands import operations
from services.placement.demands.manifest import bucket_of, digest
from services.placement.engine.market import Market
from tests.service.placement.world import (
    CAMPAIGN,
    CENTRE,
    HOST,
    NOW,
    OTHER_CAMPAIGN,
    OTHER_CENTRE,
    OTHER_SCHOOL,
    SCHOOL,
    World,
    an_id,
    campaign,
    group,
    peopled,
    prepared,
    survey,
)
from tests.support.stack import Servers

STAFF = f"centre:{CENTRE}"
ORDER = f"/api/v1/campaigns/{CAMPAIGN}/order"
SUPPLY = f"/api/v1/campaigns/{CAMPAIGN}/supply"


def wednesday(hour: int, day: str = "2024-11-06") -> dict[str, str]:
    return {"start": f"{day}T{hour:02}:00:00+09:00", "end": f"{day}T{hour + 2:02}:00:00+09:00"}


@pytest.fixture(scope="module")
def app(servers: Servers) -> Iterator[Flask]:
    with prepared(servers) as made:
        yield made


@pytest.fixture
def here(app: Flask) -> World:
    made = peopled(app)
    made.approve()
    return made


def closed(*lines: tuple[str, str, int]) -> dict[str, Any]:
    """`campaign.closed` with the manifest of these (kind, id, sequence)."""
    kinds: dict[str, dict[str, Any]] = {"surveys": {}, "needs": {}, "applications": {}}
    for kind in kinds:
        rows: dict[str, list[tuple[str, int]]] = {}
        for _, id, sequence in (line for line in lines if line[0] == kind):
            rows.setdefault(bucket_of(id), []).append((id, sequence))
        kinds[kind] = {b: {"count": len(r), "sha256": digest(r)} for b, r in rows.items()}
    return {**campaign(status="closed"), "manifest": {"kinds": kinds}}


def test_a_school_sees_the_order_of_its_wishes_with_reasons_in_words(here: World) -> None:
    here.publish(slots=[wednesday(10), wednesday(10, "2024-11-14")])
    here.publish(
        title="축구장 운영",
        field="sports",
        team_name="체육정책팀",
        maximum=20,
        slots=[wednesday(14)],
    )
    wishes = {**group(), "class_name": "2학년 3반", "remarks": "밖에서 볼 일 없음"}
    found = here.do(f"school:{SCHOOL}", "POST", ORDER, wishes)
    assert [(e["rank"], e["stops"][0]["title"]) for e in found["entries"]] == [
        (0, "드론 조종과 정비")
    ]
    assert {e["code"]: e["reason"] for e in found["excluded"]} == {
        "unusable_date": "11월 14일(목)은 이 사업에서 쓸 수 없는 날입니다.",
        "too_big": "24명은 이 회차의 자리 20명보다 많습니다.",
    }
    assert len(found["rule_hash"]) == 64


def test_the_schools_own_district_decides_on_the_way(here: World) -> None:
    here.publish(slots=[wednesday(10)])
    near = here.do(f"school:{SCHOOL}", "POST", ORDER, group(travel_limit=30))
    far = here.do(f"school:{OTHER_SCHOOL}", "POST", ORDER, group(travel_limit=30))
    assert len(near["entries"]) == 1
    assert [e["code"] for e in far["excluded"]] == ["travel_limit"]
    asked = here.do(STAFF, "POST", ORDER, {**group(travel_limit=30), "school": OTHER_SCHOOL})
    assert [e["code"] for e in asked["excluded"]] == ["travel_limit"]
    foreign = here.ask(f"centre:{OTHER_CENTRE}", "POST", ORDER, group())
    assert foreign.status_code == 404


def test_an_order_with_a_field_missing_says_which(here: World) -> None:
    found = here.ask(f"school:{SCHOOL}", "POST", ORDER, {"level": "middle"})
    assert [e["pointer"] for e in found.get_json()["errors"]] == ["/people"]


def test_the_market_of_a_campaign_is_one_that_the_engine_reads(here: World) -> None:
    drones = here.publish(slots=[wednesday(10)], day_limit=1, minimum=1)
    sports = here.publish(
        title="체육", field="sports", team_name="체육정책팀", minimum=1, slots=[wednesday(14)]
    )
    here.publish(
        title="안 되는 날", field="design", team_name="", slots=[wednesday(10, "2024-11-14")]
    )
    two = group("two stops", people=12, stops=2)
    stepfree = group("step free", people=10)
    small = group("fewer", people=40, smallest=28)
    here.told("survey.submitted", an_id("s1"), survey(two, small))
    here.told("survey.submitted", an_id("s2"), survey(stepfree, school=OTHER_SCHOOL))
    needs = {"survey": an_id("s2"), "campaign": CAMPAIGN, "groups": {stepfree["id"]: ["step_free"]}}
    here.told("needs.declared", an_id("s2"), needs)
    person = {
        "centre": CENTRE,
        "campaign": CAMPAIGN,
        "school": SCHOOL,
        "person": an_id("pupil"),
        "level": "middle",
        "grade": 1,
        "wishes": [here.sessions(sports)[0]["id"], here.sessions(drones)[0]["id"]],
        "submitted_at": NOW,
    }
    here.told("application.submitted", an_id("a1"), person)
    gone = {"centre": CENTRE, "campaign": CAMPAIGN, "school": SCHOOL}
    here.told("survey.submitted", an_id("s3"), survey(group("gone")))
    here.told("survey.withdrawn", an_id("s3"), gone)

    frozen = operations.market(here.context.act(), CAMPAIGN, seed="ab")
    market = Market.from_json(frozen.document)
    applicants = {a["id"]: a for a in frozen.document["applicants"]}
    assert set(applicants) == {two["id"], small["id"], stepfree["id"], an_id("a1")}
    first, second = here.sessions(drones)[0]["id"], here.sessions(sports)[0]["id"]
    assert [w["stops"] for w in applicants[two["id"]]["wishes"]] == [[first, second]]
    assert applicants[two["id"]]["wishes"][0]["travel"] == [15]
    assert applicants[small["id"]]["split"] == {"smallest": 28, "parts": 1}
    assert applicants[stepfree["id"]]["wishes"] == []
    assert [w["stops"] for w in applicants[an_id("a1")]["wishes"]] == [[second], [first]]
    codes = {(row[0], row[2]) for row in frozen.document["excluded"]}
    assert (stepfree["id"], "access") in codes
    assert not any("step_free" in str(row) for row in frozen.document["excluded"])
    assert frozen.document["rules"]["stages"] == ["placed", "rank", "leximin", "cost", "lottery"]
    assert frozen.versions[drones] == 1
    again = operations.market(here.context.act(), CAMPAIGN, seed="ab")
    assert Market.from_json(again.document).hash() == market.hash()


def test_a_held_hosts_sessions_are_in_no_order_and_say_so(here: World) -> None:
    here.publish(slots=[wednesday(10)])
    held = {"status": "held", "reason_code": "unsafe"}
    here.do(STAFF, "POST", f"/api/v1/hosts/{HOST}/vetting", held)
    found = here.do(f"school:{SCHOOL}", "POST", ORDER, group())
    assert [e["code"] for e in found["excluded"]] == ["not_open"]
    here.told("survey.submitted", an_id("s1"), survey(group()))
    assert Market.from_json(operations.market(here.context.act(), CAMPAIGN).document)


def test_a_centre_sees_only_its_own_demands(here: World) -> None:
    here.told("survey.submitted", an_id("s1"), survey(group()))
    act = here.context.act()
    own = operations.groups(_as(act, CENTRE), CAMPAIGN)
    assert [d.survey for d in own] == [an_id("s1")]
    with pytest.raises(NotFound):
        operations.groups(_as(act, OTHER_CENTRE), CAMPAIGN)
    assert operations.groups(_as(act, OTHER_CENTRE), OTHER_CAMPAIGN) == []


def test_a_complete_copy_has_nothing_missing_and_each_hole_has_its_cause(here: World) -> None:
    act = here.context.act()
    assert [h.why for h in operations.missing(act, CAMPAIGN)] == ["not_closed"]
    one, two, lost = an_id("s1"), an_id("s2"), an_id("lost")
    here.told("survey.submitted", one, survey(group("g1")))
    here.told("survey.submitted", two, survey(group("g2"), school=OTHER_SCHOOL))
    here.told(
        "survey.withdrawn", two, {"centre": CENTRE, "campaign": CAMPAIGN, "school": OTHER_SCHOOL}
    )
    here.told("needs.declared", one, {"survey": one, "campaign": CAMPAIGN, "groups": {}}, 3)
    lines = [("surveys", one, 1), ("surveys", two, 2), ("needs", one, 3)]
    here.told("campaign.closed", CAMPAIGN, closed(*lines))
    assert operations.missing(act, CAMPAIGN) == []
    late = closed(*lines, ("surveys", lost, 1))["manifest"]
    here.told("campaign.manifest_amended", CAMPAIGN, {"manifest": late, "cause": lost})
    hole = operations.missing(act, CAMPAIGN)[0]
    assert (hole.kind, hole.bucket, hole.why) == ("surveys", bucket_of(lost), "lag")
    here.context.database["parked"].insert_one(
        {
            "group": "placement-project",
            "topic": "registration.surveys",
            "key": lost,
            "sequence": 1,
            "why": "poison",
        }
    )
    assert operations.missing(act, CAMPAIGN)[0].why == "dead_letter"
    shown = here.do(STAFF, "GET", f"/api/v1/campaigns/{CAMPAIGN}/copy")
    assert shown["complete"] is False
    assert "운영자가 확인해 주세요" in shown["holes"][0]["reason"]
    foreign = here.ask(f"centre:{OTHER_CENTRE}", "GET", f"/api/v1/campaigns/{CAMPAIGN}/copy")
    assert foreign.status_code == 404


def test_the_gap_is_whole_for_its_centre_and_hides_single_schools_from_others(
    here: World,
) -> None:
    here.publish(slots=[wednesday(10)])
    here.told("survey.submitted", an_id("s1"), survey(group(people=40)))
    own = here.do(STAFF, "GET", SUPPLY)
    assert [(r["field"], r["demand"], r["seats"], r["level_name"]) for r in own["fields"]] == [
        ("drones", 40, 30, "부족")
    ]
    for who, path in (
        ("", f"{SUPPLY}/public"),
        (f"school:{SCHOOL}", SUPPLY),
        (f"centre:{OTHER_CENTRE}", SUPPLY),
    ):
        found = here.do(who, "GET", path)
        assert [(r["demand"], r["level"]) for r in found["fields"]] == [(None, "short")]
        assert found["demand"] is None
    office = here.do(f"office:{an_id('office')}", "GET", SUPPLY)
    assert office["fields"][0]["demand"] == 40


def test_an_amended_survey_replaces_and_an_old_relation_counts_no_more(here: World) -> None:
    here.told("survey.submitted", an_id("s1"), survey(group("a"), group("b")))
    here.told("survey.amended", an_id("s1"), survey(group("a", people=11)))
    found = operations.groups(here.context.act(), CAMPAIGN)
    assert [(d.group.id, d.group.people) for d in found] == [(an_id("a"), 11)]
    here.told("organisation.relation_ended", CENTRE, {"relation": "centre_school", "other": SCHOOL})
    asked = here.ask(STAFF, "POST", ORDER, {**group(), "school": SCHOOL})
    assert asked.status_code == 404


def _as(act: Act, centre: str) -> Act:
    return replace(act, scope=Centre(centre))
