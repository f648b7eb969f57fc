"""The words of a release before it is sent."""

import pytest

from services.notifications.messages.specimen import OF_STAGE, specimen


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("intent", sorted({one for found in OF_STAGE.values() for one in found}))
def test_every_message_of_a_release_can_be_read_before_it_is_sent(
    intent: str, language: str
) -> None:
    found = specimen(intent, language)
    for text in (found.subject, found.lead, *found.body):
        assert "{" not in text
        assert "[[" not in text
    assert "[" in found.subject
    assert found.lead
