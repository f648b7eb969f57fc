"""From an invitation to a held post, and from one holder to the next, over HTTP."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson

from chassis.events import sealing
from chassis.secrets import load
from services.registration.invitations import operations as invitations
from services.registration.invitations.model import LASTS
from tests.service.registration.conftest import PASSWORD, Caller, Registration
from tests.service.registration.test_organisations import registered


def entered(caller: Caller, code: str, login: str, **more: Any) -> Any:
    body = {"code": code, "login": login, "password": PASSWORD, "telephone": "031-900-2222"}
    return caller.done("POST", "/api/v1/invitations/accept", {**body, **more})


def invited(centre: Caller, school: str, **more: Any) -> Any:
    body = {"organisation": school, "role": "school", "duty": "career_teacher", **more}
    return centre.done("POST", "/api/v1/invitations", body)


def told(registration: Registration, collection: str, id: str) -> dict[str, Any]:
    """The last event of an aggregate's outbox, opened as notifications would."""
    keys = load(registration.context.settings.secrets, "notifications")
    document = registration.context.database[collection].find_one({"_id": id})
    assert document is not None
    return sealing.unseal(keys, orjson.loads(document["outbox"][-1]["data"]))


def test_a_school_enters_with_its_code_and_is_let_in_by_the_centre(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    invitation = invited(centre, school)
    code = invitation["extra"]["code"]
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", code)
    entered(registration.anyone(), code.lower().replace("-", " "), "sunny")
    waiting = registration.app.test_client().post(
        "/session", json={"login": "sunny", "password": PASSWORD}
    )
    assert waiting.status_code == 401
    listed = centre.done("GET", "/api/v1/invitations?status=entered")
    assert [row["id"] for row in listed["items"]] == [invitation["id"]]
    centre.done("POST", f"/api/v1/invitations/{invitation['id']}/approve")
    teacher = registration.sign_in("sunny")
    assert teacher.organisation == school
    assert teacher.centres == [centre.organisation]
    posts = teacher.done("GET", f"/api/v1/organisations/{school}/posts")["items"]
    assert (posts[0]["holder"], posts[0]["duty"]) == (teacher.account, "career_teacher")


def test_a_code_is_answered_again_to_the_same_command_but_stored_nowhere(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    body = {"organisation": school, "role": "school", "duty": "career_teacher"}
    first = centre.done("POST", "/api/v1/invitations", body, key="the-letter-1")
    again = centre.done("POST", "/api/v1/invitations", body, key="the-letter-1")
    assert first == again
    code = first["extra"]["code"]
    database = registration.context.database
    stored = repr([list(database[name].find()) for name in database.list_collection_names()])
    assert code not in stored
    assert code.replace("-", "") not in stored


def test_a_centre_fills_posts_only_of_organisations_that_it_looks_after(
    registration: Registration,
) -> None:
    """Who holds a post speaks for its organisation: nobody may let a stranger in as a school."""
    school = registered(registration.user("centre"))
    other = registration.user("other")
    body = {"organisation": school, "role": "school", "duty": "career_teacher"}
    refused = other.refused(422, "POST", "/api/v1/invitations", body)
    assert refused["errors"][0]["code"] == "organisation_unrelated"
    reach = {"telephone": "031-900-2222", "roles": ["school"]}
    other.refused(404, "POST", f"/api/v1/organisations/{school}/contacts", reach)


def test_a_code_works_once(registration: Registration) -> None:
    centre = registration.user("centre")
    code = invited(centre, registered(centre))["extra"]["code"]
    entered(registration.anyone(), code, "sunny")
    body = {"code": code, "login": "other", "password": PASSWORD, "telephone": "031-900-2222"}
    problem = registration.anyone().refused(409, "POST", "/api/v1/invitations/accept", body)
    assert problem["code"] == "invitation_used"


def test_entering_twice_with_one_key_has_one_effect(registration: Registration) -> None:
    centre = registration.user("centre")
    code = invited(centre, registered(centre))["extra"]["code"]
    body = {"code": code, "login": "sunny", "password": PASSWORD, "telephone": "031-900-2222"}
    caller = registration.anyone()
    first = caller.done("POST", "/api/v1/invitations/accept", body, key="enter-once")
    again = caller.done("POST", "/api/v1/invitations/accept", body, key="enter-once")
    assert first == again
    accounts = registration.context.database["accounts"]
    assert accounts.count_documents({"state.login": "sunny"}) == 1


def test_an_expired_code_is_refused_before_and_after_its_timer(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    invitation = invited(centre, registered(centre))
    act = registration.act()
    later = replace(act, now=act.now + LASTS + timedelta(minutes=1))
    invitations.expire(later, invitation["id"])
    body = {
        "code": invitation["extra"]["code"],
        "login": "sunny",
        "password": PASSWORD,
        "telephone": "031-900-2222",
    }
    problem = registration.anyone().refused(409, "POST", "/api/v1/invitations/accept", body)
    assert problem["code"] == "invitation_expired"


def test_an_unknown_code_is_not_found_and_guessing_is_slowed(registration: Registration) -> None:
    caller = registration.anyone()
    body = {
        "code": "ABCD-EFGH-JKMN",
        "login": "sunny",
        "password": PASSWORD,
        "telephone": "031-900-2222",
    }
    for _ in range(10):
        problem = caller.refused(404, "POST", "/api/v1/invitations/accept", body)
        assert problem["code"] == "invitation_unknown"
    assert caller.refused(429, "POST", "/api/v1/invitations/accept", body)


def test_a_link_by_email_opens_the_account_at_once(registration: Registration) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    invitation = invited(centre, school, email="office@example.kr")
    assert "code" not in invitation["extra"]
    event = told(registration, "invitations", invitation["id"])
    assert event["email"] == "office@example.kr"
    assert event["name"] == "햇살중학교"
    token = event["link_path"].partition("token=")[2]
    registration.anyone().done(
        "POST",
        "/api/v1/invitations/accept",
        {"token": token, "login": "sunny", "password": PASSWORD, "email": "kim@example.kr"},
    )
    assert registration.sign_in("sunny").organisation == school


def test_a_taken_login_a_short_password_and_no_way_to_be_reached_are_named(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    code = invited(centre, registered(centre))["extra"]["code"]
    path, caller = "/api/v1/invitations/accept", registration.anyone()
    body: dict[str, Any] = {"code": code, "login": "centre", "password": PASSWORD}
    unreached = caller.refused(422, "POST", path, body)
    assert unreached["errors"][0]["code"] == "telephone_or_email"
    body["telephone"] = "031-900-2222"
    assert caller.refused(422, "POST", path, body)["errors"][0]["code"] == "login_taken"
    short = {**body, "login": "sunny", "password": "short"}
    assert caller.refused(422, "POST", path, short)["errors"][0]["code"] == "password_length"
    entered(caller, code, "sunny")


def test_a_post_is_handed_over_and_the_old_holder_is_out(registration: Registration) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    first = invited(centre, school)
    entered(registration.anyone(), first["extra"]["code"], "sunny", person="김가온")
    centre.done("POST", f"/api/v1/invitations/{first['id']}/approve")
    teacher = registration.sign_in("sunny")
    post = first["extra"]["post"]
    handed = teacher.done("POST", f"/api/v1/posts/{post}/hand-over", {})
    entered(registration.anyone(), handed["extra"]["code"], "moony", person="이하늘")
    teacher.done("GET", "/api/v1/campaigns")
    centre.done("POST", f"/api/v1/invitations/{handed['id']}/approve")
    registration.follow_access()
    assert registration.sign_in("moony").organisation == school
    teacher.refused(401, "GET", "/api/v1/campaigns")
    assert teacher.post("/session/renew").status_code == 401
    contact = registration.context.database["contacts"].find_one({"state.post": post})
    assert contact is not None
    assert told(registration, "contacts", contact["_id"])["person"] == "이하늘"


def test_whom_the_centre_does_not_know_is_kept_out(registration: Registration) -> None:
    centre = registration.user("centre")
    invitation = invited(centre, registered(centre))
    entered(registration.anyone(), invitation["extra"]["code"], "stranger")
    centre.done("POST", f"/api/v1/invitations/{invitation['id']}/refuse")
    answer = registration.app.test_client().post(
        "/session", json={"login": "stranger", "password": PASSWORD}
    )
    assert answer.status_code == 401
    problem = centre.refused(409, "POST", f"/api/v1/invitations/{invitation['id']}/approve")
    assert problem["code"] == "invitation_not_entered"


def test_a_centre_invites_nobody_into_another_centre_and_sees_none_of_its_invitations(
    registration: Registration,
) -> None:
    first, second = registration.user("first"), registration.user("second")
    body = {"organisation": first.organisation, "role": "centre"}
    problem = second.refused(403, "POST", "/api/v1/invitations", body)
    assert problem["code"] == "only_own_staff"
    invitation = invited(first, registered(first))
    second.refused(404, "POST", f"/api/v1/invitations/{invitation['id']}/withdraw")
    assert second.done("GET", "/api/v1/invitations")["items"] == []
    first.done("POST", f"/api/v1/invitations/{invitation['id']}/withdraw")


def test_what_is_named_in_an_invitation_must_be_there(registration: Registration) -> None:
    centre = registration.user("centre")
    school = registered(centre)
    absent = "0192f0c1-0000-7000-8000-00000000dead"
    body = {"organisation": absent, "role": "school"}
    problem = centre.refused(422, "POST", "/api/v1/invitations", body)
    assert problem["errors"][0]["code"] == "organisation_unknown"
    body = {"organisation": school, "role": "school", "post": absent}
    problem = centre.refused(422, "POST", "/api/v1/invitations", body)
    assert problem["errors"][0]["code"] == "post_unknown"
    neither = {"login": "sunny", "password": PASSWORD}
    problem = registration.anyone().refused(422, "POST", "/api/v1/invitations/accept", neither)
    assert problem["errors"][0]["code"] == "code_or_token"
