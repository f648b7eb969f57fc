"""Signing in and out, renewing, and being shut out, over HTTP on the real database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.errors import Unauthenticated
from services.registration.attempts.model import BY_LOGIN
from services.registration.sessions import operations as sessions
from services.registration.sessions.model import IDLE, LONGEST
from tests.service.registration.conftest import PASSWORD, Registration


def test_a_right_password_opens_a_session_and_a_token_that_is_accepted(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    found = centre.done("GET", f"/api/v1/organisations/{centre.organisation}")
    assert found["name"] == "센터 centre"
    assert found["relations"] == []


def test_an_unknown_login_and_a_wrong_password_are_answered_alike(
    registration: Registration,
) -> None:
    registration.user("centre")
    caller = registration.anyone()
    wrong = caller.refused(401, "POST", "/session", {"login": "centre", "password": "no" * 8})
    unknown = caller.refused(401, "POST", "/session", {"login": "nobody", "password": "no" * 8})
    assert {key: wrong[key] for key in ("code", "title")} == {
        key: unknown[key] for key in ("code", "title")
    }
    assert wrong["code"] == "wrong_login"


def test_guessing_is_stopped_for_the_login_even_with_the_right_password(
    registration: Registration,
) -> None:
    registration.user("centre")
    caller = registration.anyone()
    for _ in range(BY_LOGIN):
        caller.refused(401, "POST", "/session", {"login": "centre", "password": "guess guess"})
    stopped = caller.refused(429, "POST", "/session", {"login": "centre", "password": PASSWORD})
    assert stopped["code"] == "too_many_attempts"


def test_the_session_cookie_is_seen_by_session_paths_only_and_no_script(
    registration: Registration,
) -> None:
    registration.user("centre")
    answer = registration.app.test_client().post(
        "/session", json={"login": "centre", "password": PASSWORD}
    )
    cookies = {row.split("=")[0]: row for row in answer.headers.getlist("Set-Cookie")}
    assert "Path=/session" in cookies["ieum-session"]
    assert "Path=/" in cookies["ieum"]
    assert all("HttpOnly" in row and "SameSite=Lax" in row for row in cookies.values())


def test_a_session_gives_a_fresh_token_until_it_is_ended(registration: Registration) -> None:
    centre = registration.user("centre")
    renewed = centre.post("/session/renew")
    assert renewed.status_code == 200
    assert renewed.get_json()["account"] == centre.account
    assert renewed.get_json()["last_sign_in"] is not None
    assert centre.delete("/session").status_code == 200
    assert centre.post("/session/renew").status_code == 401


def test_a_renewed_page_goes_on_within_the_site_only(registration: Registration) -> None:
    centre = registration.user("centre")
    onward = centre.client.get("/session/onward?next=/campaigns")
    assert (onward.status_code, onward.headers["Location"]) == (303, "/campaigns")
    away = centre.client.get("/session/onward?next=//elsewhere.example")
    assert away.headers["Location"] == "/"
    signed_out = registration.app.test_client().get("/session/onward?next=/campaigns")
    assert signed_out.headers["Location"] == "/sign-in?next=%2Fcampaigns"


def test_signing_out_everywhere_voids_tokens_and_sessions_but_not_the_next_sign_in(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    other = registration.sign_in("centre")
    assert other.post("/session/everywhere/sign-out").status_code == 200
    registration.follow_access()
    assert centre.post("/session/renew").status_code == 401
    assert registration.outbox("accounts", centre.account)[-1] == "account.access_changed"
    registration.sign_in("centre").done("GET", "/api/v1/campaigns")


def test_another_sites_page_cannot_sign_anybody_in_or_out(registration: Registration) -> None:
    centre = registration.user("centre")
    foreign = {"Origin": "https://elsewhere.example"}
    assert centre.client.delete("/session", headers=foreign).status_code == 403
    assert centre.post("/session/renew").status_code == 200


def test_a_session_ends_when_idle_and_at_its_longest(registration: Registration) -> None:
    registration.user("centre")
    act = registration.act()
    opened = sessions.sign_in(act, "centre", PASSWORD, "192.0.2.1")
    assert opened.secret is not None
    later = replace(act, now=act.now + IDLE - timedelta(seconds=1))
    sessions.renew(later, opened.secret)
    idle = replace(act, now=later.now + IDLE)
    with pytest.raises(Unauthenticated):
        sessions.renew(idle, opened.secret)
    with pytest.raises(Unauthenticated):
        sessions.renew(replace(act, now=act.now + LONGEST), opened.secret)


def test_a_new_password_ends_every_session(registration: Registration) -> None:
    centre = registration.user("centre")
    wrong = centre.post("/session/password", {"old": "not it", "new": "x" * 12})
    assert wrong.status_code == 422
    assert wrong.get_json()["errors"][0]["code"] == "password_wrong"
    changed = centre.post("/session/password", {"old": PASSWORD, "new": "another long phrase"})
    assert changed.status_code == 200
    assert centre.post("/session/renew").status_code == 401
    registration.sign_in("centre", "another long phrase")


def test_a_suspended_account_is_shut_out_and_can_be_restored(registration: Registration) -> None:
    centre = registration.user("centre")
    colleague = registration.user("colleague", organisation=centre.organisation)
    centre.done("POST", f"/api/v1/accounts/{colleague.account}/suspend")
    registration.follow_access()
    colleague.refused(401, "GET", "/api/v1/campaigns")
    assert colleague.post("/session/renew").status_code == 401
    centre.done("POST", f"/api/v1/accounts/{colleague.account}/restore")
    registration.follow_access()
    registration.sign_in("colleague").done("GET", "/api/v1/campaigns")


def test_nothing_of_a_secret_or_a_person_stands_open_in_the_database(
    registration: Registration,
) -> None:
    registration.user("centre")
    stored = b"".join(
        repr(document).encode()
        for name in registration.context.database.list_collection_names()
        for document in registration.context.database[name].find()
    )
    assert PASSWORD.encode() not in stored
    assert b"centre@example.kr" not in stored
