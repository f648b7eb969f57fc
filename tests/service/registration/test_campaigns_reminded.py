"""The centre reminds the schools that have not answered, once an hour at most."""

from services.registration.campaigns import operations as campaigns
from tests.service.registration.conftest import Registration
from tests.service.registration.test_campaigns import announced, later


def test_a_reminder_goes_out_while_the_survey_is_open_and_not_twice_in_an_hour(
    registration: Registration,
) -> None:
    centre, other = registration.user("centre"), registration.user("other")
    id = announced(centre)
    path = f"/api/v1/campaigns/{id}/remind"
    assert centre.refused(409, "POST", path)["code"] == "campaign_not_open"
    campaigns.open_(later(registration, hours=2), id)
    other.refused(404, "POST", path)
    centre.done("POST", path)
    assert registration.outbox("campaigns", id)[-1] == "campaign.reminded"
    again = centre.refused(409, "POST", path)
    assert again["code"] == "reminded_lately"
    assert again["facts"]["at"]
