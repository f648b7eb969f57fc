"""The mail server that catches everything."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from flask.testing import FlaskClient

from deploy.local import ports
from deploy.local.mail import Catcher, create_app
from deploy.local.mailbox import Mailbox

SUBJECT, TEXT = "체험처 배정 안내", "안녕하세요.\n10월 14일에 뵙겠습니다.\n"


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[smtplib.SMTP]:
    port = ports.choose(["smtp"], {})["smtp"]
    controller = Controller(Catcher(mailbox), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            yield client
    finally:
        controller.stop()


@pytest.fixture
def web(mailbox: Mailbox) -> FlaskClient:
    return create_app(mailbox).test_client()


def _mail(to: str = "school@example.kr") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "ieum@ieum.example"
    message["To"] = to
    message["Subject"] = SUBJECT
    message["Message-ID"] = "<1@ieum.example>"
    message.set_content(TEXT)
    message.add_alternative(f"<p>{TEXT}</p>", subtype="html")
    return message


def test_a_korean_mail_is_read_back_as_it_was_written(smtp: smtplib.SMTP, web: FlaskClient) -> None:
    smtp.send_message(_mail())
    (mail,) = web.get("/api/messages").get_json()
    assert (mail["Subject"], mail["Text"]) == (SUBJECT, TEXT)
    assert mail["MessageID"] == "1@ieum.example"
    page = web.get("/").get_data(as_text=True)
    assert SUBJECT in page
    assert "10월 14일에 뵙겠습니다." in web.get(f"/messages/{mail['ID']}").get_data(as_text=True)


def test_the_list_can_be_narrowed_to_a_recipient(smtp: smtplib.SMTP, web: FlaskClient) -> None:
    smtp.send_message(_mail("one@example.kr"))
    smtp.send_message(_mail("two@example.kr"))
    (mail,) = web.get("/api/messages?to=two@example.kr").get_json()
    assert mail["To"] == [{"Name": "", "Address": "two@example.kr"}]


def test_mailpits_list_counts_all_and_pages(smtp: smtplib.SMTP, web: FlaskClient) -> None:
    for _ in range(3):
        smtp.send_message(_mail())
    answer = web.get("/api/v1/messages?start=1&limit=1").get_json()
    assert (answer["total"], answer["count"]) == (3, 1)
    whole = web.get(f"/api/v1/message/{answer['messages'][0]['ID']}").get_json()
    assert whole["Text"] == TEXT


def test_mails_survive_a_restart_and_numbers_go_on(smtp: smtplib.SMTP, mailbox: Mailbox) -> None:
    smtp.send_message(_mail())
    again = Mailbox(mailbox._directory)
    assert [mail.id for mail in again.all()] == ["00000001"]
    assert again.add("a@b.kr", ["c@d.kr"], b"Subject: x\r\n\r\ny").id == "00000002"


def test_a_bouncing_domain_is_refused_for_good(smtp: smtplib.SMTP, mailbox: Mailbox) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        smtp.send_message(_mail("nobody@bounce.example"))
    assert refused.value.recipients["nobody@bounce.example"][0] == 550
    assert mailbox.all() == []


def test_a_greylisting_domain_takes_the_second_attempt(
    smtp: smtplib.SMTP, mailbox: Mailbox
) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        smtp.send_message(_mail("slow@greylist.example"))
    assert refused.value.recipients["slow@greylist.example"][0] == 451
    smtp.send_message(_mail("slow@greylist.example"))
    assert len(mailbox.all()) == 1


def test_a_mails_html_may_not_run_anything(smtp: smtplib.SMTP, web: FlaskClient) -> None:
    smtp.send_message(_mail())
    answer = web.get("/messages/00000001/html")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
