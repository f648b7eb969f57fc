"""Offers over HTTP: who may, versions, one calendar per team, and what is told."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from flask import Flask

from chassis.contracts import faults
from tests.service.placement.world import (
    CAMPAIGN,
    CENTRE,
    HOST,
    OTHER_CAMPAIGN,
    OTHER_CENTRE,
    OTHER_HOST,
    SCHOOL,
    World,
    an_id,
    campaign,
    offer,
    peopled,
    prepared,
)
from tests.support.stack import Servers

STAFF = f"centre:{CENTRE}"
SLOT = {"start": "2024-11-06T10:00:00+09:00", "end": "2024-11-06T12:00:00+09:00"}
OVERLAP = {"start": "2024-11-06T11:00:00+09:00", "end": "2024-11-06T13:00:00+09:00"}


@pytest.fixture(scope="module")
def app(servers: Servers) -> Iterator[Flask]:
    with prepared(servers) as made:
        yield made


@pytest.fixture
def here(app: Flask) -> World:
    made = peopled(app)
    made.approve()
    return made


def test_a_published_offer_is_told_as_codes_and_its_words_are_sealed(here: World) -> None:
    id = here.publish(hazards=["incineration_plant"], telephone="031-000-0000")
    row = here.context.database["offers"].find_one({"_id": id})
    assert row is not None
    assert [(e["type"], e["topic"]) for e in row["outbox"]] == [
        ("offer.published", "placement.offers"),
        ("offer_label.changed", "placement.labels"),
    ]
    assert "드론".encode() not in bytes(row["outbox"][0]["data"])
    assert "드론".encode() not in bytes(row["outbox"][1]["data"])
    shown = here.do(STAFF, "GET", f"/api/v1/offers/{id}")
    assert (shown["status"], shown["offer_version"], len(shown["sessions"])) == ("published", 1, 2)


def test_what_is_sent_wrongly_is_named_field_by_field_in_both_languages(here: World) -> None:
    body = offer(
        field="wizardry",
        minimum=40,
        travel_minutes={"41281": 900},
        slots=[{"start": SLOT["end"], "end": SLOT["start"]}],
    )
    found = here.ask(STAFF, "POST", "/api/v1/offers", body)
    assert found.status_code == 422
    errors = {e["pointer"]: e["detail"] for e in found.get_json()["errors"]}
    assert set(errors) >= {"/field", "/minimum", "/slots/0/end", "/travel_minutes/41281"}
    assert "30 이하로 적어 주세요" in errors["/minimum"]


def test_faults_of_shape_and_of_rules_are_told_in_one_answer(here: World) -> None:
    broken = {
        "title": "",
        "field": "wizardry",
        "maximum": "many",
        "terms": {"people": 9000},
        "either_or": True,
        "team_name": None,
        "levels": ["middle", "kindergarten"],
        "slots": [{"start": "soon", "end": SLOT["end"]}, {**SLOT, "end": SLOT["start"]}],
    }
    told = {"/title", "/field", "/maximum", "/either_or", "/levels/1", "/slots/0/start"}
    found = here.ask(STAFF, "POST", "/api/v1/offers", offer(**broken))
    assert {e["pointer"] for e in found.get_json()["errors"]} == {*told, "/slots/1/end"}
    id = here.do(STAFF, "POST", "/api/v1/offers", offer())["id"]
    content = {k: v for k, v in offer(**broken).items() if k not in ("host", "campaign")}
    again = here.ask(STAFF, "PUT", f"/api/v1/offers/{id}", content)
    assert {e["pointer"] for e in again.get_json()["errors"]} == {*told, "/slots/1/end"}
    strange = here.ask(STAFF, "PUT", f"/api/v1/offers/{an_id('none')}", content)
    assert "/levels/1" not in {e["pointer"] for e in strange.get_json()["errors"]}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"team": "not an id"}, "/team"),
        ({"slots": [{"start": "2024-11-06T10:00:00", "end": "2024-11-06T11:00:00"}]}, "/slots/0"),
        ({"slots": [{"start": "0001-01-01T00:00:00+23:00", "end": SLOT["end"]}]}, "/slots/0"),
        ({"blackout": ["2024-02-30"]}, "/blackout/0"),
        ({"levels": ["kindergarten"]}, "/levels/0"),
        ({"travel_minutes": {"": 5}}, "/travel_minutes/"),
    ],
)
def test_odd_values_are_named_and_never_break_an_event(
    here: World, change: dict[str, Any], pointer: str
) -> None:
    found = here.ask(STAFF, "POST", "/api/v1/offers", offer(**change))
    assert found.status_code == 422
    assert found.get_json()["errors"][0]["pointer"].startswith(pointer)


def test_a_value_named_twice_counts_once(here: World) -> None:
    id = here.publish(levels=["middle", "middle"], grades=[2, 2], accessible=["captions"] * 2)
    shown = here.do(STAFF, "GET", f"/api/v1/offers/{id}")
    assert (shown["levels"], shown["grades"]) == (["middle"], [2])


def test_a_recurring_offer_leaves_out_holidays_and_says_so(here: World) -> None:
    rule = {
        "weekdays": [3, 4],
        "begins": "10:00",
        "ends": "12:00",
        "first": "2024-10-07",
        "last": "2024-11-15",
    }
    made = here.do(STAFF, "POST", "/api/v1/offers", offer(slots=[], recurring=[rule]))
    shown = here.do(STAFF, "GET", f"/api/v1/offers/{made['id']}")
    assert shown["skipped"] == [
        {"date": "2024-10-09", "code": "holiday"},
        {"date": "2024-11-14", "code": "unusable_date"},
    ]
    assert len(shown["sessions"]) == 10


def test_a_team_cannot_be_in_two_places_and_the_clash_is_named(here: World) -> None:
    here.publish(title="드론 조종")
    made = here.do(STAFF, "POST", "/api/v1/offers", offer(title="드론 정비", slots=[OVERLAP]))
    found = here.ask(STAFF, "POST", f"/api/v1/offers/{made['id']}/publish", {})
    assert (found.status_code, found.get_json()["code"]) == (409, "team_busy")
    assert "드론 조종" in found.get_json()["title"]
    other = here.do(STAFF, "POST", "/api/v1/offers", offer(team_name="방송영상팀", slots=[OVERLAP]))
    here.do(STAFF, "POST", f"/api/v1/offers/{other['id']}/publish", {})


def test_the_calendar_spans_centres_without_telling_one_about_the_other(here: World) -> None:
    here.approve(centre=OTHER_CENTRE)
    here.publish()
    body = offer(campaign=OTHER_CAMPAIGN, slots=[OVERLAP])
    stranger = f"centre:{OTHER_CENTRE}"
    made = here.do(stranger, "POST", "/api/v1/offers", body)
    found = here.ask(stranger, "POST", f"/api/v1/offers/{made['id']}/publish", {})
    assert (found.status_code, found.get_json()["code"]) == (409, "team_busy_elsewhere")
    assert "offer" not in found.get_json()["facts"]
    own = here.do(
        f"host:{HOST}", "POST", "/api/v1/offers", {**body, "host": None, "centre": OTHER_CENTRE}
    )
    named = here.ask(f"host:{HOST}", "POST", f"/api/v1/offers/{own['id']}/publish", {})
    assert named.get_json()["code"] == "team_busy"


def test_of_two_offers_published_at_once_for_one_team_only_one_wins(here: World) -> None:
    ids = [
        here.do(STAFF, "POST", "/api/v1/offers", offer(title=f"체험 {n}", slots=[slot]))["id"]
        for n, slot in enumerate((SLOT, OVERLAP))
    ]

    def publish(id: str) -> int:
        client = here.client.application.test_client()
        return client.post(
            f"/placement/api/v1/offers/{id}/publish",
            json={},
            headers={"Authorization": f"Bearer {STAFF}", "Idempotency-Key": f"race-{id}"},
        ).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(publish, ids)) == [200, 409]


def test_a_host_sees_one_calendar_whichever_centre_asked(here: World) -> None:
    here.approve(centre=OTHER_CENTRE)
    here.publish(slots=[SLOT])
    late = {"start": "2024-11-06T14:00:00+09:00", "end": "2024-11-06T16:00:00+09:00"}
    here.publish(f"centre:{OTHER_CENTRE}", campaign=OTHER_CAMPAIGN, slots=[late])
    teams = here.do(f"host:{HOST}", "GET", "/api/v1/calendar")["teams"]
    assert [(t["team_name"], [one["centre"] for one in t["taken"]]) for t in teams] == [
        ("드론산업팀", [CENTRE, OTHER_CENTRE])
    ]
    assert here.do(f"host:{OTHER_HOST}", "GET", "/api/v1/calendar")["teams"] == []


def test_alternatives_of_one_team_may_overlap_when_both_say_so(here: World) -> None:
    here.publish(title="이론", either_or=True, slots=[SLOT])
    here.publish(title="실습", either_or=True, slots=[OVERLAP])


def test_a_revision_is_the_next_version_and_frees_the_hours_it_gives_up(here: World) -> None:
    id = here.publish(slots=[SLOT])
    kept = {k: v for k, v in offer(slots=[]).items() if k not in ("host", "campaign")}
    later = {"start": "2024-11-20T10:00:00+09:00", "end": "2024-11-20T12:00:00+09:00"}
    here.do(STAFF, "PUT", f"/api/v1/offers/{id}", {**kept, "slots": [later], "maximum": 20})
    statuses = {s["start"][:10]: s["status"] for s in here.sessions(id)}
    assert statuses == {"2024-11-06": "cancelled", "2024-11-20": "open"}
    versions = here.do(STAFF, "GET", f"/api/v1/offers/{id}/versions")["items"]
    assert [(v["offer_version"], v["content"]["maximum"]) for v in versions] == [(1, 30), (2, 20)]
    here.publish(title="빈 시간", slots=[OVERLAP])
    row = here.context.database["offers"].find_one({"_id": id})
    assert row is not None
    assert [e["type"] for e in row["outbox"]][2:] == ["offer.revised", "offer_label.changed"]


def test_after_closing_nothing_is_taken_away_but_something_may_be_added(here: World) -> None:
    id = here.publish(slots=[SLOT])
    here.told("campaign.closing", CAMPAIGN, campaign(status="closing"))
    kept = {k: v for k, v in offer().items() if k not in ("host", "campaign")}
    path = f"/api/v1/offers/{id}"
    changes: list[dict[str, Any]] = [
        {"slots": []},
        {"maximum": 10, "slots": [SLOT]},
        {"slots": [OVERLAP]},
    ]
    for change in changes:
        found = here.ask(STAFF, "PUT", path, {**kept, **change})
        assert (found.status_code, found.get_json()["code"]) == (409, "offer_frozen")
    here.do(STAFF, "PUT", path, {**kept, "meeting_point": "후문"})
    withdrawn = here.ask(STAFF, "POST", f"{path}/withdraw", {"reason_code": "no_staff"})
    assert withdrawn.get_json()["code"] == "offer_frozen"


def test_a_second_click_on_publish_publishes_once(here: World) -> None:
    made = here.do(STAFF, "POST", "/api/v1/offers", offer())
    path = f"/api/v1/offers/{made['id']}/publish"
    one = here.do(STAFF, "POST", path, {}, key="double-click")
    assert here.do(STAFF, "POST", path, {}, key="double-click") == one
    other = here.ask(STAFF, "POST", path, {"by_telephone": None}, key="double-click")
    assert (other.status_code, other.get_json()["code"]) == (422, "key_reused")
    assert here.context.database["offer_versions"].count_documents({}) == 1


def test_whoever_revises_what_has_changed_meanwhile_is_told_so(here: World) -> None:
    id = here.publish(slots=[SLOT])
    read = here.do(STAFF, "GET", f"/api/v1/offers/{id}")["version"]
    kept = {k: v for k, v in offer(slots=[SLOT]).items() if k not in ("host", "campaign")}
    headers = {"Authorization": f"Bearer {STAFF}", "If-Match": f'"{read}"'}

    def revise(key: str) -> int:
        return here.client.put(
            f"/placement/api/v1/offers/{id}",
            json={**kept, "meeting_point": key},
            headers={**headers, "Idempotency-Key": key},
        ).status_code

    assert [revise("first-revision"), revise("second-revision")] == [200, 412]


def test_a_withdrawn_offer_is_told_and_its_hours_are_free_again(here: World) -> None:
    id = here.publish(slots=[SLOT])
    here.do(STAFF, "POST", f"/api/v1/offers/{id}/withdraw", {"reason_code": "no_staff"})
    here.publish(title="다른 체험", slots=[OVERLAP])
    row = here.context.database["offers"].find_one({"_id": id})
    assert row is not None
    assert row["outbox"][-1]["type"] == "offer.withdrawn"


def test_a_centre_records_for_a_host_on_the_telephone_and_a_host_cannot_claim_that(
    here: World,
) -> None:
    said = {"spoken_with": "김 주무관", "at": "2024-09-03T02:00:00Z"}
    made = here.do(STAFF, "POST", "/api/v1/offers", offer(by_telephone=said))
    shown = here.do(STAFF, "GET", f"/api/v1/offers/{made['id']}")
    assert shown["changes"][0]["by_telephone"]["spoken_with"] == "김 주무관"
    row = here.context.database["offers"].find_one({"_id": made["id"]})
    assert "김 주무관" not in str(row)
    body = offer(by_telephone=said, host=None, centre=CENTRE)
    found = here.ask(f"host:{HOST}", "POST", "/api/v1/offers", body)
    assert found.get_json()["errors"][0]["code"] == "by_telephone_centre_only"


def test_who_is_not_concerned_finds_nothing_and_a_school_sees_what_is_published(
    here: World,
) -> None:
    draft = here.do(STAFF, "POST", "/api/v1/offers", offer(title="초안"))["id"]
    id = here.publish(telephone="031-000-0000")
    for who in (f"centre:{OTHER_CENTRE}", f"host:{OTHER_HOST}", f"school:{SCHOOL}"):
        assert here.ask(who, "GET", f"/api/v1/offers/{draft}").status_code == 404
    for who in (f"centre:{OTHER_CENTRE}", f"host:{OTHER_HOST}"):
        assert here.ask(who, "PUT", f"/api/v1/offers/{id}", {}).status_code == 422
        found = here.ask(who, "POST", f"/api/v1/offers/{id}/withdraw", {"reason_code": "no_staff"})
        assert found.status_code == 404
        assert here.ask(who, "GET", f"/api/v1/offers/{id}/versions").status_code == 404
    seen = here.do(f"school:{SCHOOL}", "GET", f"/api/v1/offers/{id}")
    assert "telephone" not in seen
    assert seen["title"] == "드론 조종과 정비"
    listed = here.do("", "GET", f"/api/v1/campaigns/{CAMPAIGN}/offers")["items"]
    assert [row["id"] for row in listed] == [id]


def test_a_host_that_another_centre_works_with_is_out_of_reach(here: World) -> None:
    body = offer(host=OTHER_HOST, campaign=OTHER_CAMPAIGN)
    found = here.ask(f"centre:{OTHER_CENTRE}", "POST", "/api/v1/offers", body)
    assert found.status_code == 404
    foreign = here.ask(STAFF, "POST", "/api/v1/offers", offer(campaign=OTHER_CAMPAIGN))
    assert foreign.status_code == 404


def test_every_event_of_an_offers_life_fits_its_contract(here: World) -> None:
    id = here.publish(campaign=None, team_name=None, slots=[SLOT])
    row = here.context.database["offers"].find_one({"_id": id})
    assert row is not None

    assert faults("offer.published", orjson.loads(row["outbox"][0]["data"])) == []
