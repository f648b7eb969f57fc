"""Vetting of hosts over HTTP."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.service.placement.world import (
    CENTRE,
    HOST,
    OTHER_CENTRE,
    SCHOOL,
    World,
    an_id,
    offer,
    peopled,
    prepared,
)
from tests.support.stack import Servers


@pytest.fixture(scope="module")
def app(servers: Servers) -> Iterator[Flask]:
    with prepared(servers) as made:
        yield made


@pytest.fixture
def here(app: Flask) -> World:
    return peopled(app)


def test_a_host_is_vetted_step_by_step_and_each_step_is_told_and_kept(here: World) -> None:
    here.approve()
    found = here.do(f"centre:{CENTRE}", "GET", f"/api/v1/hosts/{HOST}")
    assert found["status"] == "approved"
    assert [s["status"] for s in found["steps"]] == ["found", "contacted", "visited", "approved"]
    row = here.context.database["vettings"].find_one({"state.host": HOST})
    assert row is not None
    assert [e["type"] for e in row["outbox"]] == ["host.vetting_changed"] * 4


def test_a_step_out_of_order_and_a_hold_without_reason_are_refused(here: World) -> None:
    vetting = f"/api/v1/hosts/{HOST}/vetting"
    first = here.ask(f"centre:{CENTRE}", "POST", vetting, {"status": "approved"})
    assert (first.status_code, first.get_json()["code"]) == (409, "vetting_begins_at_found")
    here.do(f"centre:{CENTRE}", "POST", vetting, {"status": "found"})
    skipped = here.ask(f"centre:{CENTRE}", "POST", vetting, {"status": "approved"})
    assert (skipped.status_code, skipped.get_json()["code"]) == (409, "vetting_step")
    held = here.ask(f"centre:{CENTRE}", "POST", vetting, {"status": "held"})
    assert held.status_code == 422
    assert held.get_json()["errors"][0]["pointer"] == "/reason_code"


def test_the_same_step_sent_twice_by_an_impatient_click_is_one_step(here: World) -> None:
    vetting = f"/api/v1/hosts/{HOST}/vetting"
    body = {"status": "found"}
    one = here.do(f"centre:{CENTRE}", "POST", vetting, body, key="same-key-1")
    two = here.do(f"centre:{CENTRE}", "POST", vetting, body, key="same-key-1")
    assert one == two


def test_a_stranger_cannot_be_vetted_and_another_centre_sees_nothing(here: World) -> None:
    stranger = f"/api/v1/hosts/{an_id('stranger')}/vetting"
    assert here.ask(f"centre:{CENTRE}", "POST", stranger, {"status": "found"}).status_code == 404
    here.approve()
    found = here.ask(f"centre:{OTHER_CENTRE}", "GET", f"/api/v1/hosts/{HOST}")
    assert found.status_code == 404


def test_a_host_sees_its_own_state_without_the_notes(here: World) -> None:
    note = {"status": "found", "reason": "이웃 센터가 소개함"}
    here.do(f"centre:{CENTRE}", "POST", f"/api/v1/hosts/{HOST}/vetting", note)
    own = here.do(f"host:{HOST}", "GET", "/api/v1/hosts")
    assert [(row["status"], row["steps"]) for row in own["items"]] == [("found", [])]
    assert here.do(f"host:{SCHOOL}", "GET", "/api/v1/hosts")["items"] == []


def test_a_held_host_publishes_nothing_until_it_is_visited_and_approved_again(
    here: World,
) -> None:
    here.approve()
    vetting = f"/api/v1/hosts/{HOST}/vetting"
    held = {"status": "held", "reason_code": "unsafe"}
    here.do(f"centre:{CENTRE}", "POST", vetting, held)
    made = here.do(f"centre:{CENTRE}", "POST", "/api/v1/offers", offer())
    publish = f"/api/v1/offers/{made['id']}/publish"
    refused = here.ask(f"centre:{CENTRE}", "POST", publish, {})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "host_not_approved")
    for status in ("visited", "approved"):
        here.do(f"centre:{CENTRE}", "POST", vetting, {"status": status})
    here.do(f"centre:{CENTRE}", "POST", publish, {})
