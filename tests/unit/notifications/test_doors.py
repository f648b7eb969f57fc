"""The door in a letter to a host: made for its contact, and for nobody who cannot use it."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis import links
from chassis.facts import derived_id, moment
from chassis.links import Asks, Purpose
from services.notifications.deliveries.doors import written
from services.notifications.messages.rendering import note, render
from services.notifications.recipients.operations import Addresses
from tests.support.notices import message_of, notice, planned_by_intent

KEY = b"k" * 32
CONTACT = derived_id("contact")
SINCE = datetime(2024, 9, 16, tzinfo=UTC)
BOTH = Addresses(email="team@city.example", telephone="+82310001004")


def test_a_letter_to_a_host_leads_to_the_question_without_signing_in() -> None:
    message = message_of("booking_asked", notice(planned_by_intent()["booking_asked"]))
    door = written(KEY, message, CONTACT, BOTH, SINCE)
    link = links.read(KEY, door["door"], Purpose.ANSWER)
    assert link is not None
    assert (link.holder, link.subject, link.centre) == (
        CONTACT,
        message.organisation,
        message.centre,
    )
    assert (link.asks, links.knows(KEY, link, "1004")) == (Asks.TELEPHONE, True)
    assert link.until == moment(message.items[0].facts["end"]) + timedelta(days=7)
    booking = message.items[0].facts["booking"]
    letter = render(message, "ko", "https://ieum.example", secret=door)
    assert f"https://ieum.example/placement/a/{door['door']}/{booking}" in letter.text
    assert note(message, "ko").path == f"/placement/asked/{booking}"


def test_a_contact_without_a_telephone_is_asked_for_its_address() -> None:
    message = message_of("booking_asked", notice(planned_by_intent()["booking_asked"]))
    by_mail = Addresses(email="team@city.example")
    door = written(KEY, message, CONTACT, by_mail, SINCE)
    link = links.read(KEY, door["door"], Purpose.ANSWER)
    assert link is not None
    assert link.asks is Asks.EMAIL
    assert links.knows(KEY, link, "TEAM@city.example")


@pytest.mark.parametrize("intent", ["placement_offered", "booking_declined", "campaign_opened"])
def test_schools_and_centres_get_no_door(intent: str) -> None:
    message = message_of(intent, notice(planned_by_intent()[intent]))
    assert written(KEY, message, CONTACT, BOTH, SINCE) == {}


def test_without_a_key_or_a_way_to_ask_the_link_leads_through_the_sign_in_page() -> None:
    message = message_of("booking_asked", notice(planned_by_intent()["booking_asked"]))
    assert written(None, message, CONTACT, BOTH, SINCE) == {}
    assert written(KEY, message, CONTACT, Addresses(), SINCE) == {}
