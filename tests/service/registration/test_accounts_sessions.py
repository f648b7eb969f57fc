"""Signing in and out, renewing, and being shut out, over HTTP on the real database."""

from tests.service.registration.conftest import Registration


def test_a_right_password_opens_a_session_and_a_token_that_is_accepted(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    found = centre.done("GET", f"/api/v1/organisations/{centre.organisation}")
    assert found["name"] == "센터 centre"
    assert found["relations"] == []
