"""A contracted operator runs a centre for a term: its staff act for the centre, then no more."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from chassis.events.envelope import Received, headers, read
from services.registration import reactions
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Relation
from tests.service.registration.conftest import PASSWORD, Caller, Registration

LOGIN = "operator-staff"


def operator_of(centre: Caller, since: date, until: date) -> str:
    """A company that runs the centre by contract from one day to another."""
    id: str = centre.done(
        "POST", "/api/v1/organisations", {"kinds": ["company"], "name": "이음교육"}
    )["id"]
    tie = {"relation": "operator", "other": id}
    term = {"since": since.isoformat(), "until": until.isoformat()}
    path = f"/api/v1/organisations/{centre.organisation}/relations"
    centre.done("POST", path, {**tie, **term})
    return id


def staff(registration: Registration, centre: Caller, operator: str) -> None:
    """Somebody of the operator enters with a code and is let in."""
    body = {"organisation": operator, "role": "centre", "duty": "coordinator"}
    invitation = centre.done("POST", "/api/v1/invitations", body)
    entering = {
        "code": invitation["extra"]["code"],
        "login": LOGIN,
        "password": PASSWORD,
        "email": "staff@operator.example",
    }
    registration.anyone().done("POST", "/api/v1/invitations/accept", entering)
    centre.done("POST", f"/api/v1/invitations/{invitation['id']}/approve")


def last_event(registration: Registration, collection: str, id: str) -> Received:
    document = registration.context.database[collection].find_one({"_id": id})
    assert document is not None
    entry = document["outbox"][-1]
    return read(entry["topic"], id, entry["data"], headers(entry))


@pytest.fixture
def centre(registration: Registration) -> Caller:
    return registration.user("centre")


@pytest.fixture
def today(registration: Registration) -> date:
    return registration.act().now.date()


def test_staff_of_the_operator_act_for_the_centre_and_hear_what_it_is_told(
    registration: Registration, centre: Caller, today: date
) -> None:
    operator = operator_of(centre, today - timedelta(days=30), today + timedelta(days=30))
    staff(registration, centre, operator)
    person = registration.sign_in(LOGIN)
    assert person.organisation == centre.organisation
    assert person.centres == [centre.organisation]
    assert person.done("GET", "/api/v1/organisations?relation=operator")["items"]
    (contact,) = registration.context.database["contacts"].find(
        {"state.organisation": centre.organisation, "state.post": {"$ne": None}},
        sort=[("_id", -1)],
        limit=1,
    )
    assert contact["state"]["centre"] == centre.organisation


def test_before_its_term_the_operator_neither_invites_nor_enters(
    registration: Registration, centre: Caller, today: date
) -> None:
    operator = operator_of(centre, today + timedelta(days=2), today + timedelta(days=30))
    body = {"organisation": operator, "role": "centre", "duty": "coordinator"}
    assert centre.refused(403, "POST", "/api/v1/invitations", body)["code"] == "only_own_staff"


def test_when_the_relation_ends_the_operators_staff_are_shut_out_and_written_to_no_more(
    registration: Registration, centre: Caller, today: date
) -> None:
    operator = operator_of(centre, today - timedelta(days=30), today + timedelta(days=30))
    staff(registration, centre, operator)
    person = registration.sign_in(LOGIN)
    own = organisations.shown(registration.act(), centre.organisation)
    organisations.end_relation(registration.act(), own.id, Relation.OPERATOR, operator)
    refused = registration.anyone().client.post(
        "/session", json={"login": LOGIN, "password": PASSWORD}
    )
    assert (refused.status_code, refused.get_json()["code"]) == (401, "operator_term_over")
    assert "센터로 문의" in refused.get_json()["title"]
    event = last_event(registration, "organisations", centre.organisation)
    reactions.end_operators_term(registration.act(), event)
    registration.follow_access()
    assert person.call("GET", "/api/v1/organisations").status_code == 401
    assert centre.call("GET", "/api/v1/organisations").status_code == 200
    account = registration.context.database["accounts"].find_one({"_id": person.account}) or {}
    assert account["state"]["status"] == "suspended"
    (post,) = account["state"]["posts"]
    contact = registration.context.database["contacts"].find_one({"state.post": post}) or {}
    assert (contact["state"]["status"], contact["state"]["sealed"]) == ("removed", {})
    reactions.end_operators_term(registration.act(), event)


def shown(centre: Caller, path: str) -> str:
    headers = {"Authorization": f"Bearer {centre.token}", "Accept": "text/html"}
    return centre.client.get(path, headers=headers).text.replace("\xa0", " ")


@pytest.mark.parametrize(("days", "noticed"), [(60, True), (61, False)])
def test_the_register_says_sixty_days_before_that_a_term_ends(
    centre: Caller, today: date, days: int, noticed: bool
) -> None:
    operator = operator_of(centre, today - timedelta(days=30), today + timedelta(days=days))
    for path in ("/organisations", f"/organisations/{operator}"):
        assert ("위탁 기간이" in shown(centre, path)) is noticed
    assert "까지" in shown(centre, f"/organisations/{operator}")


def test_a_term_that_is_followed_by_another_does_not_end(centre: Caller, today: date) -> None:
    operator = operator_of(centre, today - timedelta(days=30), today + timedelta(days=10))
    tie = {"relation": "operator", "other": operator}
    term = {
        "since": (today + timedelta(days=11)).isoformat(),
        "until": (today + timedelta(days=400)).isoformat(),
    }
    path = f"/api/v1/organisations/{centre.organisation}/relations"
    centre.done("POST", path, {**tie, **term})
    assert "위탁 기간이" not in shown(centre, "/organisations")
