"""The HTTP door: inbox, deliveries, telephone tasks, sending again, the ledger, preferences."""

import pytest

from tests.service.notifications.world import (
    CENTRE_STAFF,
    HOST,
    NUMBER,
    OTHER_CENTRE,
    OTHER_SCHOOL,
    PHONE_HOST,
    SCHOOL,
    TEACHER,
    TEACHER_OF_SCHOOL,
    TEAM,
    World,
    an_id,
)


@pytest.fixture
def asked(world: World) -> str:
    """A host with a telephone only was asked; the id of the task."""
    world.surveyed("survey.submitted")
    world.booked("booking.asked", host=PHONE_HOST)
    world.send()
    return str(world.deliveries(channel="telephone")[0]["_id"])


def test_a_school_reads_in_its_inbox_what_it_was_told_newest_first(world: World) -> None:
    world.surveyed("survey.submitted")
    world.send()
    world.placed("placement.offered")
    world.send()
    first = world.do(TEACHER_OF_SCHOOL, "GET", "/inbox?limit=1")
    assert [one["intent"] for one in first["items"]] == ["placement_offered"]
    assert first["items"][0]["items"][0]["placement"] == an_id("placement")
    rest = world.do(
        TEACHER_OF_SCHOOL, "GET", f"/inbox?limit=1&cursor={first['next']}".replace("+", "%2B")
    )
    assert [one["intent"] for one in rest["items"]] == ["survey_received"]
    assert rest["next"] is None


def test_nobody_reads_another_organisations_inbox(world: World) -> None:
    world.surveyed("survey.submitted")
    world.send()
    for who in (f"school:{OTHER_SCHOOL}", f"host:{HOST}", CENTRE_STAFF):
        assert world.do(who, "GET", "/inbox")["items"] == []


def test_the_inbox_speaks_the_readers_language(world: World) -> None:
    world.surveyed("survey.submitted")
    world.send()
    found = world.client.get(
        "/notifications/api/v1/inbox",
        headers={"Authorization": f"Bearer {TEACHER_OF_SCHOOL}", "Accept-Language": "en"},
    ).get_json()
    assert "We have your answer" in found["items"][0]["subject"]


def test_the_centre_sees_what_went_wrong_first_and_no_address_in_clear(world: World) -> None:
    world.surveyed("survey.submitted")
    world.send()
    world.office.refusals[TEAM] = "550 no such user"
    world.booked("booking.asked")
    world.send()
    found = world.do(CENTRE_STAFF, "GET", "/deliveries")
    assert [one["status"] for one in found["items"]] == ["bounced", "sent"]
    assert found["items"][0]["address"] == "t***@city.example"
    assert TEACHER not in str(found)
    assert TEAM not in str(found)
    page = world.do(CENTRE_STAFF, "GET", "/deliveries?limit=1")
    rest = world.do(CENTRE_STAFF, "GET", f"/deliveries?limit=1&cursor={page['next']}")
    assert [one["status"] for one in rest["items"]] == ["sent"]
    only = world.do(CENTRE_STAFF, "GET", "/deliveries?status=sent")
    assert [one["status"] for one in only["items"]] == ["sent"]


def test_a_foreign_centre_finds_nothing(world: World, asked: str) -> None:
    foreign = f"centre:{OTHER_CENTRE}"
    message = world.deliveries(channel="telephone")[0]["state"]["message"]
    assert world.do(foreign, "GET", "/deliveries")["items"] == []
    assert world.do(foreign, "GET", "/tasks")["items"] == []
    assert world.ask(foreign, "GET", f"/tasks/{asked}").status_code == 404
    assert world.ask(foreign, "GET", f"/messages/{message}/ledger").status_code == 404
    assert world.ask(foreign, "POST", f"/messages/{message}/again").status_code == 404
    done = {"outcome": "reached", "spoken_with": "박 대리"}
    assert world.ask(foreign, "POST", f"/tasks/{asked}/done", done).status_code == 404


@pytest.mark.parametrize("who", [TEACHER_OF_SCHOOL, f"host:{HOST}"])
def test_schools_and_hosts_do_not_see_deliveries_or_tasks(world: World, who: str) -> None:
    for path in ("/deliveries", "/tasks"):
        assert world.ask(who, "GET", path).status_code == 403


def test_without_a_token_there_is_nothing(world: World) -> None:
    for path in ("/inbox", "/deliveries", "/tasks", "/preferences"):
        assert world.ask("", "GET", path).status_code == 401


def test_a_task_shows_number_and_script_and_the_reading_is_on_record(
    world: World, asked: str
) -> None:
    listed = world.do(CENTRE_STAFF, "GET", "/tasks")["items"]
    assert [one["id"] for one in listed] == [asked]
    assert listed[0]["address"] == "010-****-5678"
    found = world.do(CENTRE_STAFF, "GET", f"/tasks/{asked}")
    assert found["telephone"] == "010-1234-5678"
    assert "받으시겠어요?" in found["script"]["ask"]
    assert found["script"]["readback"].endswith("맞습니까?")
    assert world.context.database["access"].count_documents({"reason": "telephone_task"}) == 1


def test_a_closed_task_is_told_once_however_often_the_button_is_pressed(
    world: World, asked: str
) -> None:
    body = {"outcome": "reached", "spoken_with": "박 대리", "note": "24명 받겠다고 함"}
    first = world.do(CENTRE_STAFF, "POST", f"/tasks/{asked}/done", body, key="the-same-key")
    again = world.do(CENTRE_STAFF, "POST", f"/tasks/{asked}/done", body, key="the-same-key")
    assert first == again
    assert world.told(asked) == ["delivery.task_opened", "delivery.task_done"]
    assert world.ask(CENTRE_STAFF, "POST", f"/tasks/{asked}/done", body).status_code == 409
    assert "박 대리" not in str(world.deliveries())
    assert world.do(CENTRE_STAFF, "GET", "/tasks")["items"] == []


def test_a_call_without_a_name_is_refused_with_what_to_do(world: World, asked: str) -> None:
    refused = world.ask(CENTRE_STAFF, "POST", f"/tasks/{asked}/done", {"outcome": "reached"})
    assert refused.status_code == 422
    error = refused.get_json()["errors"][0]
    assert error["pointer"] == "/spoken_with"
    assert error["detail"] == "누구와 통화했는지 적어 주세요."


def test_a_call_that_nobody_answers_stays_on_the_list(world: World, asked: str) -> None:
    world.do(CENTRE_STAFF, "POST", f"/tasks/{asked}/done", {"outcome": "no_answer"})
    listed = world.do(CENTRE_STAFF, "GET", "/tasks")["items"]
    assert [(one["id"], one["tries"]) for one in listed] == [(asked, 1)]
    message = listed[0]["message"]
    ledger = world.do(CENTRE_STAFF, "GET", f"/messages/{message}/ledger")["items"]
    assert [one["outcome"] for one in ledger] == ["no_answer"]


def test_what_bounced_is_sent_again_to_the_mended_address_and_nothing_else_is(
    world: World,
) -> None:
    world.office.refusals[TEAM] = "550 no such user"
    world.surveyed("survey.submitted")
    world.booked("booking.asked")
    world.send()
    message = world.deliveries(status="bounced")[0]["state"]["message"]
    world.contact("c3", HOST, "도시디자인담당관", "host", email="team2@city.example")
    receipt = world.do(CENTRE_STAFF, "POST", f"/messages/{message}/again")
    assert receipt["extra"] == {"deliveries": 1}
    world.send()
    assert len(world.office.mails("team2@city.example")) == 1
    assert len(world.office.mails(TEACHER)) == 1
    refused = world.ask(CENTRE_STAFF, "POST", f"/messages/{message}/again")
    assert refused.status_code == 409
    assert refused.get_json()["code"] == "nothing_to_send_again"
    ledger = world.do(CENTRE_STAFF, "GET", f"/messages/{message}/ledger")["items"]
    assert [one["outcome"] for one in ledger] == ["unknown_address", "accepted"]


def test_a_message_for_nobody_is_sent_again_once_there_is_somebody(world: World) -> None:
    world.happens("contact.removed", an_id("c3"))
    world.surveyed("survey.submitted")
    world.booked("booking.asked")
    world.send()
    world.passes(minutes=11)
    world.send()
    message = world.deliveries(status="failed")[0]["state"]["message"]
    assert world.ask(CENTRE_STAFF, "POST", f"/messages/{message}/again").status_code == 409
    world.contact("c8", HOST, "도시디자인담당관", "host", telephone=NUMBER)
    world.do(CENTRE_STAFF, "POST", f"/messages/{message}/again")
    assert len(world.do(CENTRE_STAFF, "GET", "/tasks")["items"]) == 1


def test_preferences_are_kept_and_given_back(world: World) -> None:
    assert world.do(TEACHER_OF_SCHOOL, "GET", "/preferences")["version"] == 0
    wish = {"channel": "email", "language": "en", "quiet": {"start": "21:00", "end": "08:00"}}
    world.do(TEACHER_OF_SCHOOL, "PUT", "/preferences", wish)
    world.do(TEACHER_OF_SCHOOL, "PUT", "/preferences", {**wish, "language": "ko"})
    found = world.do(TEACHER_OF_SCHOOL, "GET", "/preferences")
    assert (found["version"], found["language"], found["channel"]) == (2, "ko", "email")
    assert found["quiet_from"].startswith("21:00")
    assert world.do(f"school:{OTHER_SCHOOL}", "GET", "/preferences")["version"] == 0


def test_quiet_hours_of_a_whole_day_are_refused_in_words(world: World) -> None:
    body = {"quiet": {"start": "08:00", "end": "08:00"}}
    refused = world.ask(TEACHER_OF_SCHOOL, "PUT", "/preferences", body)
    assert refused.status_code == 422
    assert "조용한 시간" in refused.get_json()["errors"][0]["detail"]


def test_the_school_of_a_message_is_the_one_it_names(world: World) -> None:
    world.surveyed("survey.submitted", school=SCHOOL)
    world.send()
    assert {one["state"]["organisation"] for one in world.deliveries()} == {SCHOOL}
