"""The states of a delivery, and an e-mail as bytes."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.contracts import faults
from chassis.errors import Invalid, Refused
from chassis.facts import Event, derived_id
from services.notifications.deliveries.model import (
    BACK_OFF,
    Channel,
    Delivery,
    Outcome,
    again,
    begin,
    called,
    delivery_id,
    mail_id,
    tried,
)
from services.notifications.deliveries.post import Letter, compose

NOW = datetime(2024, 9, 13, 1, tzinfo=UTC)
OUTCOMES: list[Outcome] = ["accepted", "deferred", "refused", "unknown_address", "unavailable"]


def delivery(channel: Channel = "email") -> tuple[Delivery, list[Event]]:
    return begin(
        message=derived_id("message"),
        intent="placement_offered",
        recipient=derived_id("contact"),
        organisation=derived_id("school"),
        channel=channel,
        language="ko",
        centre=derived_id("centre"),
        campaign=None,
        correlation="correlation-1",
        due_at=NOW,
    )


@given(st.lists(st.sampled_from(OUTCOMES), max_size=40))
def test_a_delivery_ends_at_most_once_and_every_event_fits_its_contract(
    outcomes: list[Outcome],
) -> None:
    state, events = delivery()
    ended = 0
    for outcome in outcomes:
        if state.status != "queued":
            break
        state, more = tried(state, outcome, "smtp_451", NOW)
        events += more
        ended += len(more)
    assert ended == (0 if state.status == "queued" else 1)
    for event in events:
        assert faults(event.type, event.data) == []


def test_an_outage_uses_up_no_patience() -> None:
    state, _ = delivery()
    for _ in range(100):
        state, events = tried(state, "unavailable", None, NOW)
        assert events == []
    assert state.tries == 0
    assert state.due_at == NOW


def test_refusals_that_may_pass_are_tried_later_and_later_and_then_given_up() -> None:
    state, _ = delivery()
    pauses = []
    for _ in BACK_OFF:
        state, events = tried(state, "deferred", "smtp_451", NOW)
        assert events == []
        pauses.append(state.due_at - NOW)
    assert pauses == sorted(pauses)
    state, events = tried(state, "deferred", "smtp_451", NOW)
    assert (state.status, state.code) == ("failed", "gave_up")
    assert [event.type for event in events] == ["delivery.failed"]


def test_a_message_to_a_contact_by_a_channel_has_one_id_and_one_message_id() -> None:
    one = delivery_id("m", "r", "email")
    assert one == delivery_id("m", "r", "email")
    assert one != delivery_id("m", "r", "telephone")
    assert mail_id(one, "example.org") == f"<{one}@example.org>"


def test_only_what_ended_badly_is_sent_again() -> None:
    state, _ = delivery()
    sent, _ = tried(state, "accepted", None, NOW)
    with pytest.raises(Refused, match="nothing_to_send_again"):
        again(sent, NOW)
    bounced, _ = tried(state, "unknown_address", "smtp_550", NOW)
    assert again(bounced, NOW).status == "queued"


def test_a_call_that_nobody_answers_leaves_the_task_open_for_later() -> None:
    task, opened = delivery("telephone")
    assert [event.type for event in opened] == ["delivery.task_opened"]
    later, events = called(task, "no_answer", False, NOW)
    assert (later.status, events) == ("open", [])
    assert later.due_at > NOW
    done, events = called(later, "reached", True, NOW)
    assert done.status == "done"
    assert [event.type for event in events] == ["delivery.task_done"]
    with pytest.raises(Refused, match="task_closed"):
        called(done, "reached", True, NOW)


def test_a_call_that_reached_somebody_says_whom() -> None:
    task, _ = delivery("telephone")
    with pytest.raises(Invalid) as error:
        called(task, "reached", False, NOW)
    assert error.value.errors[0].pointer == "/spoken_with"


def test_what_is_no_task_cannot_be_closed_as_one() -> None:
    state, _ = delivery()
    with pytest.raises(Refused, match="not_a_task"):
        called(state, "reached", True, NOW)


def letter(subject: str, text: str) -> Letter:
    return Letter(
        message_id=mail_id(derived_id("delivery"), "example.org"),
        sender="ieum@example.org",
        sender_name="한들시 진로직업체험지원센터",
        to="teacher@school.example",
        subject=subject,
        text=text,
        html=f"<p>{text}</p>",
        language="ko",
        list_id="<placement-offered.example.org>",
        at=NOW,
    )


def parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


readable = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=300
)


@given(readable, readable)
def test_an_email_reads_back_as_it_was_written(subject: str, text: str) -> None:
    subject = " ".join(subject.split())
    content = compose(letter(subject, text))
    found = parsed(content)
    assert found["Subject"] == subject
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().rstrip("\n") == text.rstrip("\n")
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))


def test_an_email_carries_the_headers_that_mailboxes_look_for() -> None:
    found = parsed(compose(letter("[센터] 배정안을 확정해 주세요", "본문")))
    assert found["From"].addresses[0].display_name == "한들시 진로직업체험지원센터"
    assert found["From"].addresses[0].addr_spec == "ieum@example.org"
    assert found["Message-ID"] == mail_id(derived_id("delivery"), "example.org")
    assert found["List-ID"] == "<placement-offered.example.org>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Content-Language"] == "ko"
    assert found.get_content_type() == "multipart/alternative"


def test_a_line_break_in_a_name_cannot_add_a_header() -> None:
    found = parsed(compose(letter("제목\r\nBcc: other@example.org", "본문")))
    assert found["Bcc"] is None
