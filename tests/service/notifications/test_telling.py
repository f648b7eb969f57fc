"""Who is told what, once, and in one message where one is enough."""

from datetime import timedelta

import pytest
from pymongo.errors import DuplicateKeyError

from services.notifications.app import service
from services.notifications.messages import reminders
from tests.service.notifications.world import (
    CAMPAIGN,
    CENTRE,
    HOST,
    NUMBER,
    OFFER,
    OTHER_TEACHER,
    PHONE_HOST,
    SCHOOL,
    STAFF,
    TEACHER,
    TEAM,
    World,
    an_id,
)
from tests.support.post_office import text_of


def test_a_submitted_survey_is_answered_with_a_receipt_that_names_its_numbers(
    world: World,
) -> None:
    world.surveyed("survey.submitted")
    world.send()
    mail = world.office.mails(TEACHER)[0]
    assert "받았습니다" in mail["Subject"]
    assert "너른뜰중학교" in text_of(mail)
    assert "24명" in text_of(mail)
    assert "9월 13일(금) 오후 6시까지는" in text_of(mail)
    assert "한들시 진로직업체험지원센터" in mail["Subject"]


def test_the_same_event_twice_gives_one_message(world: World) -> None:
    event = world.surveyed("survey.submitted")
    world.send()
    world.arrive(event)
    world.send()
    assert len(world.office.mails(TEACHER)) == 1


def test_an_opened_campaign_is_told_to_every_school_of_the_centre_once(world: World) -> None:
    world.happens("campaign.opened", CAMPAIGN, centre=CENTRE, deadline="2030-09-13T09:00:00.000Z")
    world.send()
    assert len(world.office.mails(TEACHER)) == 1
    assert len(world.office.mails(OTHER_TEACHER)) == 1
    assert world.office.mails(TEAM) == []


def test_only_schools_without_a_standing_survey_are_reminded(world: World) -> None:
    now = world.act().now
    deadline = (now + timedelta(days=4)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    world.happens("campaign.opened", CAMPAIGN, centre=CENTRE, deadline=deadline)
    world.surveyed("survey.submitted")
    world.send()
    world.office.received.clear()
    due = world.context.database["reminders"].find_one({"_id": CAMPAIGN})
    assert due is not None
    assert [one["name"] for one in due["due"]] == ["remind", "remind"]
    reminders.remind(world.later(days=1.5), CAMPAIGN)
    reminders.remind(world.later(days=1.5), CAMPAIGN)
    world.passes(days=1.6)
    world.send()
    assert [to for to, _ in world.office.received] == [OTHER_TEACHER]
    assert "마감" in world.office.subjects(OTHER_TEACHER)[0]


def test_a_closed_campaign_reminds_nobody(world: World) -> None:
    world.happens("campaign.opened", CAMPAIGN, centre=CENTRE, deadline="2030-09-13T09:00:00.000Z")
    world.happens("campaign.closing", CAMPAIGN, centre=CENTRE, status="closing")
    row = world.context.database["reminders"].find_one({"_id": CAMPAIGN})
    assert row is not None
    assert row["due"] == []


def test_all_that_one_release_tells_a_school_comes_in_one_message(world: World) -> None:
    world.surveyed("survey.submitted")
    world.send()
    world.office.received.clear()
    world.placed("placement.offered", "p1")
    world.placed("placement.waitlisted", "p2")
    world.placed("placement.not_selected", "p3")
    world.send()
    assert len(world.office.mails(TEACHER)) == 1
    mail = world.office.mails(TEACHER)[0]
    assert "3건" in mail["Subject"]
    for word in ("배정안", "대기", "미선정", "도시브랜드팀"):
        assert word in text_of(mail)


def test_the_notices_of_a_release_wait_for_their_fellows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.surveyed("survey.submitted")
    world.send()
    monkeypatch.setenv("IEUM_DIGEST_SECONDS", "120")
    world.office.received.clear()
    world.placed("placement.offered", "p1")
    assert world.send() == 0
    world.placed("placement.waitlisted", "p2")
    world.passes(seconds=60)
    assert world.send() == 0
    world.passes(seconds=130)
    world.send()
    assert len(world.office.mails(TEACHER)) == 1


def test_a_host_is_asked_with_day_people_level_and_place(world: World) -> None:
    world.surveyed("survey.submitted")
    world.booked("booking.asked", start="2024-11-05T01:00:00.000Z", end="2024-11-05T02:00:00.000Z")
    world.send()
    mail = world.office.mails(TEAM)[0]
    assert "11월 5일(화) 오전 10시, 중학생 24명 방문을 받으시겠어요?" in mail["Subject"]
    assert "시청 본관 4층 디자인실" in text_of(mail)


def test_a_contact_without_an_address_gets_a_telephone_task_with_a_script(world: World) -> None:
    world.surveyed("survey.submitted")
    world.booked("booking.asked", host=PHONE_HOST)
    world.send()
    tasks = world.deliveries(channel="telephone")
    assert len(tasks) == 1
    assert tasks[0]["state"]["status"] == "open"
    assert world.told(tasks[0]["_id"]) == ["delivery.task_opened"]


def test_what_does_not_deserve_a_call_waits_in_the_inbox(world: World) -> None:
    world.surveyed("survey.submitted")
    world.send()
    world.booked("booking.accepted", host=PHONE_HOST, by="telephone", status="accepted")
    world.send()
    recorded = world.deliveries(intent="booking_recorded")
    assert [one["state"]["channel"] for one in recorded] == ["inbox"]


def test_one_correction_is_one_message_to_each_who_had_the_wrong_notice(world: World) -> None:
    world.surveyed("survey.submitted")
    world.send()
    world.office.received.clear()
    correction = an_id("correction")
    world.placed("placement.corrected", "p1", correction=correction, what_code="meeting_point")
    world.placed("placement.corrected", "p2", correction=correction, what_code="meeting_point")
    world.send()
    world.placed("placement.corrected", "p3", correction=correction, what_code="meeting_point")
    world.send()
    for address in (TEACHER, TEAM):
        assert len(world.office.mails(address)) == 1
        assert "정정" in world.office.subjects(address)[0]
    assert len(world.office.received) == 2


def test_before_the_second_release_no_school_is_told(world: World) -> None:
    world.surveyed("survey.submitted")
    world.send()
    world.office.received.clear()
    world.placed("placement.moved", released=False)
    world.placed("placement.cancelled", "p2", released=False, by="centre")
    world.send()
    assert world.office.mails(TEACHER) == []


def test_a_notice_waits_for_a_name_that_is_still_on_its_way(world: World) -> None:
    world.context.database["offer_labels"].delete_many({})
    world.surveyed("survey.submitted")
    world.send()
    world.booked("booking.asked")
    world.send()
    assert world.office.mails(TEAM) == []
    world.happens(
        "offer_label.changed",
        OFFER,
        kind="offer",
        title="도시의 얼굴을 디자인하기",
        team_name="도시브랜드팀",
        place="별관 2층",
        meeting_point="별관 현관",
        telephone=None,
    )
    world.passes(seconds=40)
    world.send()
    assert "별관 2층" in text_of(world.office.mails(TEAM)[0])


def test_a_notice_out_of_patience_goes_out_in_general_words(world: World) -> None:
    world.context.database["offer_labels"].delete_many({})
    world.surveyed("survey.submitted")
    world.booked("booking.asked")
    world.send()
    assert world.office.mails(TEAM) == []
    world.passes(minutes=11)
    world.send()
    assert "장소는 센터에서 따로 안내" in text_of(world.office.mails(TEAM)[0])


def test_a_message_for_an_organisation_without_contacts_is_shown_as_failed(world: World) -> None:
    world.happens("contact.removed", an_id("c3"))
    world.surveyed("survey.submitted")
    world.booked("booking.asked")
    world.send()
    world.passes(minutes=11)
    world.send()
    failed = world.deliveries(status="failed")
    assert [(one["state"]["organisation"], one["state"]["code"]) for one in failed] == [
        (HOST, "no_contact")
    ]
    assert world.told(failed[0]["_id"]) == ["delivery.failed"]


def test_the_centre_hears_of_a_decline_and_of_a_condition(world: World) -> None:
    world.surveyed("survey.submitted")
    world.booked("booking.declined", "b1", reason_code="staff_absent", status="declined")
    world.booked("booking.conditioned", "b2", status="conditioned")
    world.send()
    mail = world.office.mails(STAFF)[0]
    assert "반려" in text_of(mail)
    assert "조건부 수락" in text_of(mail)


def test_an_invitation_reveals_its_secret_to_the_invited_alone(world: World) -> None:
    world.happens(
        "contact.invited",
        an_id("invitation"),
        organisation=SCHOOL,
        name="너른뜰중학교",
        email="new@school.example",
        telephone=None,
        link_path="/invitations/accept?token=SECRET",
        code=None,
    )
    world.send()
    mail = world.office.mails("new@school.example")[0]
    assert "http://localhost/invitations/accept?token=SECRET" in text_of(mail)
    for name in ("notices", "messages", "deliveries", "attempts", "recipients"):
        assert "SECRET" not in str(list(world.context.database[name].find()))
    shown = world.do(f"school:{SCHOOL}", "GET", "/inbox")
    assert shown["items"] == []


def test_an_invitation_to_a_telephone_becomes_a_task_with_the_code_in_its_script(
    world: World,
) -> None:
    world.happens(
        "contact.invited",
        an_id("invitation"),
        organisation=SCHOOL,
        name="너른뜰중학교",
        email=None,
        telephone=NUMBER,
        link_path="/invitations/accept",
        code="ABCD-EFGH-JKMN",
    )
    world.send()
    task = world.deliveries(channel="telephone")[0]["_id"]
    script = world.do(f"centre:{CENTRE}", "GET", f"/tasks/{task}")["script"]
    assert "ABCD-EFGH-JKMN" in " ".join(script["say"])


def test_personal_fields_are_encrypted_at_rest(world: World) -> None:
    world.contact("c9", SCHOOL, "너른뜰중학교", "school", email="kim@x.example", person="김하늘")
    stored = str(list(world.context.database["recipients"].find()))
    for word in ("김하늘", "kim@x.example", TEACHER, NUMBER):
        assert word not in stored


def test_a_rebuild_of_the_read_models_tells_nobody_anything(world: World) -> None:
    event = world.event(
        "campaign.opened", CAMPAIGN, centre=CENTRE, deadline="2030-09-13T09:00:00.000Z"
    )
    for name, operation in service.projections.writes(event):
        world.context.database[name].bulk_write([operation])
    world.send()
    assert world.office.received == []
    assert world.context.database["notices"].count_documents({}) == 0


def test_a_message_to_a_contact_by_a_channel_cannot_exist_twice(world: World) -> None:
    world.surveyed("survey.submitted")
    world.send()
    row = world.deliveries(channel="email")[0]
    with pytest.raises(DuplicateKeyError):
        world.context.database["deliveries"].insert_one({**row, "_id": "another"})


def test_wishes_of_the_school_decide_language_and_channel(world: World) -> None:
    school = f"school:{SCHOOL}"
    world.do(school, "PUT", "/preferences", {"language": "en"})
    world.surveyed("survey.submitted")
    world.send()
    assert "We have your answer" in world.office.subjects(TEACHER)[0]
    world.do(school, "PUT", "/preferences", {"channel": "inbox"})
    world.surveyed("survey.withdrawn")
    world.send()
    assert len(world.office.mails(TEACHER)) == 1
    assert world.do(school, "GET", "/inbox")["items"][0]["intent"] == "survey_withdrawn"


def test_in_quiet_hours_a_message_waits_for_their_end(world: World) -> None:
    clock = world.act().now.astimezone().strftime("%H")
    start = f"{(int(clock) + 23 + 9) % 24:02}:00"
    end = f"{(int(clock) + 2 + 9) % 24:02}:00"
    if world.act().now.astimezone().utcoffset() != timedelta(0):
        start, end = "00:00", "23:59"
    world.do(f"school:{SCHOOL}", "PUT", "/preferences", {"quiet": {"start": start, "end": end}})
    world.surveyed("survey.submitted")
    assert world.send() == 0
    waiting = world.deliveries(status="queued")
    assert len(waiting) == 1
    assert waiting[0]["state"]["due_at"] > world.act().now
